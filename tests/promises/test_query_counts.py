"""The number of statements on hot paths, and their query plans: a page is one range of an index."""

from asyncio import gather
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Connection, Engine, event, insert, text

from service.conversation.comments.model import CommentRow, State
from service.conversation.comments.tree_paths import child_position, newest_path
from service.platform import clock
from tests.builders import ASite, AThread, Clock, a_comment, a_thread, decide, set_rules
from tests.promises.shared_batch import database_of, post_together


class Statement(NamedTuple):
    """A statement as sent to the database."""

    sql: str
    parameters: Any


@contextmanager
def watched() -> Iterator[list[Statement]]:
    """Record the statements of the block except BEGIN; a statement for many rows counts once."""
    statements: list[Statement] = []

    def record(_connection: Connection, _cursor: object, sql: str, parameters: Any, *_: object) -> None:
        if not sql.startswith("BEGIN"):
            statements.append(Statement(sql, parameters))

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", record)


@pytest.fixture(autouse=True)
def within_a_second(the_clock: Clock) -> None:
    """Stop the clock, so data cached for a second, such as the site, stays cached for the whole test."""


async def query_plan(site: ASite, dialect: str, statement: Statement) -> str:
    """Return the query plan of a statement."""
    explain = "EXPLAIN QUERY PLAN" if dialect == "sqlite" else "EXPLAIN"
    async with database_of(site).read() as connection:
        plan = await connection.exec_driver_sql(f"{explain} {statement.sql}", statement.parameters)
        return "\n".join(str(row) for row in plan)


async def test_a_page_is_two_queries_and_none_while_nothing_changes(own_site: ASite) -> None:
    thread = await a_thread(own_site)
    for number in range(3):
        await a_comment(thread, f"Comment {number}.")
    path = f"{thread.path}/comments"
    await own_site.call("GET", "/counts?article=any")  # read the log up to now
    with watched() as first:
        tag = (await own_site.call("GET", path)).headers["etag"]
    with watched() as again:
        assert (await own_site.call("GET", path)).status_code == 200
        assert (await own_site.call("GET", path, headers={"If-None-Match": tag})).status_code == 304
    await a_comment(thread)
    with watched() as changed:
        assert (await own_site.call("GET", path, headers={"If-None-Match": tag})).status_code == 200
    assert (len(first), len(again), len(changed)) == (2, 0, 4)


async def test_an_authors_own_comments_are_two_more_queries(own_site: ASite) -> None:
    """One finds out whether they wrote in the thread, one reads what waits there."""
    thread, other = await a_thread(own_site), await a_thread(own_site)
    token = (await a_comment(thread))["author_token"]
    with watched() as statements:
        await thread.page(by=token)
    assert len(statements) == 4
    await other.page()
    with watched() as statements:
        await other.page(by=token)
    assert len(statements) == 1


async def test_counts_of_fifty_articles_are_one_query(own_site: ASite) -> None:
    threads = [await a_thread(own_site) for _ in range(50)]
    await threads[0].page()
    with watched() as statements:
        counts = await own_site.call("GET", "/counts", params={"article": [thread.article for thread in threads]})
    assert len(counts.json()["counts"]) == 50
    assert len(statements) == 1


@pytest.mark.parametrize("threads", [1, 5])
async def test_a_batch_of_fifty_posts_is_seven_statements_for_any_number_of_threads(
    own_site: ASite, threads: int
) -> None:
    """Lock threads, read sites and bans; write counts, comments, log head and events."""
    threads_posted_to = [await a_thread(own_site) for _ in range(threads)]
    await threads_posted_to[0].page()
    with watched() as statements:
        answers = await post_together(
            [(threads_posted_to[number % threads], f"Post {number}.") for number in range(50)]
        )
    assert {answer.status_code for answer in answers} == {201}
    assert [statement.sql.split()[0] for statement in statements] == [
        "SELECT",
        "SELECT",
        "SELECT",
        "UPDATE",
        "INSERT",
        "UPDATE",
        "INSERT",
    ]


async def test_recent_activity_is_three_more_statements_for_the_whole_batch(own_site: ASite) -> None:
    """By author, by address and by text."""
    thread = await a_thread(own_site)
    tokens = [(await a_comment(thread, f"Hello from {number}."))["author_token"] for number in range(10)]
    await set_rules(
        own_site, duplicates="hold", max_per_minute_per_reader=9, max_per_minute_per_address=50, max_rejected_percent=50
    )
    await thread.post("The rules are read again.")
    with watched() as statements:
        answers = await gather(*(thread.post(f"Post {token}.", by=token) for token in tokens))
    assert {answer.status_code for answer in answers} == {201}
    reads = [each.sql for each in statements if each.sql.startswith("SELECT")]
    assert len([sql for sql in reads if "FROM comments" in sql or "JOIN comments" in sql]) == 3


async def test_each_kind_of_recent_activity_is_read_by_its_own_index(own_site: ASite, dialect: str) -> None:
    thread = await grown(own_site, 3000)
    await set_rules(own_site, duplicates="hold", max_per_minute_per_reader=9, max_per_minute_per_address=50)
    token = (await a_comment(thread, "The first."))["author_token"]
    with watched() as statements:
        await thread.post("The second.", by=token)
    for column in ("reader_id", "text_hash", "address_fingerprint"):
        index = f"ix_comments_{column.removesuffix('_id')}"
        by_column = f"comments.{column} =" if dialect == "sqlite" else f"(comments.{column}, comments.id)"
        [statement] = [each for each in statements if by_column in each.sql]
        plan = await query_plan(own_site, dialect, statement)
        assert index in plan, plan
        assert "ix_comments" not in plan.replace(index, ""), plan
        assert "Seq Scan on comments" not in plan and "SCAN comments" not in plan and "pk_comments" not in plan


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
async def test_the_writer_finds_keys_by_their_index_however_much_their_table_grew(own_site: ASite) -> None:
    thread, database = await a_thread(own_site), database_of(own_site)
    for number in range(10):  # after five times the server keeps its plan
        assert (await thread.post(f"Post {number}.", key=f"key-{number}")).status_code == 201
    async with database.write() as connection:
        await connection.execute(text(_MANY_KEYS))
    scans = []
    for number in range(2):
        async with database.write() as connection:
            await connection.execute(text("SELECT pg_stat_force_next_flush()"))
        async with database.read() as connection:
            scans.append(await connection.scalar(text(_SCANS_OF_KEYS)))
        assert (await thread.post(f"Last {number}.", key=f"last-{number}")).status_code == 201
    assert scans[0] == scans[1]


_SCANS_OF_KEYS = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'idempotency_keys'"
_MANY_KEYS = """
INSERT INTO idempotency_keys
SELECT thread_id, key || n, fingerprint, comment_id, status, created_at
FROM idempotency_keys, generate_series(1, 1000) n
"""


async def grown(site: ASite, comments: int) -> AThread:
    """A thread of many ``comments``, a third of them spam and half of the rest in conversations, beside another one."""
    thread, other = await a_thread(site), await a_thread(site)
    for each in (thread, other):
        await a_comment(each)
    async with database_of(site).write() as connection:
        ids = await connection.scalars(text("SELECT id FROM threads"))
        rows = [_row(thread_id, place) for thread_id in ids.all() for place in range(2, comments)]
        await connection.execute(insert(CommentRow), rows)
        await connection.execute(text("UPDATE threads SET places = :places"), {"places": comments})
        await connection.execute(text("ANALYZE"))
    return thread


def _row(thread_id: int, place: int) -> dict[str, Any]:
    parent = child_position(None, place - 1, max_depth=6).path if place % 2 else None
    position = child_position(parent, place, max_depth=6)
    state = State.SPAM if place % 3 == 0 else State.PUBLISHED
    now = clock.now()
    words = {"author_name": "Ada", "author_email": None, "author_url": None, "body": "Yes.", "html": "<p>Yes.</p>"}
    times = {"created_at": now, "edited_at": None, "imported_from": None, "revision": 1}
    in_tree = {"path": position.path, "newest_path": newest_path(position.path), "depth": position.depth}
    known = {"id": clock.new_id(), "thread_id": thread_id, "reader_id": clock.new_id()}
    return {**known, **in_tree, "parent_id": None, **words, **times, "state": state, "shown": state is State.PUBLISHED}


async def test_an_imported_comment_is_found_by_the_index_of_old_ids(own_site: ASite, dialect: str) -> None:
    thread = await grown(own_site, 3000)
    with watched() as statements:
        await own_site.call("GET", f"{thread.path}/comments.html?comment=9")
    [statement] = [each for each in statements if "imported_from IN" in each.sql]
    assert "ix_comments_imported" in await query_plan(own_site, dialect, statement)


async def test_a_comment_of_any_thread_is_found_by_the_index_of_old_ids(own_site: ASite, dialect: str) -> None:
    await grown(own_site, 3000)
    async with database_of(own_site).write() as connection:
        await connection.execute(text("UPDATE comments SET imported_from = 'wordpress:' || CAST(id AS TEXT)"))
        [old] = (await connection.scalars(text("SELECT imported_from FROM comments LIMIT 1"))).all()
        await connection.execute(text("ANALYZE"))
    with watched() as statements:
        found = await own_site.call("GET", "/comments", by="moderator", params={"source": old})
    assert found.status_code == 200
    [statement] = [each for each in statements if "imported_from =" in each.sql]
    plan = await query_plan(own_site, dialect, statement)
    assert "ix_comments_imported" in plan.splitlines()[0], "comments come first, not each thread of the site"
    assert "thread_id=?" not in plan


async def test_the_names_of_parents_on_another_page_are_one_more_query(own_site: ASite) -> None:
    await own_site.set(max_depth=1)
    thread = await a_thread(own_site)
    above = None
    for number in range(6):
        above = (await a_comment(thread, f"Step {number}.", below=above))["comment"]["id"]
    path = f"{thread.path}/comments.html?limit=1&comment={above}"
    await own_site.call("GET", "/counts?article=any")  # read the log up to now
    with watched() as statements:
        assert "In reply to" in (await own_site.call("GET", path)).text
    [statement] = [each for each in statements if "WHERE comments.id" in each.sql or "id IN" in each.sql]
    assert "comments.html" not in statement.sql, "the texts of 200 parents hold the loop for 50 ms"


async def test_a_page_in_the_middle_reads_what_is_around_it_in_three_queries(own_site: ASite, dialect: str) -> None:
    thread = await grown(own_site, 3000)
    root = (await a_comment(thread))["comment"]["id"]
    below = [(await a_comment(thread, f"Step {number}.", below=root))["comment"]["id"] for number in range(3)]
    path = f"{thread.path}/comments.html?limit=1&comment={below[1]}"
    await own_site.call("GET", "/counts?article=any")  # read the log up to now
    with watched() as statements:
        assert f"above-{root}" in (await own_site.call("GET", path)).text
    around = [each for each in statements if "anon_1" in each.sql or "path IN" in each.sql or "path <=" in each.sql]
    assert len(around) == 3
    for statement in around:
        plan = await query_plan(own_site, dialect, statement)
        assert "thread_id" in plan
        assert "Seq Scan" not in plan
        assert "Sort" not in plan or "path IN" in statement.sql


async def test_a_page_is_a_range_of_the_index_of_what_is_shown(own_site: ASite, dialect: str) -> None:
    thread = await grown(own_site, 3000)
    for order in ("oldest", "newest"):
        query = {"order": order}
        for _ in range(3):
            with watched() as statements:
                query["cursor"] = (await thread.page(**query))["next"]
            [statement] = [each for each in statements if "FROM comments" in each.sql]
            plan = await query_plan(own_site, dialect, statement)
            assert f"ix_comments_shown_{order}" in plan
            assert "TEMP B-TREE" not in plan
            assert "Sort" not in plan


async def test_single_comments_and_an_authors_own_are_found_by_their_indexes(own_site: ASite, dialect: str) -> None:
    thread = await grown(own_site, 3000)
    posted = await a_comment(thread)
    with watched() as statements:
        await thread.page(by=posted["author_token"])
    [own, _, pending] = [each for each in statements if "FROM comments" in each.sql]
    assert "ix_comments_reader" in await query_plan(own_site, dialect, own)
    assert "ix_comments_pending_or_spam" in await query_plan(own_site, dialect, pending)
    with watched() as statements:
        await own_site.call("GET", f"/comments/{posted['comment']['id']}")
    [statement] = [each for each in statements if "ORDER BY comments.path DESC" in each.sql]
    assert "ix_comments_shown_oldest" in await query_plan(own_site, dialect, statement)


async def test_the_queue_reads_only_unpublished_comments(own_site: ASite, dialect: str) -> None:
    if dialect == "postgresql":  # which plans by its statistics; SQLite has none unless somebody makes them
        await grown(own_site, 3000)
    await own_site.set(mode="hold")
    await a_comment(await a_thread(own_site))
    with watched() as statements:
        page = await own_site.call("GET", "/queue", by="moderator")
    assert len(page.json()["comments"]) == 1
    [statement] = [each for each in statements if "ORDER BY comments.id" in each.sql]
    plan = await query_plan(own_site, dialect, statement)
    assert "ix_comments_queue" in plan or "ix_comments_pending_or_spam" in plan
    [statement] = [each for each in statements if "SELECT (SELECT count(*)" in each.sql]
    plan = await query_plan(own_site, dialect, statement)
    assert "ix_comments_queue" in plan or "ix_comments_pending_or_spam" in plan
    assert "ix_comments_reported" in plan


async def test_a_page_of_fifty_full_cards_is_eight_statements(own_site: ASite) -> None:
    await own_site.set(mode="hold")
    thread = await a_thread(own_site)
    await set_rules(own_site, hold_words=["casino"])
    for number in range(50):
        posted = await a_comment(thread, f"Casino {number}.")
        path = f"/comments/{posted['comment']['id']}"
        if number % 10 == 0:
            edited = await own_site.call("PATCH", path, by=posted["author_token"], json={"body": f"A casino {number}."})
            assert edited.status_code == 200
            await decide(own_site, "publish", edited.json())
            await own_site.call("POST", f"{path}/reports", json={"reason": "abuse"})
            note = {"action": "note", "kind": "reader", "comment": posted["comment"]["id"], "reason": "Was warned."}
            await own_site.call("POST", "/measures", by="moderator", json=note)
            for _ in range(2):
                await a_comment(
                    thread, "A reply in a casino.", by=posted["author_token"], below=posted["comment"]["id"]
                )
    await own_site.call("GET", "/queue", by="moderator")  # knows the key
    for state, cards in (("pending", 50), ("any", 50)):
        with watched() as statements:
            page = await own_site.call("GET", f"/queue?state={state}", by="moderator")
        assert len(page.json()["comments"]) == cards
        assert len(statements) <= 8, [each.sql for each in statements]
        assert any(card["author"]["measures"] for card in page.json()["comments"])


async def test_a_page_of_found_comments_is_searched_for_once(own_site: ASite, dialect: str) -> None:
    thread = await a_thread(own_site)
    for number in range(45):
        await a_comment(thread, f"Comment {number}.")
    for order, expected in (("oldest", range(41)), ("newest", range(44, 3, -1))):
        with watched() as statements:
            page = await own_site.call("GET", f"/queue?q=comment&state=any&limit=41&order={order}", by="moderator")
        bodies = [each["comment"]["body"] for each in page.json()["comments"]]
        assert bodies == [f"Comment {number}." for number in expected]
        assert len([each for each in statements if ("MATCH" if dialect == "sqlite" else "@@") in each.sql]) == 1


async def test_feeds_are_four_queries_at_most_and_none_while_nothing_changes(own_site: ASite) -> None:
    thread = await a_thread(own_site)
    for number in range(60):
        await a_comment(thread, f"Comment {number}.")
    await own_site.call("GET", "/counts?article=any")  # read the log up to now
    for path, queries in ((f"{thread.path}/feed.atom", 3), ("/feed.atom", 4)):
        with watched() as first:
            assert (await own_site.call("GET", path)).text.count("<entry>") == 50
        with watched() as again:
            await own_site.call("GET", path)
        assert (len(first), len(again)) == (queries, 0)


async def test_feeds_read_only_the_end_of_the_log(own_site: ASite, dialect: str) -> None:
    thread, other = await a_thread(own_site), await a_thread(own_site)
    for number in range(60):
        await a_comment(thread, f"Comment {number}.")
    await a_comment(other)
    async with database_of(own_site).write() as connection:
        await connection.execute(text(_MANY_EVENTS))
        await connection.execute(text("ANALYZE"))
    for path, index in ((f"{thread.path}/feed.atom", "uq_events_thread_id"), ("/feed.atom", "pk_events")):
        with watched() as statements:
            assert (await own_site.call("GET", path)).text.count("<entry>") == 50
        [statement] = [each for each in statements if "FROM events" in each.sql]
        plan = await query_plan(own_site, dialect, statement)
        assert "SEARCH events" in plan if dialect == "sqlite" else f"Index Scan Backward using {index}" in plan, plan
        assert "TEMP B-TREE" not in plan
        assert "Sort" not in plan


# The last event, of the other thread, many times over.
_MANY_EVENTS = """
WITH RECURSIVE times(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM times WHERE n < 3000)
INSERT INTO events (site_id, position, id, type, thread_id, sequence, occurred_at, data)
SELECT site_id, position + n, id, type, thread_id, sequence + n, occurred_at, data FROM times, events
WHERE position = (SELECT position FROM sites)
"""
