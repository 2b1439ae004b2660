"""Promises 1 and 5 where the database refuses one post: those who share its transaction, and the log, do not notice."""

import pytest

from tests.builders import ASite, a_comment, a_thread, events_of
from tests.promises.crossing import database_of, post_together
from tests.promises.proving import findings, prove_count, whole_log

POISON = "Rat poison."

# What makes the database refuse a comment: by a constraint (422), or by an error of its own (500).
REFUSALS = {
    ("sqlite", 422): "SELECT RAISE(ABORT, 'rat poison inside')",
    ("sqlite", 500): "SELECT json('rat poison inside')",
    ("postgresql", 422): "RAISE EXCEPTION 'rat poison inside' USING ERRCODE = 'check_violation'",
    ("postgresql", 500): "RAISE EXCEPTION 'rat poison inside'",
}
TRIGGERS = {
    "sqlite": ["CREATE TRIGGER poison BEFORE {at} ON comments WHEN NEW.body = '{poison}' BEGIN {refusal}; END"],
    "postgresql": [
        "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {refusal}; END $$",
        "CREATE TRIGGER poison BEFORE {at} ON comments FOR EACH ROW WHEN (NEW.body = '{poison}') "
        "EXECUTE FUNCTION poison()",
    ],
}


async def poison(site: ASite, dialect: str, status: int, *, at: str = "INSERT") -> None:
    """Have the database refuse one body, in a way that is to be answered with ``status``."""
    async with database_of(site).write() as connection:
        for statement in TRIGGERS[dialect]:
            refusal = REFUSALS[dialect, status]
            await connection.exec_driver_sql(statement.format(at=at, poison=POISON, refusal=refusal))


@pytest.mark.parametrize("status", [422, 500])
async def test_a_post_that_the_database_refuses_fails_alone(own_site: ASite, dialect: str, status: int) -> None:
    await poison(own_site, dialect, status)
    threads = await a_thread(own_site), await a_thread(own_site)
    bodies = [POISON if number in {7, 13} else f"Tea {number}." for number in range(20)]
    answers = await post_together([(threads[number % 2], body) for number, body in enumerate(bodies)])
    expected = [status if body == POISON else 201 for body in bodies]
    assert [answer.status_code for answer in answers] == expected
    for number, thread in enumerate(threads):
        posted = [answer.json()["comment"]["id"] for answer in answers[number::2] if answer.status_code == 201]
        await prove_count(thread, set(posted))
    assert len(await whole_log(own_site)) == 2 + 18
    assert await findings(own_site.app) == []


async def test_who_posted_it_gets_their_words_back_and_nothing_of_the_inside(own_site: ASite, dialect: str) -> None:
    await poison(own_site, dialect, 422)
    thread = await a_thread(own_site)
    refused = await thread.post(POISON)
    assert (refused.json()["type"], refused.json()["draft"]["body"]) == ("/problems/unstorable", POISON)
    assert "inside" not in refused.text


async def test_an_error_of_the_database_tells_nothing_of_the_inside(own_site: ASite, dialect: str) -> None:
    await poison(own_site, dialect, 500)
    refused = await (await a_thread(own_site)).post(POISON)
    assert (refused.status_code, refused.json()["type"]) == (500, "/problems/internal-error")
    assert refused.headers["content-type"] == "application/problem+json"
    assert "inside" not in refused.text


async def test_a_refused_edit_leaves_the_comment_and_the_log_as_they_were(own_site: ASite, dialect: str) -> None:
    await poison(own_site, dialect, 422, at="UPDATE")
    thread = await a_thread(own_site)
    posted = await a_comment(thread, "Tea.")
    path = f"/comments/{posted['comment']['id']}"
    refused = await own_site.call("PATCH", path, by=posted["author_token"], json={"body": POISON})
    assert refused.status_code in {422, 500}
    assert "inside" not in refused.text
    assert [comment["html"] for comment in await thread.pages()] == ["<p>Tea.</p>"]
    assert [event["type"] for event in await events_of(own_site)] == ["thread.created", "comment.published"]
    assert await findings(own_site.app) == []
