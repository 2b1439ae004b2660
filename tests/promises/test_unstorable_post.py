"""Promises 1 and 5 when the database refuses one post: other posts of its transaction and the log are not affected."""

import pytest

from tests.builders import ASite, a_comment, a_thread, events_of
from tests.promises.checks import check_count, verify_errors, whole_log
from tests.promises.shared_batch import database_of, post_together

REFUSED_BODY = "Rat add_refusing_trigger."

# How the database refuses a comment: by a constraint (422), or by an error of its own (500).
REFUSALS = {
    ("sqlite", 422): "SELECT RAISE(ABORT, 'rat add_refusing_trigger inside')",
    ("sqlite", 500): "SELECT json('rat add_refusing_trigger inside')",
    ("postgresql", 422): "RAISE EXCEPTION 'rat add_refusing_trigger inside' USING ERRCODE = 'check_violation'",
    ("postgresql", 500): "RAISE EXCEPTION 'rat add_refusing_trigger inside'",
}
TRIGGERS = {
    "sqlite": ["CREATE TRIGGER refuse_body BEFORE {at} ON comments WHEN NEW.body = '{body}' BEGIN {refusal}; END"],
    "postgresql": [
        "CREATE FUNCTION refuse_body() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {refusal}; END $$",
        "CREATE TRIGGER refuse_body BEFORE {at} ON comments FOR EACH ROW WHEN (NEW.body = '{body}') "
        "EXECUTE FUNCTION refuse_body()",
    ],
}


async def add_refusing_trigger(site: ASite, dialect: str, status: int, *, at: str = "INSERT") -> None:
    """Make the database refuse :data:`REFUSED_BODY`, so that the response has ``status``."""
    async with database_of(site).write() as connection:
        for statement in TRIGGERS[dialect]:
            refusal = REFUSALS[dialect, status]
            await connection.exec_driver_sql(statement.format(at=at, body=REFUSED_BODY, refusal=refusal))


@pytest.mark.parametrize("status", [422, 500])
async def test_a_post_that_the_database_refuses_fails_alone(own_site: ASite, dialect: str, status: int) -> None:
    await add_refusing_trigger(own_site, dialect, status)
    threads = await a_thread(own_site), await a_thread(own_site)
    bodies = [REFUSED_BODY if number in {7, 13} else f"Tea {number}." for number in range(20)]
    answers = await post_together([(threads[number % 2], body) for number, body in enumerate(bodies)])
    expected = [status if body == REFUSED_BODY else 201 for body in bodies]
    assert [answer.status_code for answer in answers] == expected
    for number, thread in enumerate(threads):
        posted = [answer.json()["comment"]["id"] for answer in answers[number::2] if answer.status_code == 201]
        await check_count(thread, set(posted))
    assert len(await whole_log(own_site)) == 2 + 18
    assert await verify_errors(own_site.app) == []


async def test_the_author_gets_the_text_back_without_internal_details(own_site: ASite, dialect: str) -> None:
    await add_refusing_trigger(own_site, dialect, 422)
    thread = await a_thread(own_site)
    refused = await thread.post(REFUSED_BODY)
    assert (refused.json()["type"], refused.json()["draft"]["body"]) == ("/problems/unstorable", REFUSED_BODY)
    assert "inside" not in refused.text


async def test_a_database_error_reveals_no_internal_details(own_site: ASite, dialect: str) -> None:
    await add_refusing_trigger(own_site, dialect, 500)
    refused = await (await a_thread(own_site)).post(REFUSED_BODY)
    assert (refused.status_code, refused.json()["type"]) == (500, "/problems/internal-error")
    assert refused.headers["content-type"] == "application/problem+json"
    assert "inside" not in refused.text


async def test_a_refused_edit_leaves_the_comment_and_the_log_as_they_were(own_site: ASite, dialect: str) -> None:
    await add_refusing_trigger(own_site, dialect, 422, at="UPDATE")
    thread = await a_thread(own_site)
    posted = await a_comment(thread, "Tea.")
    path = f"/comments/{posted['comment']['id']}"
    refused = await own_site.call("PATCH", path, by=posted["author_token"], json={"body": REFUSED_BODY})
    assert refused.status_code in {422, 500}
    assert "inside" not in refused.text
    assert [comment["html"] for comment in await thread.pages()] == ["<p>Tea.</p>"]
    assert [event["type"] for event in await events_of(own_site)] == ["thread.created", "comment.published"]
    assert await verify_errors(own_site.app) == []
