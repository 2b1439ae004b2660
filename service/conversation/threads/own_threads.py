"""Close, reopen and hold threads for a caller, who may be limited to sections."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.threads.close_thread import close_thread, reopen_thread
from service.conversation.threads.lock_threads import lock_thread
from service.conversation.threads.model import Thread
from service.conversation.threads.set_mode import set_mode
from service.platform.access.caller import Caller
from service.platform.sites.site_settings import Mode
from service.platform.storage.engine import Database


async def close_own_thread(
    database: Database, caller: Caller, article: str, *, at: datetime | None, reason: str | None
) -> Thread:
    """Close a thread as :func:`close_thread` does; raises NotFound outside the caller's sections."""
    async with database.write() as connection:
        await _require_own_section(connection, caller, article)
        return await close_thread(connection, caller.site, article, at=at, reason=reason, by=caller.actor)


async def reopen_own_thread(database: Database, caller: Caller, article: str, *, at: datetime | None) -> Thread:
    """Reopen a thread as :func:`reopen_thread` does; raises NotFound outside the caller's sections."""
    async with database.write() as connection:
        await _require_own_section(connection, caller, article)
        return await reopen_thread(connection, caller.site, article, at=at, by=caller.actor)


async def set_own_mode(
    database: Database, caller: Caller, article: str, *, mode: Mode | None, reason: str | None
) -> Thread:
    """Set a thread's mode as :func:`set_mode` does; raises NotFound outside the caller's sections."""
    async with database.write() as connection:
        await _require_own_section(connection, caller, article)
        return await set_mode(connection, caller.site, article, mode=mode, reason=reason, by=caller.actor)


async def _require_own_section(connection: AsyncConnection, caller: Caller, article: str) -> None:
    if caller.own_sections is not None:
        caller.require_section((await lock_thread(connection, caller.site.id, article)).section)
