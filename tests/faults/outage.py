"""The promises of the service while its database is lost, locked or full, tested with a real process and real clients.

Every answer is a 2xx or a 503, in time. Every acknowledged comment is there afterwards, once. Writes recover without a
restart. ``/readyz`` is 503 while nothing can be written. SIGTERM ends the process in time, also during the outage.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from time import monotonic

from service.app import create_app
from service.platform.storage.engine import Database
from service.platform.storage.revisions import migrate
from tests.builders import AThread, a_site, a_thread
from tests.conftest import an_installation
from tests.faults.traffic import Answer, Traffic
from tests.promises.checks import verify_errors
from tests.promises.processes import settings_of, start_process
from tests.promises.service_process import COMMAND, Server

THREADS = 3
WARM_UP_SECONDS = 60
ANSWER_SECONDS = 10  # the promise is 5; the rest is slack for a busy machine
DETECTION_SECONDS = 3  # until /readyz has noticed
BACK_SECONDS = 20
SHUTDOWN_SECONDS = 3
SHUTDOWN_SLACK_SECONDS = 3

Fault = AbstractAsyncContextManager[None]


@dataclass(frozen=True)
class Outage:
    """``fault`` is a block during which the outage lasts, for ``seconds``.

    The service uses ``url``. ``before`` and ``after``, by default the same, are URLs of the database that avoid the
    fault. ``writes_stop`` says whether all writes fail during the outage.
    """

    name: str
    url: str
    fault: Callable[[], Fault]
    seconds: float = 8
    writes_stop: bool = True
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True)
class Course:
    """The course of an outage: its start and end (monotonic), and seconds to recover (None: never) and shut down."""

    began: float
    ended: float
    back: float | None
    shutdown: float
    traffic: Traffic


async def prove_survived(outage: Outage) -> None:
    """Run a service under traffic, cause the outage, and check the promises; print a row of figures."""
    threads = await prepared_threads(outage.before or outage.url)
    async with a_service(outage.url) as server, a_service(outage.url) as other:
        course = await run_through(outage, server, other, threads)
    print_row(outage.name, course)
    broken = broken_answers(course.traffic.answers)
    if outage.writes_stop:
        broken += wrongly_ready(course)
    if course.back is None or course.back > BACK_SECONDS:
        broken.append(f"writes and /readyz were back after {course.back} s")
    if course.shutdown > SHUTDOWN_SECONDS + SHUTDOWN_SLACK_SECONDS:
        broken.append(f"SIGTERM took {course.shutdown:.1f} s")
    broken += await missing_comments(outage.after or outage.url, threads, course.traffic.acknowledged)
    assert not broken, f"{outage.name}: {broken}"


async def run_through(outage: Outage, server: Server, other: Server, threads: Sequence[AThread]) -> Course:
    """Cause the outage under traffic to ``server``; stop the process ``other`` in the middle."""
    async with Traffic.to(server, threads) as traffic:
        warm = await traffic.until_recovered(threads, since=monotonic(), seconds=WARM_UP_SECONDS)
        assert warm is not None, server.log[-3:]
        began = monotonic()
        async with outage.fault():
            await asyncio.sleep(outage.seconds / 2)
            shutdown = await seconds_to_shut_down(other, threads)
            await asyncio.sleep(max(0, began + outage.seconds - monotonic()))
            ended = monotonic()
        back = await traffic.until_recovered(threads, since=monotonic(), seconds=2 * BACK_SECONDS)
    return Course(began, ended, back, shutdown, traffic)


async def prepared_threads(url: str) -> list[AThread]:
    """Migrate the database, and add a site with threads."""
    database = Database(url, read_connections=1)
    await migrate(database)
    await database.close()
    app = create_app(an_installation(url))
    async with app.router.lifespan_context(app), a_site(app) as site:
        return [await a_thread(site) for _ in range(THREADS)]


@asynccontextmanager
async def a_service(url: str) -> AsyncIterator[Server]:
    """A process that serves the database at ``url`` during the block; it listens, but may not be ready."""
    settings = settings_of(url, {"shutdown_seconds": str(SHUTDOWN_SECONDS)})
    server = Server(await start_process(COMMAND, settings), url)
    try:
        async with asyncio.timeout(WARM_UP_SECONDS):
            await server.ready_text()
        yield server
    finally:
        await end(server)


async def seconds_to_shut_down(server: Server, threads: Sequence[AThread]) -> float:
    """Seconds from SIGTERM to the end of the process, with posts in flight; it is killed if it does not end."""
    async with server.client() as client:
        posts = [
            asyncio.create_task(AThread(replace(thread.site, client=client), thread.article).post(f"To the end {n}."))
            for n, thread in enumerate(threads)
        ]
        await asyncio.sleep(0.2)
        began = monotonic()
        await end(server)
        seconds = monotonic() - began
        await asyncio.gather(*posts, return_exceptions=True)
    return seconds


async def end(server: Server) -> None:
    """Stop the process, and kill it if it is still running long after its limit."""
    try:
        async with asyncio.timeout(SHUTDOWN_SECONDS + 2 * SHUTDOWN_SLACK_SECONDS):
            await server.stop()
    except TimeoutError:
        await server.kill()


def print_row(name: str, course: Course) -> None:
    """Print a row of the table: case, slowest answer, answers by status, seconds to recover and to shut down."""
    answers = course.traffic.answers
    statuses = Counter(str(answer.status or "none") for answer in answers)
    counts = ", ".join(f"{status}: {number}" for status, number in sorted(statuses.items()))
    slowest = max(answer.seconds for answer in answers)
    back = "never" if course.back is None else f"{course.back:.1f} s"
    print(f"\n| {name} | slowest {slowest:.1f} s | {counts} | back after {back} | SIGTERM {course.shutdown:.1f} s |")


def broken_answers(answers: Sequence[Answer]) -> list[str]:
    """A line for each kind of answer that is neither 2xx nor 503, or too slow."""
    wrong = Counter(
        f"{each.kind}: {each.status or 'no answer'}"
        for each in answers
        if each.status is None or (each.status != 503 and not 200 <= each.status < 300)
    )
    late = Counter(f"{each.kind}: slower than {ANSWER_SECONDS} s" for each in answers if each.seconds > ANSWER_SECONDS)
    return [f"{line} ({number} times)" for line, number in (wrong + late).items()]


def wrongly_ready(course: Course) -> list[str]:
    """A line if ``/readyz`` was not 503 during the outage, or gave no answer at all."""
    told = [
        each
        for each in course.traffic.answers
        if each.kind == "readyz"
        and each.began >= course.began + DETECTION_SECONDS
        and each.began + each.seconds <= course.ended
    ]
    ready = sum(1 for each in told if each.status != 503)
    return [f"/readyz was not 503 in {ready} of {len(told)} answers"] if ready or not told else []


async def missing_comments(url: str, threads: Sequence[AThread], acknowledged: set[str]) -> list[str]:
    """The errors in the database: missing or duplicate comments, and findings of verify."""
    app = create_app(an_installation(url))
    async with app.router.lifespan_context(app):
        site = threads[0].site.at(app)
        met: Counter[str] = Counter()
        for thread in threads:
            comments = await AThread(site, thread.article).pages(limit=200, by="host")
            met.update(comment["html"].removeprefix("<p>").removesuffix("</p>") for comment in comments)
        wrong = await verify_errors(app)
    missing, twice = acknowledged - met.keys(), [words for words, times in met.items() if times > 1]
    wrong += [f"{len(missing)} acknowledged comments are missing"] if missing else []
    return wrong + ([f"{len(twice)} comments are there twice"] if twice else [])
