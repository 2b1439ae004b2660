"""Feeds of a thread and of a site, as a feed reader parses them."""

from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import fromstring

import feedparser
import httpx2
import pytest

from service.reading.feeds import feed_entries as feeds
from service.reading.feeds.atom import THREADING
from tests.builders import REFERENCE_TITLE, ASite, AThread, Clock, a_comment, a_site, a_thread, decide
from tests.integrations.articles.articles import send_event, share_webhook_secret
from tests.integrations.imports.test_import_archive import import_file
from tests.platform.http.naughty import naughty, scripts, some
from tests.samples import OWN


def parsed(response: httpx2.Response) -> Any:
    """Return the feed as a feed reader parses it; fails on its complaints."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/atom+xml"
    feed = feedparser.parse(response.content, response_headers={"content-type": "application/atom+xml"})
    assert not feed.bozo, feed.get("bozo_exception")
    assert feed.version == "atom10"
    return feed


async def feed_of(thread: AThread, **headers: str) -> Any:
    return parsed(await thread.site.call("GET", f"{thread.path}/feed.atom", headers=headers))


async def feed_of_site(site: ASite) -> Any:
    return parsed(await site.call("GET", "/feed.atom"))


def texts_of(feed: Any) -> list[str]:
    """Return the texts of a feed's comments, in order."""
    return [entry.content[0].value.removeprefix("<p>").removesuffix("</p>") for entry in feed.entries]


async def test_a_thread_feed_has_the_newest_comment_first(site: ASite, the_clock: Clock) -> None:
    thread = await a_thread(site, article="moscow", url="https://gazette.example/moscow?a=1&b=2")
    first = (await a_comment(thread, "First *words*.", url="https://ada.example/"))["comment"]
    the_clock.move(hours=1)
    answer = (await a_comment(thread, "Second.", name="Grace", below=first["id"]))["comment"]
    response = await site.call("GET", f"{thread.path}/feed.atom")
    feed = parsed(response)
    assert feed.feed.title == f"2 replies on “{REFERENCE_TITLE}”"
    assert feed.feed.language == "en"
    assert feed.feed.updated == "2026-11-24T13:00:00Z"
    links = {link.rel: link.href for link in feed.feed.links}
    path = f"/v1/sites/{site.slug}/threads/moscow/feed.atom"
    assert links == {"self": f"http://onereply.test{path}", "alternate": "https://gazette.example/moscow?a=1&b=2"}
    newest, oldest = feed.entries
    assert (newest.id, oldest.id) == (f"urn:uuid:{answer['id']}", f"urn:uuid:{first['id']}")
    assert newest.title == f"Grace: {REFERENCE_TITLE}"
    assert newest.link == f"http://onereply.test/{site.slug}/comments/{answer['id']}"
    [answered] = fromstring(response.content).iter(f"{{{THREADING}}}in-reply-to")  # noqa: S314  # it is our own
    assert answered.attrib == {
        "ref": f"urn:uuid:{first['id']}",
        "type": "text/html",
        "href": f"http://onereply.test/{site.slug}/comments/{first['id']}",
    }
    assert oldest.author_detail == {"name": "Ada", "href": "https://ada.example/"}
    assert oldest.content[0].value == "<p>First <em>words</em>.</p>"
    assert oldest.published == oldest.updated == "2026-11-24T12:00:00Z"


async def test_the_links_of_a_feed_work(site: ASite) -> None:
    thread = await a_thread(site, article="новости/2026?a#b c")
    comment = (await a_comment(thread))["comment"]
    page = await site.client.get(f"/{site.slug}/{quote(thread.article, safe='')}")
    [href] = [part.split('href="')[1].split('"')[0] for part in page.text.split("<link ") if "atom+xml" in part]
    feed = parsed(await site.client.get(href))
    assert texts_of(feed) == ["Well said."]
    links = {link.rel: link.href for link in feed.feed.links}
    assert parsed(await site.client.get(links["self"])).feed.id == feed.feed.id
    assert (await site.client.get(links["alternate"])).status_code == 200  # our page: the article has no URL
    permalink = await site.client.get(feed.entries[0].link, follow_redirects=True)
    assert f'<li id="comment-{comment["id"]}"' in permalink.text


async def test_a_feed_has_only_public_comments_and_a_held_one_is_new_when_it_is_published(
    site: ASite, the_clock: Clock
) -> None:
    thread = await a_thread(site, mode="hold")
    held = [(await a_comment(thread, f"Held {number}."))["comment"] for number in range(3)]
    assert texts_of(await feed_of(thread)) == texts_of(await feed_of_site(site)) == []
    the_clock.move(days=2)
    for comment in (held[2], held[0]):
        await decide(site, "publish", comment)
    feed = await feed_of(thread)
    assert texts_of(feed) == texts_of(await feed_of_site(site)) == ["Held 0.", "Held 2."]
    assert feed.entries[0].published == "2026-11-24T12:00:00Z"
    assert feed.entries[0].updated == "2026-11-26T12:00:00Z"
    [published] = [comment for comment in await thread.pages(by="moderator") if "Held 0." in comment["html"]]
    await decide(site, "reject", published)
    assert texts_of(await feed_of(thread)) == texts_of(await feed_of_site(site)) == ["Held 2."]


async def test_an_edit_keeps_the_position_of_the_comment(site: ASite, the_clock: Clock) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread, "Frist.")
    await a_comment(thread, "Second.")
    the_clock.move(seconds=60)
    path = f"/comments/{posted['comment']['id']}"
    await site.call("PATCH", path, by=posted["author_token"], json={"body": "First."})
    feed = await feed_of(thread)
    assert texts_of(feed) == ["Second.", "First."]
    assert (feed.entries[1].updated, feed.feed.updated) == ("2026-11-24T12:01:00Z",) * 2


async def test_a_site_feed_has_all_threads_that_readers_may_see(site: ASite) -> None:
    async with a_site(site.app) as other:
        await a_comment(await a_thread(other), "Elsewhere.")
    seen, withdrawn, embargoed = [await a_thread(site, title=title) for title in ("One", "Two", "Three")]
    for thread in (seen, withdrawn, embargoed, seen):
        await a_comment(thread, f"In {thread.registered['title']}.")
    feed = await feed_of_site(site)
    assert texts_of(feed) == ["In One.", "In Three.", "In Two.", "In One."]
    assert feed.feed.title == "The Gazette"
    assert [entry.title for entry in feed.entries[:2]] == ["Ada: One", "Ada: Three"]
    await share_webhook_secret(site)
    await send_event(site, "withdrawn", withdrawn.article)
    await site.call("PUT", embargoed.path, by="host", json={"published_at": "2999-01-01T00:00:00Z"})
    assert texts_of(await feed_of_site(site)) == ["In One.", "In One."]
    for thread in (withdrawn, embargoed):
        for by in (None, "moderator"):
            assert (await site.call("GET", f"{thread.path}/feed.atom", by=by)).status_code == 404


async def test_the_end_of_an_embargo_is_in_the_site_feed_at_once(site: ASite, the_clock: Clock) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "Early.")
    await site.call("PUT", thread.path, by="host", json={"published_at": "2026-11-24T12:00:07Z"})
    for seconds, age, expected in ((0, 5, []), (3, 4, []), (3.5, 0, []), (0.5, 5, ["Early."])):
        the_clock.move(seconds=seconds)
        response = await site.call("GET", "/feed.atom")
        assert (texts_of(parsed(response)), response.headers["cache-control"]) == (expected, f"public, max-age={age}")


async def test_a_feed_is_full_when_many_comments_were_removed(site: ASite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MAX_ENTRIES", 3)
    thread = await a_thread(site)
    comments = [(await a_comment(thread, f"Number {number}."))["comment"] for number in range(60)]
    await decide(site, "reject", comments[1], *comments[4:])
    await decide(site, "restore", {**comments[1], "revision": 2})
    expected = ["Number 1.", "Number 3.", "Number 2."]
    assert texts_of(await feed_of(thread)) == texts_of(await feed_of_site(site)) == expected


async def test_after_a_flood_the_site_feed_is_short_and_the_thread_feed_is_not(
    site: ASite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MAX_EVENTS", 5)
    thread, flooded = await a_thread(site), await a_thread(site, mode="hold")
    await a_comment(thread, "Before.")
    for number in range(4):
        await a_comment(flooded, f"Held {number}.")
    assert texts_of(await feed_of_site(site)) == ["Before."]
    await a_comment(flooded, "Held 5.")
    assert texts_of(await feed_of_site(site)) == []
    await site.call("PUT", thread.path, by="host", json={"mode": "hold"})
    for number in range(5):
        await a_comment(thread, f"Held here {number}.")
    assert texts_of(await feed_of(thread)) == ["Before."]


async def test_imported_comments_are_in_the_thread_feed_by_age_and_not_in_the_site_feed(site: ASite) -> None:
    await import_file(site, (OWN / "wordpress/every-state.xml").read_bytes())
    listed = (await site.call("GET", "/threads", by="host")).json()["threads"]
    article = max(listed, key=lambda thread: thread["reply_count"])["article"]
    thread = AThread(site, article)
    imported = sorted(await thread.pages(), key=lambda comment: (comment["created_at"], comment["id"]), reverse=True)
    published = [f"urn:uuid:{comment['id']}" for comment in imported if comment["state"] == "published"]
    assert len(published) > 1
    assert [entry.id for entry in (await feed_of(thread)).entries] == published
    assert (await feed_of_site(site)).entries == []
    await thread.reopen()
    news = f"urn:uuid:{(await a_comment(thread))['comment']['id']}"
    assert [entry.id for entry in (await feed_of(thread)).entries] == [news, *published]
    assert [entry.id for entry in (await feed_of_site(site)).entries] == [news]


async def test_the_entity_tag_of_a_feed_changes_only_with_a_visible_change(site: ASite) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "First. " * 200)
    for path in (f"{thread.path}/feed.atom", "/feed.atom"):
        first = await site.call("GET", path, headers={"Accept-Encoding": "gzip"})
        assert first.headers["cache-control"] == "public, max-age=5"
        assert first.headers["content-encoding"] == "gzip"
        known = {"If-None-Match": first.headers["etag"]}
        await site.call("PUT", thread.path, by="host", json={"mode": "hold"})
        await a_comment(thread, "Held.")
        assert (await site.call("GET", path, headers=known)).status_code == 304
        await site.call("PUT", thread.path, by="host", json={"mode": "publish"})
        await a_comment(thread, "News.")
        assert (await site.call("GET", path, headers=known)).status_code == 200


async def test_each_host_and_each_language_has_a_feed_of_its_own(site: ASite) -> None:
    thread = await a_thread(site, closed=True)
    for path in (f"{thread.path}/feed.atom", "/feed.atom"):
        for host in ("one.example", "two.example:8000", "one.example"):
            feed = parsed(await site.call("GET", path, headers={"Host": host}))
            assert feed.feed.links[0].href == f"http://{host}/v1/sites/{site.slug}{path}"
    assert (await feed_of(thread)).feed.language == "en"
    feed = await feed_of(thread, **{"Accept-Language": "ru"})
    assert (feed.feed.language, feed.feed.title) == ("ru", f"Нет ответов на «{REFERENCE_TITLE}»")


async def test_the_id_of_a_feed_stays_when_the_article_or_the_service_moves(site: ASite) -> None:
    await share_webhook_secret(site)
    thread = await a_thread(site)
    before = (await feed_of(thread)).feed.id
    assert (await feed_of(thread, Host="elsewhere.example")).feed.id == before
    await send_event(site, "updated", "moved-away", previous_article=thread.article)
    feed = await feed_of(thread)
    assert (feed.feed.id, feed.feed.links[0].href.endswith("/threads/moved-away/feed.atom")) == (before, True)
    assert (await feed_of(await a_thread(site))).feed.id != before != (await feed_of_site(site)).feed.id


async def test_a_feed_is_valid_with_any_text_and_name(site: ASite) -> None:
    texts = some([*naughty(), *scripts()], every=6)
    thread = await a_thread(site)
    posted = 0
    for number, text in enumerate(texts):
        body = text if number % 2 else f"{text} and words"
        response = await thread.post(body[:9000], name=text[:100] if number % 3 else "Ada")
        posted += response.status_code == 201
        title = await site.call("PUT", thread.path, by="host", json={"title": text[:500]})
        assert {response.status_code, title.status_code} <= {200, 201, 202, 422}, text
        if number % 25 == 0 or number > len(texts) - 20:
            for feed in (await feed_of(thread), await feed_of_site(site)):
                assert "javascript:" not in str([link for entry in feed.entries for link in entry.links]).lower()
    assert posted > len(texts) / 2
    for path in (f"{thread.path}/feed.atom", "/feed.atom"):
        assert len(fromstring((await site.call("GET", path)).content)) > 40  # noqa: S314  # it is our own
