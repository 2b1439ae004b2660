"""``make bench``: one table from one run, each subject beside its yardsticks, in turn (A B A B A B).

A ratio is the median of the ratios of the pairs. ``QUICK=1`` takes about a minute: shorter rounds, threads of 10,000
comments at most.
"""

import asyncio
import os
import platform
import sqlite3
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

from service.platform.http.cursors import encode_cursor
from service.platform.storage.engine import Database
from tests.bench import classifying, deciding, delivering, embedding, judged, screening, streaming
from tests.bench.a_service import ARTICLES, BARE, ORIGIN, QUICK, SIZES, answering, databases, fill, resident, serving
from tests.bench.load import Asked, encode, need_wrk, rate, record, tag_of, token_of
from tests.bench.paging import explain, grow
from tests.bench.raw import postgresql_rate, sqlite_rate

SECONDS = 1.0 if QUICK else 5.0
PAIRS = 1 if QUICK else 3
LARGEST = 10_000 if QUICK else 1_000_000
COMMENTS = "/v1/sites/bench/threads/{}/comments?limit=50"


class Line(NamedTuple):
    """A line of the table: the service's rate, and its share of each yardstick's."""

    subject: str
    database: str
    rate: float
    of_bare: float
    of_raw: float | None

    def __str__(self) -> str:
        raw = "" if self.of_raw is None else f"{self.of_raw:.2f}"
        return f"| {self.subject} | {self.database} | {self.rate:,.0f} | {self.of_bare:.2f} | {raw} |"


def main() -> None:
    """Measure both databases and print the table."""
    need_wrk()
    print("| answered a second | database | One Reply | of a bare ASGI app | of the raw database |")
    print("| --- | --- | --- | --- | --- |", flush=True)
    notes: list[str] = []
    with databases() as urls:
        for name, url in urls.items():
            key, told = asyncio.run(prepare(name, url))
            key_of_judged = asyncio.run(judged.prepare(url))
            with serving(url) as process, tempfile.TemporaryDirectory(prefix="onereply-bench-") as folder:
                measure(name, url)
                if name == "SQLite":
                    notes.append(embedding.told("of-100"))
                notes += [*told, f"{name}, {deciding.told(ORIGIN, key)}."]
                both = judged.told(url, key_of_judged, Path(folder), pairs=2 * PAIRS, seconds=SECONDS)
                notes.append(f"{name}, {both}.")
                notes.append(f"{name}: {resident(process.pid):.0f} MB resident at the end.")
            notes += [streaming.told(name, url), *delivering.told(name, url)]
    print(f"\n{machine()}\n" + "\n".join([*notes, *screening.told(), "", *classifying.told()]))


async def prepare(name: str, url: str) -> tuple[str, list[str]]:
    """Fill the database; a moderator's key, and what PostgreSQL touches for a page of each size."""
    key = await fill(url)
    database = Database(url)
    told = []
    for size in SIZES:
        if size > LARGEST:
            continue
        thread_id = ARTICLES.index(f"of-{size}") + 1
        await grow(database, thread_id, size)
        if database.dialect == "postgresql":
            async with database.read() as connection:
                touched = await explain(connection, thread_id, (size // 2).to_bytes(4, "big"))
            told.append(f"{name}, a page of 50 from {size:,} comments: {touched}.")
    await database.close()
    return key, told


def measure(name: str, url: str) -> None:
    """Every subject, a line each."""
    subjects = asked_of_the_service()
    with tempfile.TemporaryDirectory(prefix="onereply-bench-") as folder:
        answers = Path(folder) / "answers.json"
        answers.write_bytes(encode({each.key: record(each, ORIGIN) for each in subjects}))
        with answering(answers):
            for each in subjects:
                print(compare(each, name, url), flush=True)


def asked_of_the_service() -> list[Asked]:
    """Reads from threads that do not change, from the database and kept; then posts."""
    page = COMMENTS.format("of-100")
    counts = "/v1/sites/bench/counts?" + "&".join(f"article={number}" for number in range(50))
    deep = [size for size in SIZES if size <= LARGEST]
    posts = "/v1/sites/bench/threads/hot/comments"
    token = token_of(posts, ORIGIN)
    return [
        Asked("page of 50, kept", page),
        Asked("304", page, tag=tag_of(page, ORIGIN)),
        Asked("counts of 50, kept", counts),
        Asked("counts of 50, from the database", counts, token=token),
        Asked("page of 50, from the database", page, token=token),
        *(Asked(f"the same, in the middle of {size:,}", middle(size), token=token) for size in deep),
        Asked("posts, one hot thread", posts, spread="no"),
        Asked("posts, 1,000 threads", posts, spread="yes"),
    ]


def middle(size: int) -> str:
    """The page in the middle of a thread, with the cursor that the service gives at the end of the one before."""
    return COMMENTS.format(f"of-{size}") + "&cursor=" + encode_cursor((size // 2).to_bytes(4, "big"))


def compare(asked: Asked, name: str, url: str) -> Line:
    """The service, the bare app and, for posts, the raw database, in turn."""
    alone = sqlite_rate if name == "SQLite" else postgresql_rate
    rounds = []
    for _ in range(PAIRS):
        rates = [rate(asked, ORIGIN, SECONDS), rate(asked, BARE, SECONDS)]
        rounds.append([*rates, alone(url, SECONDS, spread=asked.spread == "yes") if asked.spread else 0])
    of_raw = median(each[0] / each[2] for each in rounds) if asked.spread else None
    of_bare = median(each[0] / each[1] for each in rounds)
    return Line(asked.name, name, median(each[0] for each in rounds), of_bare, of_raw)


def machine() -> str:
    """What it was measured on."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = models[0].partition(": ")[2] if models else platform.machine()
    wrk = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout.split()[:2]
    return (
        f"{os.cpu_count()} cores of {model}; Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{' '.join(wrk)}; the service, the database and the load share them. Posts are durable and each has a key."
    )


if __name__ == "__main__":
    main()
