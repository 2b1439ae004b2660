"""Counts by URL, in any spelling that the site treats alike."""

from typing import Any

import pytest

from service.conversation.threads.equivalent_urls import equivalent_urls
from service.platform.sites.site_settings import SiteSettings
from tests.builders import ASite, Clock, Json, a_comment, a_thread

TRAM = "https://gazette.example/tram"
IGNORE_ALL: dict[str, Any] = {
    "url_ignore_www": True,
    "url_ignore_trailing_slash": True,
    "url_ignore_tracking_parameters": True,
}


async def counts(site: ASite, *urls: str, **more: Any) -> list[Json]:
    """The counts of ``urls``; both operations must give the same."""
    response = await site.call("GET", "/counts", params={"url": urls, **more})
    assert response.status_code == 200, response.text
    posted = await site.call("POST", "/counts", json={"urls": urls, "articles": more.get("article", [])})
    assert response.json() == posted.json()
    found: list[Json] = response.json()["urls"]
    return found


async def test_counts_are_found_by_url_beside_ids(site: ASite) -> None:
    tram, other = await a_thread(site, url=TRAM), await a_thread(site)
    await a_comment(tram)
    spelled = "HTTPS://GAZETTE.example:443/%74ram#comments"
    found = await counts(site, spelled, "https://gazette.example/none", article=[other.article])
    assert found == [
        {"url": spelled, "article": tram.article, "reply_count": 1, "label": "One reply", "state": "open"},
        {
            "url": "https://gazette.example/none",
            "article": None,
            "reply_count": 0,
            "label": "No replies",
            "state": None,
        },
    ]
    await a_comment(tram, "Again.")
    assert (await counts(site, TRAM))[0]["reply_count"] == 2, "a cached response ends with a new comment"
    await site.call("PUT", tram.path, by="host", json={"url": "https://gazette.example/trams"})
    assert (await counts(site, TRAM))[0]["article"] == tram.article, "a former URL finds it too"
    by_ids = (await site.call("GET", "/counts", params={"article": other.article})).json()
    assert "urls" not in by_ids


async def test_a_hidden_article_is_not_found_until_it_is_published(site: ASite, the_clock: Clock) -> None:
    hidden = await a_thread(site, url=TRAM, published_at="2026-11-25T00:00:00Z")
    assert (await counts(site, TRAM))[0]["article"] is None
    older = await a_thread(site, url=TRAM)
    newest = await a_thread(site, url=TRAM, published_at="2026-11-26T00:00:00Z")
    assert (await counts(site, TRAM))[0]["article"] == older.article
    the_clock.move(days=2)
    assert (await counts(site, TRAM))[0]["article"] == newest.article
    assert hidden.article != newest.article


async def test_a_site_may_ignore_www_slashes_and_tracking(site: ASite) -> None:
    plain = await a_thread(site, url=TRAM)
    spelled = [
        "https://www.gazette.example/tram",
        f"{TRAM}/",
        f"{TRAM}?utm_source=letter&fbclid=1",
        "https://www.gazette.example/tram/?utm_source=letter",
    ]
    assert [each["article"] for each in await counts(site, *spelled)] == [None] * 4
    await site.set(**IGNORE_ALL)
    assert [each["article"] for each in await counts(site, *spelled)] == [plain.article] * 4
    assert (await site.call("GET", "/threads", params={"url": spelled[3]})).json()["article"] == plain.article
    exact = await a_thread(site, url=spelled[0])
    assert [each["article"] for each in await counts(site, spelled[0], TRAM)] == [exact.article, plain.article]
    assert [each["article"] for each in await counts(site, f"{TRAM}?page=2&utm_source=a")] == [None]


@pytest.mark.parametrize(
    ("url", "forms"),
    [
        (TRAM, {TRAM, f"{TRAM}/", "https://www.gazette.example/tram", "https://www.gazette.example/tram/"}),
        ("https://www.gazette.example/", {"https://www.gazette.example/", "https://gazette.example/"}),
        (
            "https://a.example/?utm_x=1#!/b?utm_y=2",
            {f"https://{host}a.example/{query}#!/b?utm_y=2" for host in ("", "www.") for query in ("", "?utm_x=1")},
        ),
    ],
)
def test_the_url_itself_is_the_first_of_its_forms(url: str, forms: set[str]) -> None:
    found = equivalent_urls(url, SiteSettings(**IGNORE_ALL))
    assert (found[0], {*found}, len({*found}) == len(found)) == (url, forms, True)
    assert equivalent_urls(url, SiteSettings()) == [url]


async def test_invalid_urls_and_numbers_are_problems(site: ASite) -> None:
    for urls, pointer in ((["ftp://gazette.example/"], "/urls/0"), ([TRAM, "nowhere\x00"], "/urls/1")):
        refused = await site.call("POST", "/counts", json={"urls": urls})
        assert (refused.status_code, refused.json()["pointer"]) == (422, pointer)
        answer = await site.call("GET", "/counts", params={"url": urls})
        assert (answer.status_code, answer.json()["parameter"]) == (400, "url")
    for body, pointer in (({}, "/articles"), ({"urls": [TRAM] * 101, "articles": ["a"] * 100}, "/articles")):
        refused = await site.call("POST", "/counts", json=body)
        assert (refused.status_code, refused.json()["pointer"]) == (422, pointer)
