"""What the service promises while its database is lost, locked or full, proved by a real process and real clients.

Every answer is a 2xx or a 503, and comes soon. Every acknowledged comment is there afterwards, once. Writes come back
without a restart. ``/readyz`` is 503 while nothing can be written. SIGTERM ends the process in time, also meanwhile.
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
from tests.promises.programs import begin_process, settings_of
from tests.promises.proving import findings
from tests.promises.serving import COMMAND, Server

THREADS = 3
WARM_UP_SECONDS = 60
ANSWER_SECONDS = 10  # 5 are promised; the rest is for a busy machine
DETECTION_SECONDS = 3  # until /readyz has noticed
BACK_SECONDS = 20
SHUTDOWN_SECONDS = 3
SHUTDOWN_SLACK_SECONDS = 3

Fault = AbstractAsyncContextManager[None]


@dataclass(frozen=True)
class Outage:
    """``fault`` begins the outage where its block begins, and ends it with the block, ``seconds`` later.

    The service is given ``url``. ``before`` and ``after``, by default the same, lead to the database past the fault.
    ``writes_stop`` says whether nothing at all can be written meanwhile.
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
    """How it went: when the outage ``began`` and ``ended`` (monotonic), and seconds; ``back`` is None for never."""

    began: float
    ended: float
    back: float | None
    shutdown: float
    traffic: Traffic


async def prove_survived(outage: Outage) -> None:
    """Put a service under traffic, have the outage, and prove the promises; a row of figures is printed."""
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
    """Have the outage under traffic to ``server``; the process ``other`` is told to end in its middle."""
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
    """A migrated database's site, with threads; the app that made them is gone."""
    database = Database(url, read_connections=1)
    await migrate(database)
    await database.close()
    app = create_app(an_installation(url))
    async with app.router.lifespan_context(app), a_site(app) as site:
        return [await a_thread(site) for _ in range(THREADS)]


@asynccontextmanager
async def a_service(url: str) -> AsyncIterator[Server]:
    """A process that serves ``url`` until the end of the block; it listens, and may not be ready."""
    settings = settings_of(url, {"shutdown_seconds": str(SHUTDOWN_SECONDS)})
    server = Server(await begin_process(COMMAND, settings), url)
    try:
        async with asyncio.timeout(WARM_UP_SECONDS):
            await server.told()
        yield server
    finally:
        await end(server)


async def seconds_to_shut_down(server: Server, threads: Sequence[AThread]) -> float:
    """How long the process lives after SIGTERM, with posts in flight; it is killed where it won't end."""
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
    """Tell the process to stop, and kill it where it is still there long after its limit."""
    try:
        async with asyncio.timeout(SHUTDOWN_SECONDS + 2 * SHUTDOWN_SLACK_SECONDS):
            await server.stop()
    except TimeoutError:
        await server.kill()


def print_row(name: str, course: Course) -> None:
    """A row of the table: the case, the slowest answer, how many of each status, seconds to recover and to end."""
    answers = course.traffic.answers
    statuses = Counter(str(answer.status or "none") for answer in answers)
    told = ", ".join(f"{status}: {number}" for status, number in sorted(statuses.items()))
    slowest = max(answer.seconds for answer in answers)
    back = "never" if course.back is None else f"{course.back:.1f} s"
    print(f"\n| {name} | slowest {slowest:.1f} s | {told} | back after {back} | SIGTERM {course.shutdown:.1f} s |")


def broken_answers(answers: Sequence[Answer]) -> list[str]:
    """A line for each kind of answer that is neither a 2xx nor a 503, and for each that came too late."""
    wrong = Counter(
        f"{each.kind}: {each.status or 'no answer'}"
        for each in answers
        if each.status is None or (each.status != 503 and not 200 <= each.status < 300)
    )
    late = Counter(f"{each.kind}: slower than {ANSWER_SECONDS} s" for each in answers if each.seconds > ANSWER_SECONDS)
    return [f"{line} ({number} times)" for line, number in (wrong + late).items()]


def wrongly_ready(course: Course) -> list[str]:
    """Whether ``/readyz`` said during the outage that the service is ready, or said nothing at all."""
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
    """What is wrong with what the database holds: a comment that is missing or there twice, or a finding of verify."""
    app = create_app(an_installation(url))
    async with app.router.lifespan_context(app):
        site = threads[0].site.at(app)
        met: Counter[str] = Counter()
        for thread in threads:
            comments = await AThread(site, thread.article).pages(limit=200, by="host")
            met.update(comment["html"].removeprefix("<p>").removesuffix("</p>") for comment in comments)
        wrong = await findings(app)
    missing, twice = acknowledged - met.keys(), [words for words, times in met.items() if times > 1]
    wrong += [f"{len(missing)} acknowledged comments are missing"] if missing else []
    return wrong + ([f"{len(twice)} comments are there twice"] if twice else [])
