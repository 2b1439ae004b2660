"""The duration of a page of 50 full cards of the review queue, in a site with many comments.

Each card has a parent, an earlier version, findings, a report, and an author with a hundred comments and a note. A
thousand comments in other sections wait too. Run it alone with ``python -m tests.bench.reviewing``.
"""

import asyncio
from math import ceil
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text, update

from service.conversation.comments.comment_versions import CommentVersionRow
from service.conversation.comments.model import CommentRow, FindingRow
from service.conversation.readers.model import MeasureRow, ReportRow
from service.conversation.threads.model import ThreadRow
from service.platform import clock
from service.platform.storage.engine import Database
from service.platform.storage.portable import insert_many
from tests.bench import at_the_desk
from tests.bench.a_service import ARTICLES, ORIGIN, QUICK, databases, fill, serving
from tests.bench.deciding import call
from tests.bench.paging import TEXT, grow, row

CARDS, PAST = 50, 100  # pages are of 50; each author has a hundred comments
OTHERS = range(2, 1_002)  # the threads numbered 0 to 999, each with a newer pending comment
SECTION = "politics"
PAGES = {"": "/queue?limit=50", " of one section": f"/queue?limit=50&order=newest&section={SECTION}"}
CALLS = 100


async def queue_cards(database: Database, thread_id: int, size: int) -> None:
    """Add the authors' comments to a thread of ``size``, spread over its later ids, the last of each pending.

    The thread gets a section; then each of the other threads gets a pending comment.
    """
    authors = [clock.new_id() for _ in range(CARDS)]
    rows = [row(thread_id, size + 1 + place) | {"reader_id": authors[place % CARDS]} for place in range(CARDS * PAST)]
    waiting = rows[-CARDS:]
    for number, each in enumerate(waiting):
        each |= {"state": "pending", "shown": False, "parent_id": rows[number]["id"]}
    async with database.write() as connection:
        await insert_many(connection, CommentRow, rows)
        for table, new in _beside([each["id"] for each in waiting], authors).items():
            await connection.execute(insert(table), new)
        places = size + len(rows)
        own = update(ThreadRow).where(ThreadRow.id == thread_id)
        await connection.execute(own.values(places=places, section=SECTION))
        others = [row(other, 1) | {"state": "pending", "shown": False} for other in OTHERS]
        await insert_many(connection, CommentRow, others)
        await connection.execute(update(ThreadRow).where(ThreadRow.id.in_(OTHERS)).values(places=1))
        if database.dialect == "postgresql":
            await connection.execute(text("ANALYZE"))


def _beside(waiting: list[UUID], authors: list[UUID]) -> dict[Any, list[dict[str, Any]]]:
    """The rows of other tables for the comments ``waiting`` and their authors."""
    now, site = clock.now(), 1
    ids = [*enumerate(waiting)]
    return {
        FindingRow: [
            {"comment_id": each, "rule": rule, "action": "hold", "matched": matched}
            for each in waiting
            for rule, matched in (("hold_words", "answer*"), ("appeal", "Why?"))
        ],
        CommentVersionRow: [
            {"comment_id": each, "revision": 1, "site_id": site, "replaced_at": now, "size": len(TEXT), "body": TEXT}
            for each in waiting
        ],
        ReportRow: [
            {"comment_id": each, "reporter_fingerprint": number, "id": clock.new_id(), "reason": "abuse", "note": None}
            | {"by_address": False, "settled_by": None, "created_at": now}
            for number, each in ids
        ],
        MeasureRow: [
            {"id": clock.new_id(), "site_id": site, "action": "note", "kind": "reader", "fingerprint": number}
            | {"masked_value": str(author), "reader_id": author, "reason": "Was warned.", "created_at": now}
            | {"until": None, "ended_at": None}
            for number, author in enumerate(authors)
        ],
    }


def report(origin: str, key: str, *, size: int) -> str:
    """A line with the median and the p95 of each page."""
    figures = []
    for name, path in PAGES.items():
        seconds = sorted(_seconds_of_page(origin, key, path) for _ in range(CALLS))
        median, p95 = (seconds[ceil(share * CALLS) - 1] * 1000 for share in (0.5, 0.95))
        figures.append(f"a page of {CARDS} full cards{name}: median {median:.0f} ms, p95 {p95:.0f} ms")
    return f"among {size:,} comments, " + "; ".join(figures)


def _seconds_of_page(origin: str, key: str, path: str) -> float:
    began = perf_counter()
    cards = call(origin, key, path)["comments"]
    seconds = perf_counter() - began
    assert len(cards) == CARDS
    assert all(card["parent"] and card["versions"] and card["marks"] for card in cards)
    return seconds


def main() -> None:
    """Measure both databases and print the lines."""
    size = 10_000 if QUICK else 1_000_000
    with databases() as urls:
        for name, url in urls.items():
            key = asyncio.run(fill(url))
            asyncio.run(_grow(url, size))
            with serving(url):
                print(f"{name}, {report(ORIGIN, key, size=size)}.", flush=True)
                print(f"{name}, {at_the_desk.report(url, ORIGIN, size=size)}.", flush=True)


async def _grow(url: str, size: int) -> None:
    database, thread_id = Database(url), ARTICLES.index(f"of-{size}") + 1
    await grow(database, thread_id, size)
    await queue_cards(database, thread_id, size)
    await database.close()


if __name__ == "__main__":
    main()
