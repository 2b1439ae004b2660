"""Readers with a token share the public answers, unless something of theirs stands or waits in the thread."""

import httpx2
import pytest

from service.app import create_app
from service.platform import clock
from service.reading.cache.hot_responses import HotResponse
from tests.builders import ASite, Clock, a_comment, a_thread, cheap_passwords, set_rules
from tests.conftest import an_installation
from tests.platform.access.a_host import SECRET, a_token, share_secret

PATHS = ("/threads/a/comments", "/threads/a/comments.html", "/threads/a", "/counts?article=a")
MINE = ("/threads/a/comments", "/threads/a/comments.html")


def shared(answer: httpx2.Response) -> tuple[bytes, str | None]:
    """What readers have in common: the body and the entity tag."""
    return answer.content, answer.headers.get("etag")


async def a_reader(site: ASite) -> str:
    """A reader who wrote on another article; returns their token."""
    token: str = (await a_comment(await a_thread(site, article="other"), "Mine.", name="Ada"))["author_token"]
    return token


async def test_an_author_gets_the_public_answer_elsewhere(
    site: ASite, hot: list[HotResponse], the_clock: Clock
) -> None:
    reader, thread = await a_reader(site), await a_thread(site, article="a")
    await a_comment(thread, "Of somebody else.", name="Grace")
    for path in PATHS:
        public = await site.call("GET", path)
        hot.clear()
        cold, warm = [await site.call("GET", path, by=reader) for _ in range(2)]
        assert len(hot) == 1, path
        assert shared(cold) == shared(warm) == shared(public), path
        assert warm.headers["cache-control"] == cold.headers["cache-control"] == "private, no-cache"
        assert (await site.call("GET", path)).headers["cache-control"] == public.headers["cache-control"]
        known = {"If-None-Match": public.headers["etag"]}
        assert (await site.call("GET", path, by=reader, headers=known)).status_code == 304


@pytest.mark.parametrize("state", ["published", "pending", "rejected"])
async def test_an_author_sees_at_once_what_they_wrote(
    site: ASite, hot: list[HotResponse], the_clock: Clock, state: str
) -> None:
    await set_rules(site, hold_words=["wait"])
    reader, thread = await a_reader(site), await a_thread(site, article="a")
    for path in MINE:
        await site.call("GET", path, by=reader)
        await site.call("GET", path, by=reader)
    assert len(hot) == 2
    words = "Well said." if state == "published" else "Please wait."
    posted = await a_comment(thread, words, name="Ada", by=reader)
    if state == "rejected":
        comment = {"id": posted["comment"]["id"], "revision": 1}
        decision = {"action": "reject", "comments": [comment]}
        await site.call("POST", "/decisions", by="moderator", json=decision)
    hot.clear()
    for path in MINE * 2:
        answer = await site.call("GET", path, by=reader)
        if state != "rejected" or "html" in path:
            assert words in answer.text or state == "rejected", path
        assert "etag" not in answer.headers, path
        assert words not in (await site.call("GET", path)).text or state == "published"
    assert not [each for each in hot if each.readers]


async def test_only_a_valid_token_is_remembered(site: ASite, hot: list[HotResponse], the_clock: Clock) -> None:
    reader, _ = await a_reader(site), await a_thread(site, article="a")
    await share_secret(site, SECRET)
    expires = int(clock.now().timestamp()) + 60
    signed = a_token(site.slug, sub="7", name="Maria", exp=expires)
    for path in PATHS:
        for _ in range(2):
            await site.call("GET", path, by=reader)
            assert (await site.call("GET", path, by=reader[:-3] + "abc")).status_code == 401
            assert (await site.call("GET", path, by=signed)).status_code == 200
    assert len(hot) == len(PATHS)
    the_clock.move(seconds=120)
    for path in PATHS:
        assert (await site.call("GET", path, by=signed)).status_code == 401


async def test_what_an_author_wrote_through_another_process_is_seen_within_the_bound(
    site: ASite, database_url: str, hot: list[HotResponse], the_clock: Clock
) -> None:
    await set_rules(site, hold_words=["wait"])
    reader, thread = await a_reader(site), await a_thread(site, article="a")
    app = create_app(an_installation(database_url), passwords=cheap_passwords())
    async with app.router.lifespan_context(app):
        elsewhere = site.at(app)
        for _ in range(2):
            await elsewhere.call("GET", "/threads/a/comments", by=reader)
        assert len(hot) == 1
        await a_comment(thread, "Please wait.", name="Ada", by=reader)
        the_clock.move(seconds=1)
        assert "Please wait." in (await elsewhere.call("GET", "/threads/a/comments", by=reader)).text
