"""The duration of a page of 50 full cards of the review queue, in a site with many comments.

Each card has a parent, an earlier version, findings, a report, and an author with a hundred comments and a note.
"""

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
from tests.bench.deciding import call
from tests.bench.paging import TEXT, row

CARDS, PAST = 50, 100  # pages are of 50; each author has a hundred comments
CALLS = 100


async def queue_cards(database: Database, thread_id: int, size: int) -> None:
    """Add the authors' comments to a thread of ``size``, spread over its later ids, the last of each pending."""
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
        await connection.execute(update(ThreadRow).where(ThreadRow.id == thread_id).values(places=places))
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
    """A line with the median and the p95 of a page."""
    seconds = []
    for _ in range(CALLS):
        began = perf_counter()
        cards = call(origin, key, "/queue?limit=50")["comments"]
        seconds.append(perf_counter() - began)
        assert len(cards) == CARDS
        assert all(card["parent"] and card["versions"] and card["marks"] for card in cards)
    seconds.sort()
    median, p95 = (seconds[ceil(share * CALLS) - 1] * 1000 for share in (0.5, 0.95))
    return f"a page of {CARDS} full cards among {size:,} comments: median {median:.0f} ms, p95 {p95:.0f} ms"
