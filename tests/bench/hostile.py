"""Hostile load: what honest readers and authors notice of it, and what memory it takes.

``python -m tests.bench.hostile``; part of ``make bench``. One worker and its clients share the machine's cores. The
honest clients have a process of their own (``honest.py``), the hostile ones another with a higher niceness and a fixed
rate (``attacks.py``). They run alternately quiet, attacked, quiet; a ratio is the median of the ratios of the rounds.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import msgspec

from service.conversation.comments.model import CommentRow
from service.conversation.comments.render import render
from service.conversation.threads.register_article import register_thread
from service.platform.sites.edit_site import add_site, change_rules
from service.platform.sites.site_rules import Rules
from service.platform.sites.site_settings import PRESETS
from service.platform.storage.engine import Database
from service.platform.storage.portable import insert_many
from service.platform.storage.revisions import migrate
from tests.bench import attacks, honest
from tests.bench.a_service import QUICK, resident, serving
from tests.bench.paging import grow, row
from tests.bench.streaming import allow_files

SECONDS = 2.0 if QUICK else 10.0
ROUNDS = 1 if QUICK else 3
# The limits as installed, and those of an operator whose machine can't hold so many connections.
ATTACKS: dict[str, tuple[str, dict[str, str]]] = {
    f"{attacks.ADDRESSES:,} addresses, then 500 new ones/s": ("addresses", {}),
    "slow peers from 250 addresses": ("peers", {}),
    "slow peers, 1,000 connections allowed": ("peers", {"ONEREPLY_MAX_CONNECTIONS": "1000"}),
    "slow texts against 10,000 terms, 5 posts/s": ("texts", {}),
    "pages of 200 × `&<`, 5 requests/s": ("markup", {}),
    "random cursors, ids, hosts and paths, 20 requests/s": ("keys", {}),
}
COLUMNS = (
    "p99 ratio",
    "of CPU time",
    "refused, lost",
    "hostile requests answered",
    "% of a core",
    "MB before, during, after",
)
TERMS = tuple(f"aa*{number:x}*z" for number in range(10_000))


class Round(msgspec.Struct):
    """Honest clients' results, the service's memory in MB and its share of a core."""

    results: honest.Results
    memory: float
    busy: float

    def latency(self, percent: int, kind: str) -> float:
        """A percentile of the latency of one kind of request, in milliseconds."""
        return percentile(percent, self.results.latencies[kind])

    def p99(self, *, of_work: bool) -> float:
        """The 99th percentile of all latencies, or of the service's CPU time meanwhile, in milliseconds."""
        kinds = self.results.work if of_work else self.results.latencies
        return percentile(99, [each for values in kinds.values() for each in values])


def percentile(percent: int, seconds: list[float]) -> float:
    """A percentile in milliseconds."""
    return sorted(seconds)[len(seconds) * percent // 100] * 1000


def lines(url: str) -> Iterator[str]:
    """The head of the table, and a line for each attack."""
    allow_files()
    yield "| beside | " + " | ".join([*honest.RATES, *COLUMNS]) + " |"
    yield "|" + " --- |" * (1 + len(honest.RATES) + len(COLUMNS))
    number = 0
    for name, (attack, variables) in ATTACKS.items():
        with serving(url, ONEREPLY_LOG_LEVEL="error", **variables) as process:
            measure(process.pid, SECONDS / 2)
            before = resident(process.pid)
            rounds, answered = [], 0
            for _ in range(ROUNDS):
                quiet = measure(process.pid, SECONDS)
                with attacking(attack, number) as counts:
                    beside = measure(process.pid, SECONDS)
                number += 1_000_000
                answered += counts[0]
                rounds.append((quiet, beside))
            yield line(name, rounds, answered, before, resident(process.pid))


def line(name: str, rounds: list[tuple[Round, Round]], answered: int, before: float, after: float) -> str:
    """A line of the table."""
    kinds = []
    for kind in honest.RATES:
        values = [
            [median(each[place].latency(percent, kind) for each in rounds) for percent in (50, 99)] for place in (0, 1)
        ]
        kinds.append(" → ".join("/".join(f"{value:.1f}" for value in pair) for pair in values))
    ratios = [
        median(beside.p99(of_work=of_work) / quiet.p99(of_work=of_work) for quiet, beside in rounds)
        for of_work in (False, True)
    ]
    refused = sum(beside.results.refused for _, beside in rounds), sum(beside.results.lost for _, beside in rounds)
    busy = [f"{100 * median(each[place].busy for each in rounds):.0f}" for place in (0, 1)]
    during = max(beside.memory for _, beside in rounds)
    columns = [
        name,
        *kinds,
        *(f"{ratio:.1f}" for ratio in ratios),
        f"{refused[0]}, {refused[1]}",
        f"{answered:,}",
        " → ".join(busy),
    ]
    return "| " + " | ".join([*columns, f"{before:.0f}, {during:.0f}, {after:.0f}"]) + " |"


def measure(pid: int, seconds: float) -> Round:
    """Measure the honest clients for ``seconds``."""
    began, used = time.perf_counter(), honest.cpu_seconds(pid)
    command = [sys.executable, "-m", "tests.bench.honest", str(seconds), str(pid)]
    results = msgspec.json.decode(
        subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout, type=honest.Results
    )
    busy = (honest.cpu_seconds(pid) - used) / (time.perf_counter() - began)
    return Round(results, resident(pid), busy)


@contextmanager
def attacking(name: str, number: int) -> Iterator[list[int]]:
    """Attack during the block, once all of the load is there; afterwards the list has the number of answers."""
    counts: list[int] = []
    command = [sys.executable, "-m", "tests.bench.attacks", name, str(number), str(SECONDS + 1)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        yield counts
        counts.append(int(process.stdout.read()))


async def prepare(url: str) -> None:
    """Create the site of the honest clients, with the usual limits, and the one that is attacked."""
    database = Database(url)
    await migrate(database)
    async with database.write() as connection:
        site = await add_site(connection, "gazette", name="Gazette", locale="en", settings=PRESETS["newsroom"])
        page = await register_thread(connection, site, "page", {"title": "Moscow conference"})
        await register_thread(connection, site, "hot", {"title": "Moscow conference"})
        attacked = await add_site(connection, "attacked", name="Attacked", locale="en", settings=PRESETS["open"])
        await change_rules(connection, attacked, Rules(hold_words=TERMS))
        await register_thread(connection, attacked, "hot", {"title": "Moscow conference"})
        markup = await register_thread(connection, attacked, "markup", {"title": "Moscow conference"})
        body = "&<" * 150
        rows = [row(markup.thread.id, place) | {"body": body, "html": render(body)} for place in range(1, 1_001)]
        await insert_many(connection, CommentRow, rows)
    await grow(database, page.thread.id, 10_000)
    await database.close()


def table() -> Iterator[str]:
    """The lines of the table, measured on SQLite."""
    with tempfile.TemporaryDirectory(prefix="onereply-bench-") as folder:
        url = f"sqlite:///{folder}/bench.db"
        asyncio.run(prepare(url))
        yield from lines(url)


if __name__ == "__main__":
    for each in table():
        print(each, flush=True)
