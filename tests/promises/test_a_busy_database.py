"""Promises 2 and 3 under pressure: whoever can't be taken now is told so, with 503, and nothing is half done."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from time import monotonic
from typing import Any

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from service.app import App, create_app
from service.platform.storage.engine import Database
from service.platform.storage.postgresql import LOCK_TIMEOUT_SECONDS
from service.settings import Settings
from tests.builders import ASite, AThread, a_comment, a_site, a_thread
from tests.conftest import SECRET_KEY
from tests.promises.crossing import held_up, post_together, until_waiting
from tests.promises.proving import findings, whole_log

on_postgresql = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
PATIENCE = 1
END_CONNECTIONS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def is_busy(response: httpx2.Response) -> bool:
    return (response.status_code, response.json()["type"]) == (503, "/problems/busy") and bool(
        int(response.headers["retry-after"])
    )


async def test_a_full_queue_turns_away_whoever_comes_next(own_site: ASite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.conversation.comments.group_commit.MAX_QUEUE", 5)
    thread = await a_thread(own_site)
    async with held_up(own_site, posts=5):
        waiting = [asyncio.create_task(thread.post(f"Post {number}.")) for number in range(5)]
        await until_waiting(own_site, 5)
        assert is_busy(await thread.post("One too many."))
    assert [(await post).status_code for post in waiting] == [201] * 5
    assert (await thread.post("Now there is room.")).status_code == 201
    assert await findings(own_site.app) == []


@asynccontextmanager
async def locked(url: str, statement: str, **parameters: object) -> AsyncIterator[None]:
    """Another connection holds what ``statement`` locks."""
    other = Database(url)
    async with other.write() as connection:
        await connection.execute(text(statement), parameters)
        yield
    await other.close()


@on_postgresql
async def test_a_group_that_meets_a_locked_thread_goes_on_without_it(own_site: ASite, fresh_database_url: str) -> None:
    stuck, *others = [await a_thread(own_site) for _ in range(4)]
    lock = "SELECT id FROM threads WHERE article = :article FOR UPDATE"
    async with locked(fresh_database_url, lock, article=stuck.article):
        began = monotonic()
        answers = await post_together(
            [(thread, "Does it get through?") for thread in [others[0], stuck, *others, stuck]]
        )
        assert monotonic() - began < 3 * LOCK_TIMEOUT_SECONDS
    assert [answer.status_code for answer in answers] == [201, 503, 201, 201, 201, 503]
    assert is_busy(answers[1])
    assert (await stuck.post("And now?")).status_code == 201
    assert len(await whole_log(own_site)) == 4 + 5
    assert await findings(own_site.app) == []


@pytest.mark.slow
@on_postgresql
async def test_a_locked_log_keeps_everybody_waiting_and_loses_nothing(own_site: ASite, fresh_database_url: str) -> None:
    thread = await a_thread(own_site)
    async with locked(fresh_database_url, "SELECT id FROM sites FOR UPDATE"):
        post, close = asyncio.create_task(thread.post()), asyncio.create_task(thread.close())
        assert is_busy(await post)
        assert is_busy(await close)
    assert (await thread.post()).status_code == 201
    assert [event["type"] for event in await whole_log(own_site)] == ["thread.created", "comment.published"]


@on_postgresql
@pytest.mark.parametrize("operation", ["post", "close", "page"])
async def test_after_the_database_was_gone_for_a_moment_nobody_gets_a_500(own_site: ASite, operation: str) -> None:
    thread = await a_thread(own_site)
    await a_comment(thread)
    await end_connections(own_site.app)
    operations: dict[str, Callable[[], Awaitable[Any]]] = {
        "post": thread.post,
        "close": thread.close,
        "page": thread.pages,
    }
    answer = await operations[operation]()
    assert operation == "page" or answer.status_code in {200, 201} or is_busy(answer)
    await thread.reopen()
    assert (await thread.post()).status_code == 201
    assert await findings(own_site.app) == []


@on_postgresql
async def test_a_process_can_stop_while_the_database_is_gone(fresh_database_url: str) -> None:
    app = create_app(Settings(secret_key=SECRET_KEY, database_url=fresh_database_url))
    async with app.router.lifespan_context(app):
        async with a_site(app) as site:
            await a_thread(site)
        await end_connections(app)


async def end_connections(app: App) -> None:
    """End all connections of the database but the one that is used for it, as a database does that starts again."""
    async with app.state.database.read() as connection:
        await connection.execute(text(END_CONNECTIONS))


@pytest.fixture
def impatient(own_app: App) -> None:
    """The time limit is a second, so that the test need not wait for five."""
    own_app.state.database.time_limit = PATIENCE


@contextmanager
def kept_by_another(url: str) -> Iterator[None]:
    """Another program, which knows nothing of turnstiles, writes in the SQLite file."""
    other = sqlite3.connect(make_url(url).database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


@asynccontextmanager
async def kept_by_a_process(url: str) -> AsyncIterator[None]:
    """Another of the service's own processes is writing, and does not come to an end."""
    other = Database(url)
    async with other.write():
        yield
    await other.close()


async def prove_busy(site: ASite, threads: list[AThread], posted: str, token: str) -> None:
    """Whatever writes is told that the database is busy, not much later than its patience; reading goes on."""
    began = monotonic()
    answers = await asyncio.gather(*(thread.post("Hello?") for thread in threads))
    assert all(is_busy(answer) for answer in answers)
    assert monotonic() - began < 3 * PATIENCE
    comment = f"/comments/{posted}"
    assert is_busy(await site.call("PATCH", comment, by=token, json={"body": "Hello!"}))
    assert is_busy(await threads[0].close())
    assert len(await threads[0].pages()) == 1


@pytest.mark.slow
@on_sqlite
@pytest.mark.parametrize("kept", ["by another program", "by another process"])
async def test_busy_past_the_timeout_is_told_as_busy(
    impatient: None, own_site: ASite, fresh_database_url: str, kept: str
) -> None:
    threads = [await a_thread(own_site) for _ in range(8)]
    posted = await a_comment(threads[0])
    if kept == "by another program":
        with kept_by_another(fresh_database_url):
            await prove_busy(own_site, threads, posted["comment"]["id"], posted["author_token"])
    else:
        async with kept_by_a_process(fresh_database_url):
            await prove_busy(own_site, threads, posted["comment"]["id"], posted["author_token"])
    assert [answer.status_code for answer in await asyncio.gather(*(thread.post() for thread in threads))] == [201] * 8
    assert len(await whole_log(own_site)) == 8 + 1 + 8
    assert await findings(own_site.app) == []
