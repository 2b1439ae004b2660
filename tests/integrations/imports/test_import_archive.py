"""Imports keep states, threading, dates and closed threads, and add each comment only once."""

import json
from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import select

from service.conversation.comments.model import CommentRow
from service.conversation.comments.verify_counts import verify
from service.conversation.threads.model import ThreadRow
from service.integrations.imports.import_archive import ImportReport, import_thread
from service.integrations.imports.wordpress import read_wordpress
from service.platform.sites.edit_site import find_site
from service.platform.sites.model import SiteRow
from tests.builders import ASite, AThread, Json, a_comment, a_thread, events_of
from tests.integrations.imports.exports import EXPORTS
from tests.samples import OWN, sample_id, samples

LARGE = ("blog-2007-pingbacks.xml", "blog-2009-moderated.xml")
# The articles of each export that are closed with exactly one reply.
CLOSED = {"nested.xml": ("11", "12"), "theme-unit-test.xml": ("1149", "1168", "1170")}
# The article of each export with the deepest thread: twenty comments, one of them pending.
DEEPEST = {"nested.xml": "10", "theme-unit-test.xml": "1148"}
# The published comments and the pingbacks of each export.
PINGS = {"pingbacks.xml": (9, 6), "blog-2007-pingbacks.xml": (119, 62)}
EVERY_STATE = (OWN / "wordpress/every-state.xml").read_bytes()
NESTED = samples("wordpress/nested.xml", real="wordpress/theme-unit-test.xml")
PINGBACKS = samples("wordpress/pingbacks.xml", real="wordpress/blog-2007-pingbacks.xml")
STATES = {"published": "published", "pending": "pending", "spam": "spam", "trash": "deleted"}


async def import_file(site: ASite, content: bytes, *, pings: bool = False) -> ImportReport:
    report = ImportReport()
    database = site.app.state.database
    async with database.read() as connection:
        its_site = await find_site(connection, site.slug)
    for archived in read_wordpress(BytesIO(content)):
        async with database.write() as connection:
            await import_thread(connection, its_site, archived, source="wordpress", pings=pings, report=report)
    return report


def bytes_of(path: Path) -> bytes:
    return path.read_bytes()


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=pytest.mark.slow if path.name in LARGE else ()) for path in EXPORTS],
    ids=sample_id,
)
async def test_every_file_gives_the_expected_threads(site: ASite, path: Path) -> None:
    await site.set(max_depth=20)
    await import_file(site, bytes_of(path))
    expected: Json = json.loads(path.with_name("expected.json").read_text())[path.name]["articles"]
    found = await stored(site)
    for article, wanted in expected.items():
        states = {ours: wanted[theirs] for theirs, ours in STATES.items() if theirs in wanted}
        depths = {int(depth): count for depth, count in wanted["depths"].items()}
        assert found.pop(article) == (wanted["closed"], states, depths), article
    assert [article for article, (_, states, _) in found.items() if states] == []
    async with site.app.state.database.read() as connection:
        assert [finding async for finding in verify(connection)] == []


async def stored(site: ASite) -> dict[str, tuple[bool, dict[str, int], dict[int, int]]]:
    """By article: whether it is closed, and the number of comments by state and by depth."""
    articles: dict[str, tuple[bool, dict[str, int], dict[int, int]]] = {}
    async with site.app.state.database.read() as connection:
        threads = await connection.execute(
            select(ThreadRow.id, ThreadRow.article, ThreadRow.closed_at)
            .join(SiteRow, SiteRow.id == ThreadRow.site_id)
            .where(SiteRow.slug == site.slug)
        )
        for thread_id, article, closed_at in threads.all():
            comments = select(CommentRow.state, CommentRow.depth).where(CommentRow.thread_id == thread_id)
            rows = (await connection.execute(comments)).all()
            states, depths = Counter(row.state for row in rows), Counter(row.depth for row in rows)
            articles[article] = (closed_at is not None, dict(states), dict(depths))
    return articles


@pytest.mark.parametrize("path", NESTED, ids=sample_id)
async def test_threading_states_and_closing_survive(site: ASite, path: Path) -> None:
    await import_file(site, bytes_of(path))
    for article in CLOSED[path.name]:
        thread = (await site.call("GET", f"/threads/{article}", by="host")).json()
        assert (thread["label"], thread["notice"]) == ("One reply", "Comments are closed.")
        assert thread["heading"].startswith("One reply on “")


@pytest.mark.parametrize("path", NESTED, ids=sample_id)
async def test_the_tree_is_as_deep_as_it_was(site: ASite, path: Path) -> None:
    await site.set(max_depth=20)
    await import_file(site, bytes_of(path))
    page = (await site.call("GET", f"/threads/{DEEPEST[path.name]}/comments?limit=200", by="host")).json()
    depths = Counter(comment["depth"] for comment in page["comments"])
    assert depths == {0: 10, **dict.fromkeys(range(1, 10), 1)}
    assert page["thread"]["reply_count"] == 19


async def test_a_second_import_adds_no_comments_and_no_events(site: ASite) -> None:
    first = await import_file(site, EVERY_STATE)
    events = await events_of(site)
    again = await import_file(site, EVERY_STATE)
    assert sum(first.added.values()) > 0
    assert again.added == Counter()
    assert again.skipped["already imported"] == sum(first.added.values())
    assert await events_of(site) == events


async def test_each_article_has_one_event(site: ASite) -> None:
    await import_file(site, EVERY_STATE)
    events = await events_of(site)
    assert {event["type"] for event in events} == {"thread.imported"}
    assert len({event["data"]["thread"]["article"] for event in events}) == len(events)
    [reference] = [event for event in events if event["data"]["thread"]["article"] == "1"]
    assert reference["data"]["thread"]["reply_count"] == 1
    assert reference["data"]["thread"]["state"] == "closed"


@pytest.mark.parametrize("path", PINGBACKS, ids=sample_id)
async def test_pings_stay_out_unless_asked_for(site: ASite, path: Path) -> None:
    content, (published, pingbacks) = bytes_of(path), PINGS[path.name]
    without = await import_file(site, content)
    assert (without.added["published"], without.skipped["pingback"]) == (published, pingbacks)
    assert (await import_file(site, content, pings=True)).added["published"] == pingbacks


async def test_unpublished_articles_are_hidden_from_readers(site: ASite) -> None:
    await import_file(site, EVERY_STATE)
    assert (await site.call("GET", "/threads/5")).status_code == 404
    assert (await site.call("GET", "/threads/5", by="host")).status_code == 200


async def test_an_existing_thread_keeps_the_hosts_values_and_its_comments(site: ASite) -> None:
    thread = await a_thread(site, article="2", title="The host's own title")
    await a_comment(thread, "I was here first.")
    await import_file(site, EVERY_STATE)
    read = await thread.read()
    assert (read["title"], read["reply_count"]) == ("The host's own title", 7)


@pytest.mark.parametrize("pings", [False, True])
async def test_an_imported_comment_can_be_replied_to(site: ASite, pings: bool) -> None:
    await import_file(site, EVERY_STATE, pings=pings)
    page = (await site.call("GET", "/threads/2/comments")).json()
    first = next(comment for comment in page["comments"] if comment["state"] == "published")
    thread = AThread(site, "2")
    assert (await a_comment(thread, "Still true.", below=first["id"]))["comment"]["depth"] == first["depth"] + 1
