"""Liveness, readiness and metrics."""

import asyncio
import hmac
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response

from service.integrations.endpoints.endpoint_store import max_lag_by_site
from service.platform.access.platform_state import ServerState
from service.platform.events.read_log import head_positions
from service.platform.http.app_state import database_of, state_of
from service.platform.http.raw_routes import json_response
from service.platform.metrics import LOG_POSITION, MEDIA_TYPE, WEBHOOK_LAG, exposition
from service.platform.problems import Busy, NotFound, Unauthenticated
from service.platform.storage.engine import Database
from service.platform.storage.revisions import current_revision, revision_problem

NO_STORE = {"cache-control": "no-store"}
READY_SECONDS = 1.0


async def get_healthz(_request: Request) -> Response:
    """Liveness check: the process answers."""
    return json_response({"status": "ok"}, headers=NO_STORE)


async def get_readyz(request: Request) -> Response:
    """Readiness check: reads and writes work, and the tables are at this release's revision.

    Each part has one second. Raises :class:`NotReady` or :class:`Busy`.
    """
    database = database_of(request)
    read, write = await asyncio.gather(_try_read(database), _try_write(database))
    if isinstance(read, Busy) or isinstance(write, Busy):
        causes = {"read": read, "write": write}
        raise NotReady({part: error for part, error in causes.items() if isinstance(error, Busy)})
    if problem := revision_problem(read):
        raise Busy(problem)
    return json_response({"status": "ready", "revision": read}, headers=NO_STORE)


class NotReady(Busy):
    """The database can't serve requests; ``down`` lists the failing parts: ``read``, ``write``."""

    def __init__(self, causes: dict[str, Busy]) -> None:
        parts = " and ".join({"read": "read", "write": "written"}[part] for part in causes)
        super().__init__(f"The database can't be {parts}.")
        self.members["down"] = list(causes)
        self.cause = "; ".join(f"{part}: {error.cause}" for part, error in causes.items())


async def _try_read(database: Database) -> str | Busy | None:
    """The revision of the tables (None without tables), or the error of the read."""
    try:
        async with database.read(within=READY_SECONDS) as connection:
            return await current_revision(connection)
    except Busy as error:
        return error


async def _try_write(database: Database) -> Busy | None:
    """None, or the error that a post would get."""
    try:
        await database.check_writer(within=READY_SECONDS)
    except Busy as error:
        return error
    return None


async def get_metrics(request: Request) -> Response:
    """Metrics for Prometheus. The scraper must send the metrics key; without a configured key this is 404.

    Metrics that come from the database keep their last values while it can't be read.
    """
    key = state_of(request, ServerState).metrics_key
    if key is None:
        raise NotFound
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {key}".encode()):
        raise Unauthenticated(given=bool(given))
    with suppress(Busy):
        async with database_of(request).read(within=READY_SECONDS) as connection:
            for site, position in (await head_positions(connection)).items():
                LOG_POSITION.labels(site).set(position)
            for site, lag in (await max_lag_by_site(connection)).items():
                WEBHOOK_LAG.labels(site).set(lag)
    return Response(exposition(), headers={**NO_STORE, "content-type": MEDIA_TYPE})
