"""Classify database failures and log outages.

    DatabaseUnavailable   the database is unreachable or can't work now: starting, stopping, full, read-only, out of
                          connections, or silent beyond the time limit
    Busy                  the database works, but another transaction held a lock for too long

Both are answered with 503 and ``Retry-After``. Every other error is a bug or bad data and is raised unchanged.
PostgreSQL failures are classified by SQLSTATE class (the first two characters; PostgreSQL, appendix A), SQLite
failures by the name of their primary result code.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from service.platform.metrics import DATABASE_ERRORS, DATABASE_UP
from service.platform.problems import Busy, DatabaseUnavailable

Part = Literal["read", "write"]
READ_ONLY = "25006"
# Connection, authorization, catalog name, resources, operator intervention, system and internal errors; and those of
# class 25 for a read-only transaction or a timeout.
UNAVAILABLE_CLASSES = {"08", "28", "3D", "53", "57", "58", "XX"}
UNAVAILABLE_STATES = {READ_ONLY, "25P03", "25P04"}
LASTING_STATES = {"53100"}  # disk_full
BUSY_CLASSES = {"40", "55"}  # deadlocks and serialization failures; locks not available
SQLITE_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")
SQLITE_UNAVAILABLE = (
    "SQLITE_CANTOPEN",
    "SQLITE_CORRUPT",
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_NOMEM",
    "SQLITE_NOTADB",
    "SQLITE_PERM",
    "SQLITE_PROTOCOL",
    "SQLITE_READONLY",
)
RECENT_SECONDS = 5.0
CONNECTION_LOST = "The connection to the database was lost."
TIMED_OUT = "The database did not answer in time."
RECOVERY_SECONDS = 2.0  # an outage ends after this long without failures, because a slow database alternates

log = structlog.get_logger("onereply.database")


def problem_of(error: BaseException) -> Busy | None:
    """The 503 for ``error``; None if the failure is not temporary."""
    if isinstance(error, Busy):
        return error
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, PoolTimeoutError | TimeoutError):
        return DatabaseUnavailable(TIMED_OUT)
    if isinstance(original, OSError):
        return DatabaseUnavailable(f"The database can't be reached: {original}.")
    cause = _first_line(original)
    if _is_busy(original):
        return Busy(cause=cause)
    if _is_unavailable(original) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        return DatabaseUnavailable(cause, lasting=_is_lasting(original))
    return None


def sqlstate_of(error: BaseException | None) -> str:
    """The SQLSTATE of ``error``, or an empty string."""
    original = error.orig if isinstance(error, DBAPIError) else error
    return getattr(original, "sqlstate", None) or ""


def _is_busy(original: BaseException | None) -> bool:
    if getattr(original, "sqlite_errorname", "").startswith(SQLITE_BUSY):
        return True
    # After a migration, statements must be prepared again.
    prepared_before = "InvalidCachedStatementError" in type(original).__name__
    return prepared_before or sqlstate_of(original)[:2] in BUSY_CLASSES


def _is_unavailable(original: BaseException | None) -> bool:
    if getattr(original, "sqlite_errorname", "").startswith(SQLITE_UNAVAILABLE):
        return True
    state = sqlstate_of(original)
    if state:
        return state[:2] in UNAVAILABLE_CLASSES or state in UNAVAILABLE_STATES
    raised = getattr(original, "__cause__", None) or original  # SQLAlchemy raises its error from the driver's
    return isinstance(raised, asyncpg.InterfaceError | asyncpg.InternalClientError) and not isinstance(
        raised, asyncpg.DataError
    )


def _is_lasting(original: BaseException | None) -> bool:
    """Whether the cause is the disk or the files: full, damaged or unreadable."""
    damaged = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB")
    return (
        sqlstate_of(original) in LASTING_STATES
        or sqlstate_of(original)[:2] in {"58", "XX"}
        or getattr(original, "sqlite_errorname", "").startswith(damaged)
    )


def _first_line(error: BaseException | None) -> str:
    state = sqlstate_of(error)
    raised = getattr(error, "__cause__", None) or error
    line = (str(raised).splitlines() or [type(raised).__name__])[0]
    return f"{line} (SQLSTATE {state})" if state else line


class Outages:
    """Logs one line when reads or writes start to fail and one when they work again."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._since: float | None = None
        self._last = 0.0
        self._failures = 0
        self._lasting: DatabaseUnavailable | None = None
        self._lasting_at = 0.0

    @property
    def lasting(self) -> DatabaseUnavailable | None:
        """The disk or file failure of the last :data:`RECENT_SECONDS`, or None."""
        return self._lasting if time.monotonic() - self._lasting_at < RECENT_SECONDS else None

    @contextmanager
    def track(self) -> Iterator[None]:
        """Raise failures in the block as a 503 and count them; see :func:`problem_of`."""
        try:
            yield
        except Exception as error:
            problem = problem_of(error)
            if problem is None:
                raise
            if isinstance(problem, DatabaseUnavailable):
                self._failed(problem)
            elif problem is not error:
                DATABASE_ERRORS.labels("busy").inc()
            if problem is error:
                raise
            raise problem from error
        else:
            if self._since is not None:
                self._succeeded()

    def _failed(self, problem: DatabaseUnavailable) -> None:
        DATABASE_ERRORS.labels("unavailable").inc()
        self._last = time.monotonic()
        self._failures += 1
        if problem.lasting:
            self._lasting, self._lasting_at = problem, self._last
        if self._since is None:
            self._since = self._last
            DATABASE_UP.labels(self._part).set(0)
            log.error("database-unavailable", part=self._part, cause=problem.cause)

    def _succeeded(self) -> None:
        now = time.monotonic()
        if self._since is None or now - self._last < RECOVERY_SECONDS:
            return
        log.warning("database-available", part=self._part, seconds=round(now - self._since, 1), failures=self._failures)
        DATABASE_UP.labels(self._part).set(1)
        self._since, self._failures = None, 0
