"""Threads by id, by URL and in lists, with cache headers that end before a thread changes."""

from datetime import timedelta

import httpx2
import pytest

from tests.builders import ASite, Clock, Json, a_comment, a_thread, decide
from tests.samples import sample_cases


async def listed(site: ASite, **query: str | int) -> list[str]:
    """Return the articles of all pages, by cursor and by link."""
    articles: list[str] = []
    path = "/threads"
    while True:
        response = await site.call("GET", path, by="moderator", params=query or None)
        page: Json = response.json()
        articles += [thread["article"] for thread in page["threads"]]
        if page["next"] is None:
            assert "link" not in response.headers
            return articles
        assert response.headers["link"].endswith('>; rel="next"')
        path, query = f"/threads{response.headers['link'][1:].partition('>')[0]}", {}
        assert httpx2.URL(path).params["cursor"] == page["next"]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 200])
async def test_the_list_has_each_thread_once_in_order_of_registration(site: ASite, limit: int) -> None:
    articles = [(await a_thread(site)).article for _ in range(5)]
    assert await listed(site, limit=limit) == articles


async def test_a_thread_registered_during_paging_comes_last(site: ASite) -> None:
    articles = [(await a_thread(site)).article for _ in range(2)]
    page = (await site.call("GET", "/threads?limit=2", by="host")).json()
    assert page["next"] is None
    page = (await site.call("GET", "/threads?limit=1", by="host")).json()
    articles.append((await a_thread(site)).article)
    rest = (await site.call("GET", f"/threads?cursor={page['next']}", by="host")).json()
    assert [thread["article"] for thread in rest["threads"]] == articles[1:]


async def test_the_list_by_state_agrees_with_each_thread_at_any_time(site: ASite, the_clock: Clock) -> None:
    await site.set(close_after_days=14)
    at = (the_clock.instant + timedelta(days=7)).isoformat()
    published = the_clock.instant.isoformat()
    threads = [
        await a_thread(site),
        await a_thread(site, closed=True),
        await a_thread(site, closing={"kind": "at", "at": at}),
        await a_thread(site, published_at=published),
        await a_thread(site, published_at=published, closing={"kind": "never"}),
    ]
    for days in (0, 6.999999, 0.000001, 6.999999, 0.000001):
        the_clock.move(days=days)
        states = {thread.article: (await thread.read())["state"] for thread in threads}
        for state in ("open", "closed"):
            assert await listed(site, state=state) == [article for article, one in states.items() if one == state]
    assert list(states.values()) == ["open", "closed", "closed", "closed", "open"]


async def test_changed_since_includes_changes_at_that_instant(site: ASite, the_clock: Clock) -> None:
    one, two, three = [await a_thread(site) for _ in range(3)]
    the_clock.move(minutes=1)
    since = the_clock.instant.isoformat()
    await a_comment(two)
    the_clock.move(minutes=1)
    await three.close()
    assert await listed(site, changed_since=since) == [two.article, three.article]
    assert await listed(site, changed_since=since, state="closed", limit=1) == [three.article]
    assert await listed(site, changed_since="2026-11-24T14:02:00+02:00") == [three.article]
    assert one.article in await listed(site)


@pytest.mark.parametrize(
    "cursor", ["x", "!", "", "MQ==x", "LTE", "MS41", "4pmj", "OTk5OTk5OTk5OTk5OTk5OTk5OQ", "A" * 2000]
)
async def test_an_invalid_cursor_is_refused(site: ASite, cursor: str) -> None:
    refused = await site.call("GET", "/threads", by="host", params={"cursor": cursor})
    assert (refused.status_code, refused.json()["type"]) == (400, "/problems/invalid-cursor")
    assert refused.json()["parameter"] == "cursor"


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "state=shut", "changed_since=now", "page=2", "limit=1&limit=2"]
)
async def test_an_invalid_parameter_is_named(site: ASite, query: str) -> None:
    refused = await site.call("GET", f"/threads?{query}", by="host")
    assert (refused.status_code, refused.json()["type"]) == (400, "/problems/invalid-parameter")
    assert refused.json()["parameter"] == query.partition("=")[0]


async def test_of_several_articles_with_one_url_the_newest_is_found(site: ASite) -> None:
    url = "https://gazette.example/a?b=c&d"
    for article in ("old", "new"):
        await a_thread(site, article=article, url=url)
    assert (await site.call("GET", "/threads", params={"url": url})).json()["article"] == "new"
    assert (await site.call("GET", "/threads", params={"url": "https://gazette.example/A"})).status_code == 404
    for query in ("?url=", "?url", f"?url={url}&state=open", f"?url=a&url={url}"):
        assert (await site.call("GET", f"/threads{query}")).status_code == 400


async def test_an_article_is_found_by_every_equivalent_spelling_of_its_url(site: ASite) -> None:
    field = dict(sample_cases("field/10-url-spellings.json"))
    thread = await a_thread(site, url=field["registered"])
    international = await a_thread(site, url=field["idn"]["registered"])
    same = [(url, thread) for url in [*field["same_by_RFC_3986_or_WHATWG"], field["registered"]]]
    same += [(f"https://gazette.example.{field['registered'][23:]}", thread), (field["idn"]["asked"], international)]
    for url, expected in same:
        found = await site.call("GET", "/threads", params={"url": url})
        assert found.json().get("article") == expected.article, url
    url = "https://gazette.example/news/caf%C3%A9"
    for other in (f"{url}?id=7&fbclid=IwAR0", f"{url}/?id=7", f"http{url[5:]}?id=7", f"https://www.{url[8:]}?id=7"):
        assert (await site.call("GET", "/threads", params={"url": other})).status_code == 404, other


async def test_another_spelling_of_a_url_changes_nothing_and_a_former_url_is_found_in_any(site: ASite) -> None:
    thread = await a_thread(site, url="https://gazette.example/%7eada#top")
    assert thread.registered["url"] == "https://gazette.example/~ada"
    again = await site.call("PUT", thread.path, by="host", json={"url": "HTTPS://GAZETTE.example:443/./~ada"})
    assert again.json() == thread.registered
    await site.call("PUT", thread.path, by="host", json={"url": "https://gazette.example/bob"})
    found = await site.call("GET", "/threads", params={"url": "https://Gazette.example/%7Eada"})
    assert found.json()["article"] == thread.article


async def test_a_url_that_is_too_long_in_its_canonical_form_is_refused(site: ASite) -> None:
    url = "https://gazette.example/" + "|" * 900
    refused = await site.call("PUT", "/threads/a", by="host", json={"title": "A", "url": url})
    assert (refused.status_code, refused.json()["pointer"]) == (422, "/url")
    assert (await site.call("GET", "/threads", params={"url": url})).status_code == 404


async def test_an_unchanged_thread_is_304_and_each_change_makes_it_200(site: ASite, the_clock: Clock) -> None:
    thread = await a_thread(site, url="https://gazette.example/a")
    at = (the_clock.instant + timedelta(days=1)).isoformat()

    async def close_later() -> None:
        await site.call("POST", f"{thread.path}/close", by="host", json={"at": at})

    async def pass_it() -> None:
        the_clock.move(days=1)

    async def change_settings() -> None:
        await site.set(max_depth=3)

    posted = await a_comment(thread)
    operations = [
        lambda: a_comment(thread),
        lambda: decide(site, "reject", posted["comment"]),
        lambda: site.call("PUT", thread.path, by="host", json={"title": "Other"}),
        close_later,
        pass_it,
        thread.reopen,
        change_settings,
    ]
    for path in (thread.path, "/threads?url=https://gazette.example/a"):
        for operation in operations:
            first = await site.call("GET", path)
            known = {"If-None-Match": first.headers["etag"]}
            again = await site.call("GET", path, headers=known)
            assert (again.status_code, again.content) == (304, b"")
            for header in ("etag", "cache-control", "vary", "content-language"):
                assert again.headers[header] == first.headers[header]
            await operation()
            changed = await site.call("GET", path, headers=known)
            assert (changed.status_code, changed.headers["etag"] != first.headers["etag"]) == (200, True)
        operations = operations[:1]


async def test_max_age_is_five_seconds_and_never_past_the_closing_time(site: ASite, the_clock: Clock) -> None:
    at = (the_clock.instant + timedelta(seconds=10)).isoformat()
    thread = await a_thread(site, closing={"kind": "at", "at": at})
    paths = (thread.path, f"{thread.path}/comments", f"/counts?article={thread.article}")
    for seconds, age in ((0, 5), (7, 3), (2.5, 0), (0.5, 5), (60, 5)):
        the_clock.move(seconds=seconds)
        for path in paths:
            assert (await site.call("GET", path)).headers["cache-control"] == f"public, max-age={age}", (path, seconds)


async def test_responses_to_known_callers_are_private(site: ASite) -> None:
    thread = await a_thread(site)
    token = (await a_comment(thread))["author_token"]
    for by in ("host", "moderator", "admin", token):
        for path in (thread.path, f"{thread.path}/comments"):
            response = await site.call("GET", path, by=by)
            assert response.headers["cache-control"].startswith("private")
            assert "Authorization" in response.headers["vary"]
    assert (await site.call("GET", "/threads", by="host")).headers["cache-control"].startswith("private")


async def test_unchanged_counts_are_304(site: ASite) -> None:
    thread = await a_thread(site)
    path = f"/counts?article={thread.article}&article=unknown"
    first = await site.call("GET", path)
    known = {"If-None-Match": f'"other", {first.headers["etag"]}'}
    assert (await site.call("GET", path, headers=known)).status_code == 304
    await a_comment(thread)
    assert (await site.call("GET", path, headers=known)).json()["counts"][0]["label"] == "One reply"


async def test_counts_by_post_are_never_304(site: ASite) -> None:
    """304 is for GET and HEAD alone (RFC 9110, section 13.1.2)."""
    body = {"articles": [(await a_thread(site)).article]}
    first = await site.call("POST", "/counts", json=body)
    again = await site.call("POST", "/counts", json=body, headers={"If-None-Match": first.headers.get("etag", "*")})
    assert again.status_code in {200, 412}
