"""Strings that break software, in paths, parameters and headers, find nothing and break nothing."""

import re
from urllib.parse import quote

import pytest

from tests.builders import ASite, a_comment, a_thread
from tests.platform.http.by_hand import ask, ask_site, send_json
from tests.platform.http.naughty import accepted, all_of, naughty, some
from tests.samples import HAS_REAL

NUMBERS = ["1e400", "nan", "inf", "9" * 30, "-1", "0", "1.5", "99999999999999", "٣", "1_0", "+1", " 1"]
INSTANTS = ["0001-01-01T00:00:00%2B10:00", "9999-12-31T23:59:59-10:00", "253402300800", "-62135596801", "1e18"]


async def test_any_text_in_a_path_finds_nothing_or_the_article_with_that_id(site: ASite) -> None:
    posted = await a_comment(await a_thread(site))
    for segment in (quote(text, safe="") for text in some(naughty(), every=15)):
        for path in (f"/threads/{segment}", f"/threads/{segment}/comments", f"/comments/{segment}"):
            assert (await ask_site(site, "GET", path)).problem()["status"] in {400, 404}, segment
        assert (await ask_site(site, "GET", f"/comments/{posted['comment']['id']}{segment}")).status in {200, 400, 404}
        elsewhere = await ask(site.app, "GET", f"/v1/sites/{segment}/threads/a")
        assert elsewhere.problem()["status"] in {400, 404}, segment
    registered = await all_of(
        naughty(), lambda text: send_json(site, "PUT", f"/threads/{quote(text, safe='')}", {"title": "x"}, by="host")
    )
    articles = [one["article"] for text, one in accepted(registered) if one["article"] == text]
    assert len(articles) > (450 if HAS_REAL else 150)
    counts = await send_json(site, "POST", "/counts", {"articles": articles[-200:]})
    assert [(one["article"], one["state"]) for one in counts.json()["counts"]] == [
        (one, "open") for one in articles[-200:]
    ]


@pytest.mark.parametrize(
    ("path", "by"),
    [
        ("/threads/a/comments?cursor=", None),
        ("/threads/a/comments?order=", None),
        ("/threads/a/comments?limit=", None),
        ("/threads/a/comments?limit=1&", None),
        ("/threads?cursor=", "host"),
        ("/threads?state=", "host"),
        ("/threads?changed_since=", "host"),
        ("/threads?url=", None),
        ("/counts?article=", None),
        ("/counts?", None),
        ("/events?after=", "host"),
        ("/events?limit=", "host"),
    ],
)
async def test_any_text_in_a_query_is_refused_or_finds_nothing(site: ASite, path: str, by: str | None) -> None:
    await a_thread(site, article="a")
    texts = [quote(text, safe="") for text in [*some(naughty(), every=10), *NUMBERS]]
    for text in [*texts, *INSTANTS, "%FF", "%C0%AF", "%", "%ZZ"]:
        answer = await ask_site(site, "GET", f"{path}{text}", by=by)
        assert answer.status == 200 or answer.problem()["status"] in {400, 404}, text


async def test_any_idempotency_key_is_accepted_unchanged_or_refused(site: ASite) -> None:
    thread = await a_thread(site)
    content = b'{"body": "x", "author": {"name": "Ada"}}'
    for key in headers(naughty()):
        sent = {"Idempotency-Key": key}
        answer = await ask_site(site, "POST", f"{thread.path}/comments", headers=sent, body=content)
        visible = re.fullmatch(r"[!-~]{1,255}", key) is not None
        assert answer.status == 201 if visible else answer.problem()["header"] == "Idempotency-Key", key


async def test_any_other_header_changes_nothing(site: ASite) -> None:
    await a_thread(site, article="a")
    for value in headers(some(naughty(), every=3)):
        sent = dict.fromkeys(["Accept-Language", "If-None-Match", "X-Request-ID", "Accept"], value)
        assert (await ask_site(site, "GET", "/threads/a", headers=sent)).status in {200, 304}, value
        refused = await ask_site(site, "GET", "/threads/a", headers={"Authorization": value})
        assert refused.problem()["status"] == 401, value


def headers(strings: list[str]) -> list[str]:
    """The strings that a server accepts in a header, as Latin-1."""
    return [text.encode().decode("latin-1") for text in strings if not re.search(r"[\r\n\0]", text)]
