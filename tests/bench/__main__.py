"""``make bench``: one table; the service and its yardsticks are measured alternately (A B A B A B).

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

from service.platform.access.api_keys import add_key
from service.platform.http.cursors import encode_cursor
from service.platform.sites.edit_site import find_site
from service.platform.storage.engine import Database
from tests.bench import (
    at_the_desk,
    classifying,
    closing,
    cost_of_rules,
    deciding,
    delivering,
    embedding,
    hostile,
    idling,
    newsroom,
    reviewing,
    screening,
    streaming,
)
from tests.bench.a_service import ARTICLES, BARE, ORIGIN, QUICK, SIZES, answering, databases, fill, resident, serving
from tests.bench.load import Subject, encode, need_wrk, rate, record, tag_of, token_of
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
    print("| requests/s | database | One Reply | of a bare ASGI app | of the raw database |")
    print("| --- | --- | --- | --- | --- |", flush=True)
    notes: list[str] = []
    with databases() as urls:
        for name, url in urls.items():
            key, report = asyncio.run(prepare(name, url))
            host_key = asyncio.run(a_host_key(url))
            moderator_key, newsroom_key = asyncio.run(cost_of_rules.prepare(url)), asyncio.run(newsroom.prepare(url))
            with serving(url) as process, tempfile.TemporaryDirectory(prefix="onereply-bench-") as folder:
                measure(name, url, host_key)
                if name == "SQLite":
                    notes.append(embedding.report("of-100"))
                notes.append(f"{name}, {reviewing.report(ORIGIN, key, size=LARGEST)}.")
                notes.append(f"{name}, {at_the_desk.report(url, ORIGIN, size=LARGEST)}.")
                notes += [*report, f"{name}, {deciding.report(ORIGIN, key)}."]
                asyncio.run(closing.prepare(url))
                notes += closing.report(name, key)
                rules_line = cost_of_rules.report(url, moderator_key, Path(folder), pairs=2 * PAIRS, seconds=SECONDS)
                notes.append(f"{name}, {rules_line}.")
                newsroom_line = newsroom.report(newsroom_key, Path(folder), pairs=2 * PAIRS, seconds=SECONDS)
                notes.append(f"{name}, {newsroom_line}.")
                notes.append(f"{name}: {resident(process.pid):.0f} MB resident at the end.")
            notes += [streaming.report(name, url), *delivering.report(name, url), f"{idling.report(name, url)}."]
    print(
        f"\n{machine()}\n" + "\n".join([*notes, *screening.report(), "", *classifying.report(), "", *hostile.table()])
    )


async def prepare(name: str, url: str) -> tuple[str, list[str]]:
    """Fill the database; return a moderator's key, and the buffers that PostgreSQL reads for a page of each size."""
    key = await fill(url)
    database = Database(url)
    report = []
    for size in SIZES:
        if size > LARGEST:
            continue
        thread_id = ARTICLES.index(f"of-{size}") + 1
        await grow(database, thread_id, size)
        if size == LARGEST:
            await reviewing.queue_cards(database, thread_id, size)
        if database.dialect == "postgresql":
            async with database.read() as connection:
                touched = await explain(connection, thread_id, (size // 2).to_bytes(4, "big"))
            report.append(f"{name}, a page of 50 from {size:,} comments: {touched}.")
    await database.close()
    return key, report


async def a_host_key(url: str) -> str:
    """Add a key of the host, whose reads are not cached, and return it."""
    database = Database(url)
    async with database.write() as connection:
        site = await find_site(connection, "bench")
        key = await add_key(connection, site.id, "host")
    await database.close()
    return key


def measure(name: str, url: str, host_key: str) -> None:
    """Measure every subject and print its line."""
    subjects = subjects_of_service(host_key)
    with tempfile.TemporaryDirectory(prefix="onereply-bench-") as folder:
        answers = Path(folder) / "answers.json"
        answers.write_bytes(encode({each.key: record(each, ORIGIN) for each in subjects}))
        with answering(answers):
            for each in subjects:
                print(compare(each, name, url), flush=True)


def subjects_of_service(host_key: str) -> list[Subject]:
    """Reads of unchanged threads, cached and from the database; then posts."""
    page = COMMENTS.format("of-100")
    counts = "/v1/sites/bench/counts?" + "&".join(f"article={number}" for number in range(50))
    deep = [size for size in SIZES if size <= LARGEST]
    posts = "/v1/sites/bench/threads/hot/comments"
    return [
        Subject("page of 50, cached", page),
        Subject("the same for a reader who wrote elsewhere", page, token=token_of(posts, ORIGIN)),
        Subject("304", page, tag=tag_of(page, ORIGIN)),
        Subject("counts of 50, cached", counts),
        Subject("counts of 50, from the database", counts, token=host_key),
        Subject("page of 50, from the database", page, token=host_key),
        *(Subject(f"the same, in the middle of {size:,}", middle(size), token=host_key) for size in deep),
        Subject("posts, one hot thread", posts, spread="no"),
        Subject("posts, 1,000 threads", posts, spread="yes"),
    ]


def middle(size: int) -> str:
    """The page in the middle of a thread, by its cursor."""
    return COMMENTS.format(f"of-{size}") + "&cursor=" + encode_cursor((size // 2).to_bytes(4, "big"))


def compare(subject: Subject, name: str, url: str) -> Line:
    """Measure the service, the bare app and, for posts, the raw database alternately."""
    alone = sqlite_rate if name == "SQLite" else postgresql_rate
    rounds = []
    for _ in range(PAIRS):
        rates = [rate(subject, ORIGIN, SECONDS), rate(subject, BARE, SECONDS)]
        rounds.append([*rates, alone(url, SECONDS, spread=subject.spread == "yes") if subject.spread else 0])
    of_raw = median(each[0] / each[2] for each in rounds) if subject.spread else None
    of_bare = median(each[0] / each[1] for each in rounds)
    return Line(subject.name, name, median(each[0] for each in rounds), of_bare, of_raw)


def machine() -> str:
    """A description of this machine."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = models[0].partition(": ")[2] if models else platform.machine()
    wrk = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout.split()[:2]
    return (
        f"{os.cpu_count()} cores of {model}; Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{' '.join(wrk)}; the service, the database and the load share them. Posts are durable and each has a key."
    )


if __name__ == "__main__":
    main()
