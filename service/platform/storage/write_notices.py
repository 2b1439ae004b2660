"""Tell other processes on the same PostgreSQL that this one wrote, so that quiet ones need not look often.

A notice may be lost, for example behind a pooler in transaction mode; whoever listens must also look now and then.

*Why after the commit*: NOTIFY takes one lock at commit, and every commit of a post would wait for it.
"""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import structlog

from service.platform.storage.postgresql import Server

CHANNEL = "onereply_writes"
PAUSE_SECONDS = 0.1  # between two notices
TIMEOUT_SECONDS = 5.0
RETRY_SECONDS = 5.0

log = structlog.get_logger("onereply.database")


async def send_notices(server: Server, written: asyncio.Event) -> None:
    """Send a notice after each time that ``written`` is set."""

    async def send(connection: asyncpg.Connection) -> None:
        while True:
            await written.wait()
            written.clear()
            await connection.execute(f"NOTIFY {CHANNEL}", timeout=TIMEOUT_SECONDS)
            await asyncio.sleep(PAUSE_SECONDS)

    await _keep_connected(server, send)


async def receive_notices(server: Server, call: Callable[[], None]) -> None:
    """Call ``call`` for each notice, and when the connection is made."""

    async def receive(connection: asyncpg.Connection) -> None:
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())
        await connection.add_listener(CHANNEL, lambda *_: call())
        call()
        await ended.wait()

    await _keep_connected(server, receive)


async def _keep_connected(server: Server, work: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
    """Run ``work`` with a connection of its own; after a failure, do so again with another one."""
    while True:
        try:
            await server.is_pooled()
            connection = await server.connect({})
            try:
                await work(connection)
            finally:
                connection.terminate()
        except Exception as error:  # a notice only saves time
            log.debug("write-notices-interrupted", reason=str(error))
        await asyncio.sleep(RETRY_SECONDS)
