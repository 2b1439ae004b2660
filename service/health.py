"""Whether the service lives, and whether it can do its work."""

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from service.storage.engine import database_of
from service.storage.revisions import current_revision, head_revision
from service.web.problems import Busy, Unreachable
from service.web.routing import json_response

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
