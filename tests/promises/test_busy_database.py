"""Promises 2 and 3 when the database is busy: requests get 503, and none is half done."""

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
from tests.promises.checks import verify_errors, whole_log
from tests.promises.shared_batch import post_together, wait_for_queue, writer_held

on_postgresql = pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
TIME_LIMIT = 1
END_CONNECTIONS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def is_busy(response: httpx2.Response) -> bool:
    return (response.status_code, response.json()["type"]) == (503, "/problems/busy") and bool(
        int(response.headers["retry-after"])
    )


async def test_a_full_queue_answers_503(own_site: ASite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.conversation.comments.group_commit.MAX_QUEUE", 5)
    thread = await a_thread(own_site)
    async with writer_held(own_site, posts=5):
        waiting = [asyncio.create_task(thread.post(f"Post {number}.")) for number in range(5)]
        await wait_for_queue(own_site, 5)
        assert is_busy(await thread.post("One too many."))
    assert [(await post).status_code for post in waiting] == [201] * 5
    assert (await thread.post("Now there is room.")).status_code == 201
    assert await verify_errors(own_site.app) == []


@asynccontextmanager
async def locked(url: str, statement: str, **parameters: object) -> AsyncIterator[None]:
    """Another connection holds the locks of ``statement``."""
    other = Database(url)
    async with other.write() as connection:
        await connection.execute(text(statement), parameters)
        yield
    await other.close()


@on_postgresql
async def test_a_batch_with_a_locked_thread_commits_the_other_posts(own_site: ASite, fresh_database_url: str) -> None:
    stuck, *others = [await a_thread(own_site) for _ in range(4)]
    lock = "SELECT id FROM threads WHERE article = :article FOR UPDATE"
    async with locked(fresh_database_url, lock, article=stuck.article):
        started = monotonic()
        answers = await post_together(
            [(thread, "Does it get through?") for thread in [others[0], stuck, *others, stuck]]
        )
        assert monotonic() - started < 3 * LOCK_TIMEOUT_SECONDS
    assert [answer.status_code for answer in answers] == [201, 503, 201, 201, 201, 503]
    assert is_busy(answers[1])
    assert (await stuck.post("And now?")).status_code == 201
    assert len(await whole_log(own_site)) == 4 + 5
    assert await verify_errors(own_site.app) == []


@pytest.mark.slow
@on_postgresql
async def test_a_locked_log_delays_writes_and_loses_none(own_site: ASite, fresh_database_url: str) -> None:
    thread = await a_thread(own_site)
    async with locked(fresh_database_url, "SELECT id FROM sites FOR UPDATE"):
        post, close = asyncio.create_task(thread.post()), asyncio.create_task(thread.close())
        assert is_busy(await post)
        assert is_busy(await close)
    assert (await thread.post()).status_code == 201
    assert [event["type"] for event in await whole_log(own_site)] == ["thread.created", "comment.published"]


@on_postgresql
@pytest.mark.parametrize("operation", ["post", "close", "page"])
async def test_after_lost_connections_no_request_gets_a_500(own_site: ASite, operation: str) -> None:
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
    assert await verify_errors(own_site.app) == []


@on_postgresql
async def test_a_process_can_stop_without_connections(fresh_database_url: str) -> None:
    app = create_app(Settings(secret_key=SECRET_KEY, database_url=fresh_database_url))
    async with app.router.lifespan_context(app):
        async with a_site(app) as site:
            await a_thread(site)
        await end_connections(app)


async def end_connections(app: App) -> None:
    """End all other connections of the database, as a restart does."""
    async with app.state.database.read() as connection:
        await connection.execute(text(END_CONNECTIONS))


@pytest.fixture
def short_time_limit(own_app: App) -> None:
    """Set the time limit to one second, so the test does not wait for five."""
    own_app.state.database.time_limit = TIME_LIMIT


@contextmanager
def locked_by_another_program(url: str) -> Iterator[None]:
    """Another program, not ours, writes in the SQLite file."""
    other = sqlite3.connect(make_url(url).database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


@asynccontextmanager
async def locked_by_another_process(url: str) -> AsyncIterator[None]:
    """Another process of the service holds a write transaction."""
    other = Database(url)
    async with other.write():
        yield
    await other.close()


async def check_busy(site: ASite, threads: list[AThread], posted: str, token: str) -> None:
    """Check that writes get 503 soon after the time limit, and that reads work."""
    started = monotonic()
    answers = await asyncio.gather(*(thread.post("Hello?") for thread in threads))
    assert all(is_busy(answer) for answer in answers)
    assert monotonic() - started < 3 * TIME_LIMIT
    comment = f"/comments/{posted}"
    assert is_busy(await site.call("PATCH", comment, by=token, json={"body": "Hello!"}))
    assert is_busy(await threads[0].close())
    assert len(await threads[0].pages()) == 1


@pytest.mark.slow
@on_sqlite
@pytest.mark.parametrize("locked_by", ["by another program", "by another process"])
async def test_writes_get_503_past_the_time_limit(
    short_time_limit: None, own_site: ASite, fresh_database_url: str, locked_by: str
) -> None:
    threads = [await a_thread(own_site) for _ in range(8)]
    posted = await a_comment(threads[0])
    if locked_by == "by another program":
        with locked_by_another_program(fresh_database_url):
            await check_busy(own_site, threads, posted["comment"]["id"], posted["author_token"])
    else:
        async with locked_by_another_process(fresh_database_url):
            await check_busy(own_site, threads, posted["comment"]["id"], posted["author_token"])
    assert [answer.status_code for answer in await asyncio.gather(*(thread.post() for thread in threads))] == [201] * 8
    assert len(await whole_log(own_site)) == 8 + 1 + 8
    assert await verify_errors(own_site.app) == []
