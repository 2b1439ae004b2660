"""What a page of 50 costs in threads of 100 to 1,000,000 comments: ``python -m tests.bench.paging [LARGEST]``.

PostgreSQL says how many rows and buffers it touched.
"""

import asyncio
import json
import sys
import time
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service import clock
from service.comments.accepting import comment_row
from service.comments.listing import list_comments
from service.comments.model import Comment, CommentRow, State
from service.comments.paths import spot_below
from service.storage.engine import Database
from service.storage.portable import insert_many
from tests.bench.a_service import databases, fill

EXPLAIN = """EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM comments
WHERE thread_id = :thread AND path > :after AND shown ORDER BY path LIMIT 50"""


async def measure(name: str, url: str, largest: int) -> None:
    """Fill a thread of each size and read pages from its middle."""
    await fill(url)
    database = Database(url)
    sizes = [size for size in (100, 10_000, 1_000_000) if size <= largest]
    for thread_id, size in enumerate(sizes, start=2):
        await grow(database, thread_id, size)
        after = (size // 2).to_bytes(4, "big")
        async with database.read() as connection:
            cost = await explain(connection, thread_id, after) if database.dialect == "postgresql" else ""
            started = time.perf_counter()
            for _ in range(100):
                page = await list_comments(connection, thread_id, order="oldest", after=after, limit=50, reader_id=None)
            milliseconds = (time.perf_counter() - started) * 10
        print(f"{name:10}  {size:9,} comments  {milliseconds:.2f} ms for {len(page)}  {cost}", flush=True)
    await database.close()


async def grow(database: Database, thread_id: int, size: int) -> None:
    """Give a thread ``size`` published comments, every third one an answer."""
    for first in range(1, size + 1, 50_000):
        async with database.write() as connection:
            rows = [row(thread_id, place) for place in range(first, min(first + 50_000, size + 1))]
            await insert_many(connection, CommentRow, rows)
    if database.dialect == "postgresql":
        async with database.write() as connection:
            await connection.execute(text("ANALYZE comments"))


def row(thread_id: int, place: int) -> dict[str, Any]:
    """A usual comment at ``place``."""
    above = (place - place % 3).to_bytes(4, "big") if place % 3 and place > 3 else None
    spot = spot_below(above, place, max_depth=6)
    comment = Comment(
        id=clock.new_id(), thread_id=thread_id, parent_id=None, path=spot.path, depth=spot.depth,
        state=State.PUBLISHED, shown=True, reader_id=clock.new_id(), author_name="Ada", author_email=None,
        author_url=None, body="x" * 200, html="<p>" + "x" * 200 + "</p>", revision=1, created_at=clock.now(),
        edited_at=None,
    )  # fmt: skip
    return comment_row(comment)


async def explain(connection: AsyncConnection, thread_id: int, after: bytes) -> str:
    """What PostgreSQL touched for one page."""
    told = (await connection.execute(text(EXPLAIN), {"thread": thread_id, "after": after})).scalar_one()
    plan = (told if isinstance(told, list) else json.loads(told))[0]["Plan"]
    scan = plan["Plans"][0]
    touched = scan["Shared Hit Blocks"] + scan["Shared Read Blocks"]
    return f"{scan['Node Type']} on {scan.get('Index Name')}: {scan['Actual Rows']:.0f} rows, {touched} buffers"


def main() -> None:
    """Both databases."""
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with databases() as urls:
        for name, url in urls.items():
            asyncio.run(measure(name, url, largest))


if __name__ == "__main__":
    main()
