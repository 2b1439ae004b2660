"""A response is made once for all spellings of a request and for all hosts."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from service.reading.cache.known_hosts import IDLE, MAX_HOSTS, KnownHosts
from service.reading.feeds import api as feeds
from service.reading.feeds.atom import atom
from service.reading.pages import thread_page
from service.reading.pages.templates_engine import rendered_in_steps
from tests.builders import ASite, Clock, a_comment, a_thread


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The documents that were made since the test started."""
    documents: list[str] = []

    def counted(make: Callable[..., Any], name: str) -> Callable[..., Any]:
        def count_and_make(*given: Any, **named: Any) -> Any:
            documents.append(name)
            return make(*given, **named)

        return count_and_make

    monkeypatch.setattr(thread_page, "rendered_in_steps", counted(rendered_in_steps, "fragment"))
    monkeypatch.setattr(feeds, "atom", counted(atom, "feed"))
    return documents


async def test_every_spelling_of_a_request_shares_one_response(site: ASite, made: list[str]) -> None:
    await a_comment(await a_thread(site, article="a/b"))
    path = "/threads/a%2Fb/comments.html"
    for spelling in (
        *(path, f"{path}?", f"{path}?limit=50", f"{path}?order=oldest&limit=50", f"{path}?limit=50&order=oldest"),
        *("/threads/a%2fb/comments.html", "/threads/%61%2Fb/comments.html?limit=050&"),
    ):
        assert (await site.call("GET", spelling)).status_code == 200
    for language in ("en", "en-US", "en-XX", "en;q=0.5", "xx, en"):
        await site.call("GET", path, headers={"Accept-Language": language})
    assert made == ["fragment"]
    for language in ("fr-CA, en", "fr-ca", "en-GB", "en-IE, en;q=0.9"):
        await site.call("GET", path, headers={"Accept-Language": language})
    assert len(made) == 3
    await site.call("GET", f"{path}?order=newest")
    assert len(made) == 4


@pytest.mark.parametrize("path", ["/threads/a/comments.html", "/threads/a/feed.atom", "/feed.atom"])
async def test_a_response_is_made_once_for_all_hosts(site: ASite, made: list[str], path: str) -> None:
    await a_comment(await a_thread(site, article="a"))
    tags = set()
    for number in range(3 * MAX_HOSTS):
        host = {"Host": f"host-{number}.example"}
        answer = await site.call("GET", path, headers=host)
        assert f"http://host-{number}.example/{site.slug}/" in answer.text
        assert "onereply-" not in answer.text
        assert int(answer.headers["content-length"]) == len(answer.content) or "content-encoding" in answer.headers
        tag = {"If-None-Match": answer.headers["etag"]}
        assert (await site.call("GET", path, headers=host | tag)).status_code == 304
        tags.add(answer.headers["etag"])
    assert len(made) == 1
    assert len(tags) == 3 * MAX_HOSTS


async def test_with_a_base_url_no_other_host_is_in_links(
    site: ASite, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_comment(await a_thread(site, article="a"))
    monkeypatch.setattr(site.app, "state", msgspec.structs.replace(site.app.state, base_url="https://talk.example"))
    texts = {
        (await site.call("GET", "/threads/a/comments.html", headers={"Host": host})).text
        for host in ("talk.example", "evil.example", "a b")
    }
    [text] = texts
    assert f"https://talk.example/{site.slug}/" in text
    assert "evil" not in text
    assert len(made) == 1


async def test_a_new_comment_is_on_the_page_of_every_host(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    for number in range(2 * MAX_HOSTS):
        await a_comment(thread, f"Number {number}.")
        for host in ("one.example", f"host-{number}.example"):
            page = await site.call("GET", "/threads/a/comments.html", headers={"Host": host})
            assert f"Number {number}." in page.text


def test_invented_hosts_do_not_displace_the_real_one(the_clock: Clock) -> None:
    hosts = KnownHosts()
    for number in range(1_000):
        assert hosts.admit("https://comments.example")
        assert hosts.admit(f"https://host-{number}.example") == (number < MAX_HOSTS - 1)
        the_clock.move(milliseconds=1)
    the_clock.move(seconds=IDLE.total_seconds())
    assert hosts.admit("https://another.example")
    assert len(hosts._last_used) == MAX_HOSTS
