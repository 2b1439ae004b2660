"""Whether the service lives, whether it can do its work, and how much of it there is."""

import hmac

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from service.events.reading import head_positions
from service.storage.engine import database_of
from service.storage.revisions import current_revision, head_revision
from service.web.measuring import LOG_POSITION, MEDIA_TYPE, WEBHOOKS_BEHIND, exposed
from service.web.problems import Busy, NotFound, Unauthenticated, Unreachable
from service.web.routing import json_response
from service.webhooks.endpoints import most_behind

NO_STORE = {"cache-control": "no-store"}


async def get_healthz(_request: Request) -> Response:
    """The process answers."""
    return json_response({"status": "ok"}, headers=NO_STORE)


async def get_readyz(request: Request) -> Response:
    """The database answers, and its tables are those of this release."""
    try:
        async with database_of(request).read() as connection:
            revision = await current_revision(connection)
    except (SQLAlchemyError, Unreachable):
        raise Busy("The database can't be reached.") from None
    if revision != head_revision():
        raise Busy("The database is not at this release's revision; run “onereply migrate”.")
    return json_response({"status": "ready", "revision": revision}, headers=NO_STORE)


async def get_metrics(request: Request) -> Response:
    """Numbers for Prometheus, for whoever has the key; without one there is nothing here."""
    key: str | None = request.app.state.metrics_key
    if key is None:
        raise NotFound
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {key}".encode()):
        raise Unauthenticated(given=bool(given))
    async with database_of(request).read() as connection:
        for site, position in (await head_positions(connection)).items():
            LOG_POSITION.labels(site).set(position)
        for site, behind in (await most_behind(connection)).items():
            WEBHOOKS_BEHIND.labels(site).set(behind)
    return Response(exposed(), headers={**NO_STORE, "content-type": MEDIA_TYPE})
