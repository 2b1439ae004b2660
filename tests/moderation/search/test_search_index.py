"""Moderators find comments by text and author, as they are now; deleted words leave the index."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import Select, select, text

from service.app import create_app
from service.conversation.comments.model import CommentRow
from service.conversation.threads.model import ThreadRow
from service.integrations.imports.archive import ArchivedComment, ArchivedThread, Issues
from service.integrations.imports.import_archive import ImportReport, import_thread
from service.integrations.imports.wordpress import read_wordpress
from service.moderation.search import search_index as searching
from service.moderation.search.model import SearchEntryRow
from service.moderation.search.search_index import index_comments, match_condition
from service.platform.sites.edit_site import find_site
from service.platform.sites.model import SiteRow
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database
from service.settings import Settings
from tests.builders import ASite, a_comment, a_site, a_thread, decide
from tests.conftest import SECRET_KEY
from tests.platform.http.naughty import naughty, some
from tests.samples import sample_id, samples


async def the_site(site: ASite) -> Site:
    async with site.app.state.database.read() as connection:
        return await find_site(connection, site.slug)


async def index(site: ASite, *, limit: int = 10_000) -> int:
    return await index_comments(site.app.state.database, await the_site(site), limit=limit)


async def found(site: ASite, query: str) -> list[str]:
    """Return the bodies of the comments that a search finds, oldest first."""
    await index(site)
    database: Database = site.app.state.database
    condition = match_condition(database.dialect, await the_site(site), query)
    if condition is None:
        return []
    async with database.read() as connection:
        return list(await connection.scalars(select(CommentRow.body).where(condition).order_by(CommentRow.id)))


async def test_comments_are_found_by_their_words_and_their_authors(site: ASite) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "The harbour is silting up.", name="Ada Lovelace")
    await a_comment(thread, "So is the river.", name="Grace Hopper")
    assert await found(site, "harbour") == ["The harbour is silting up."]
    assert await found(site, "hopper") == ["So is the river."]
    assert await found(site, "lovelace harbour") == ["The harbour is silting up."]
    assert await found(site, "is") == ["The harbour is silting up.", "So is the river."]
    assert await found(site, "hopper harbour") == []
    assert await found(site, "estuary") == []


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ("Das CAFÉ an der Straße", "cafe"),
        ("Das Café an der Straße", "STRASSE"),
        ("Buy Рауpаl now", "paypal"),
        ("a fullwidth ＣＡＳＩＮＯ", "casino"),
        ("V1agra", "viagra"),
        ("Ёлки и палки", "елки"),
        ("Το σπίτι της ΜΑΡΊΑΣ", "μαριας"),
        ("यह हिन्दी है", "हिन्दी"),
        ("한국어 댓글", "한국어"),
    ],
)
async def test_another_spelling_matches(site: ASite, body: str, query: str) -> None:
    await a_comment(await a_thread(site), body)
    assert await found(site, query) == [body]
    assert await found(site, f"{query} and") == []


async def test_only_the_last_word_is_a_prefix(site: ASite) -> None:
    await a_comment(await a_thread(site), "Counterterrorism conference")
    assert await found(site, "counterterrorism confer") == ["Counterterrorism conference"]
    assert await found(site, "counterterr") == ["Counterterrorism conference"]
    assert await found(site, "counterterr conference") == []
    assert await found(site, "terrorism") == []


async def test_scripts_without_spaces_are_found_by_any_part_in_its_order(site: ASite) -> None:
    bodies = ["我们在北京的会议上见面", "東京でカジノが開く", "คาสิโนออนไลน์เปิดแล้ว"]
    thread = await a_thread(site)
    for body in bodies:
        await a_comment(thread, body)
    for query, expected in {
        "北京": bodies[:1],
        "会议上": bodies[:1],
        "议会": [],
        "京": bodies[:2],
        "カジノ": bodies[1:2],
        "ｶｼﾞﾉ": bodies[1:2],
        "東京 開く": bodies[1:2],
        "東開": [],
        "ออนไลน์": bodies[2:],
    }.items():
        assert await found(site, query) == expected, query


async def test_a_character_of_a_long_text_without_spaces_is_found_at_its_end(site: ASite) -> None:
    body = "会议" * 4000 + "北京"
    await a_comment(await a_thread(site), body)
    assert await found(site, "北京") == [body]


async def test_query_syntax_is_searched_as_words(site: ASite) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "Either rain or shine.", name="Ada")
    await a_comment(thread, "Only sun.", name="Ada")
    for query in (
        "rain OR sun",
        "rain AND shine*",
        '"rain sun"',
        "rain & !sun",
        "rain <-> sun",
        "document: rain sun",
    ):
        assert await found(site, query) == [], query
    for query in (
        '"rain" (shine)',
        '"shine rain"',
        "rain & shine",
        "rain*",
        "^rain",
        "rain:*",
        "+rain -or",
        "rain\0shine",
        "'rain'",
    ):
        assert await found(site, query) == ["Either rain or shine."], query
    for query in ("", " ", '"', "*", "&", "!", "()", "'", "\\", ":*", "\0", "\ud800", "😀", "...", "\u0301"):
        assert await found(site, query) == [], query


async def test_no_query_is_an_error(site: ASite) -> None:
    await a_comment(await a_thread(site), "Well said.")
    strings = [*naughty(), "a" * 10_000, "北" * 10_000, "a b " * 5_000, "ﷺ" * 1_000]
    database: Database = site.app.state.database
    its_site = await the_site(site)
    async with database.read() as connection:
        for query in strings:
            condition = match_condition(database.dialect, its_site, query)
            if condition is not None:
                await connection.execute(select(CommentRow.id).where(condition).limit(5))


async def test_hostile_strings_are_indexed_and_found(site: ASite) -> None:
    thread = await a_thread(site, article="naughty")
    for string in some(naughty(), every=6):
        await thread.post(f"{string} tailword", name="Ada")
    async with site.app.state.database.read() as connection:
        posted = len(
            (await connection.scalars(select(CommentRow.id).where(CommentRow.thread_id.in_(_thread_id(site))))).all()
        )
    assert len(await found(site, "tailword")) == posted > 30


async def test_a_query_uses_ten_words_at_most(site: ASite) -> None:
    words = [f"word{letter}" for letter in "abcdfhjkmn"]
    await a_comment(await a_thread(site), " ".join(words))
    assert await found(site, " ".join([*words, "eleventh"])) == [" ".join(words)]
    assert await found(site, " ".join([*words[:9], "tenth"])) == []


async def test_an_edit_is_found_by_its_new_words_only(own_site: ASite) -> None:
    posted = await a_comment(await a_thread(own_site), "The harbour.")
    assert await found(own_site, "harbour") == ["The harbour."]
    comment = f"/comments/{posted['comment']['id']}"
    assert (
        await own_site.call("PATCH", comment, by=posted["author_token"], json={"body": "The river."})
    ).status_code == 200
    assert (await found(own_site, "river"), await found(own_site, "harbour")) == (["The river."], [])
    await own_site.sweep()
    assert (await found(own_site, "river"), await found(own_site, "harbour")) == (["The river."], [])


async def test_a_comment_is_found_in_any_state(site: ASite) -> None:
    thread = await a_thread(site, mode="hold")
    comment = (await a_comment(thread, "A harbour."))["comment"]
    for action in ("publish", "reject", "spam", "restore", "delete"):
        assert await found(site, "harbour") == ["A harbour."]
        [comment] = await decide(site, action, comment)
    assert await found(site, "harbour") == ["A harbour."]


async def test_no_other_sites_comments_are_found(site: ASite) -> None:
    await a_comment(await a_thread(site), "Ours.")
    async with a_site(site.app) as other:
        await a_comment(await a_thread(other), "Theirs.", name="Ada")
        assert await found(other, "ada") == ["Theirs."]
        assert await found(site, "ada") == ["Ours."]


async def test_deleted_words_leave_no_trace_in_the_index(fresh_database_url: str) -> None:
    async with own_database_site(fresh_database_url) as site:
        database: Database = site.app.state.database
        thread = await a_thread(site)
        for number in range(30):
            await a_comment(thread, f"Some other reader says xq{number}.")
            await index(site)  # so that the index has parts
        posted = await a_comment(thread, "My telephone is zzyzxquux.", name="Wolfeschlegel")
        edited = await a_comment(thread, "I live in yoknapatawpha.")
        await index(site)
        assert await traces(database, "zzyzxquux", "wolfeschlegel", "yoknapatawpha") == 3
        token, id_ = posted["author_token"], posted["comment"]["id"]
        assert (await site.call("DELETE", f"/comments/{id_}", by=token)).status_code == 204
        patch = f"/comments/{edited['comment']['id']}"
        assert (await site.call("PATCH", patch, by=edited["author_token"], json={"body": "I live."})).status_code == 200
        assert await found(site, "zzyzxquux") == await found(site, "yoknapatawpha") == []
        await site.sweep()
        assert await traces(database, "zzyzxquux", "wolfeschlegel", "yoknapatawpha") == 0
        async with database.read() as connection:
            entries = set(await connection.scalars(select(SearchEntryRow.comment_id)))
            assert len(entries) == 31 and id_ not in map(str, entries)
            assert not (await connection.scalars(select(SearchEntryRow.id).where(SearchEntryRow.has_stale_words))).all()
        assert len(await found(site, "reader")) == 30


async def traces(database: Database, *words: str) -> int:
    """Count those of ``words`` that are anywhere in the stored index."""
    async with database.read() as connection:
        if database.dialect == "sqlite":
            rows = await connection.execute(text("SELECT block FROM search_words_data"))
            stored = b" ".join(row[0] for row in rows)
            rows = await connection.execute(text("SELECT document FROM search_entries"))
            stored += " ".join(row[0] for row in rows).encode()
        else:
            rows = await connection.execute(text("SELECT document::text FROM search_entries"))
            stored = " ".join(row[0] for row in rows).encode()
    # A term is stored without what it shares with the one before it.
    return sum(any(f"{word[start:]}".encode() in stored for start in (0, 1, 2)) for word in words)


@asynccontextmanager
async def own_database_site(database_url: str) -> AsyncIterator[ASite]:
    """A site with a database of its own."""
    app = create_app(Settings(secret_key=SECRET_KEY, database_url=database_url, sweep_seconds=3600))
    async with app.router.lifespan_context(app), a_site(app) as site:
        yield site


async def test_two_processes_that_index_concurrently_share_the_work(fresh_database_url: str) -> None:
    async with own_database_site(fresh_database_url) as site:
        thread = await a_thread(site)
        await asyncio.gather(*(a_comment(thread, f"Comment {number}") for number in range(60)))
        other = Database(fresh_database_url)
        try:
            its_site = await the_site(site)
            done = await asyncio.gather(
                *(index_comments(database, its_site, limit=1_000) for database in (site.app.state.database, other) * 3)
            )
        finally:
            await other.close()
        assert sum(done) == 61  # the thread was created, too
        assert len(await found(site, "comment")) == 60


async def test_a_sweep_indexes_comments_without_a_search(own_site: ASite) -> None:
    await a_comment(await a_thread(own_site))
    await own_site.sweep()
    assert await index(own_site) == 0
    assert await found(own_site, "well said") == ["Well said."]


async def test_indexing_stops_at_its_limit(site: ASite) -> None:
    thread = await a_thread(site)
    for number in range(5):
        await a_comment(thread, f"Comment {number}")
    assert [await index(site, limit=4), await index(site, limit=4), await index(site, limit=4)] == [4, 2, 0]


@pytest.mark.parametrize("path", samples("wordpress/nested.xml", real="wordpress/theme-unit-test.xml"), ids=sample_id)
async def test_imported_threads_are_indexed_in_batches(
    site: ASite, monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    monkeypatch.setattr(searching, "BATCH", 7)
    database, its_site = site.app.state.database, await the_site(site)
    for archived in threads_of(path):
        async with database.write() as connection:
            await import_thread(connection, its_site, archived, source="wordpress", pings=True, report=ImportReport())
    await a_comment(await a_thread(site), "Posted since.")
    assert await found(site, "posted since") == ["Posted since."]
    async with database.read() as connection:
        with_words = select(CommentRow.id).where(CommentRow.thread_id.in_(_thread_id(site)), CommentRow.body != "")
        comments = set(await connection.scalars(with_words))
        mine = select(SearchEntryRow.comment_id).where(SearchEntryRow.site_id == its_site.id)
        assert set(await connection.scalars(mine)) == comments
    assert len(comments) > 20
    assert await index(site) == 0


@pytest.mark.slow
async def test_a_very_long_imported_comment_is_indexed_by_its_beginning(site: ASite) -> None:
    letters = "".join(map(chr, range(0x20000, 0x2A6D7)))  # four bytes each, no two alike
    contents = ["beginning " + letters * 20, "beginning " + "ﷺ" * 900_000, "beginning " + "𐐨" * 900_000]
    archived = an_archive(contents)
    database, its_site = site.app.state.database, await the_site(site)
    async with database.write() as connection:
        await import_thread(connection, its_site, archived, source="wordpress", pings=True, report=ImportReport())
    assert len(await found(site, "beginning")) == len(contents)
    assert len(await found(site, letters[:90])) == 1


def threads_of(path: Path) -> Iterator[ArchivedThread]:
    return read_wordpress(BytesIO(path.read_bytes()))


def an_archive(contents: list[str]) -> ArchivedThread:
    comments = [
        ArchivedComment(
            key=str(number),
            parent_key=None,
            author_name="Ada",
            author_email="",
            author_url="",
            content=content,
            created_at=datetime(2020, 1, 1, tzinfo=UTC),
            state="published",
            kind="comment",
        )
        for number, content in enumerate(contents)
    ]
    return ArchivedThread(
        article="long",
        title="Long",
        raw_title="Long",
        url="",
        published_at=None,
        visibility="published",
        closed=False,
        comments=comments,
        issues=Issues(),
    )


def _thread_id(site: ASite) -> Select[int]:
    return select(ThreadRow.id).join(SiteRow, SiteRow.id == ThreadRow.site_id).where(SiteRow.slug == site.slug)
