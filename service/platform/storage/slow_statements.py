"""Log slow statements, without the values that readers sent."""

import time
from typing import Any

import structlog
from sqlalchemy import Connection, event
from sqlalchemy.engine.interfaces import DBAPICursor, ExecutionContext
from sqlalchemy.ext.asyncio import AsyncEngine

MAX_TEXT = 500  # characters

log = structlog.get_logger("onereply.database")


def log_slow_statements(engine: AsyncEngine, *, seconds: float) -> None:
    """Log each statement of ``engine`` slower than ``seconds``; 0 logs none."""
    if not seconds:
        return

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def begin(connection: Connection, *_: object) -> None:
        connection.info["statement_started"] = time.perf_counter()

    @event.listens_for(engine.sync_engine, "after_cursor_execute")
    def end(
        connection: Connection,
        _cursor: DBAPICursor,
        statement: str,
        _parameters: Any,
        _context: ExecutionContext | None,
        _many: bool,
    ) -> None:
        elapsed = time.perf_counter() - connection.info["statement_started"]
        if elapsed > seconds:
            log.warning("slow-statement", ms=round(elapsed * 1000), statement=" ".join(statement.split())[:MAX_TEXT])
