"""HTTP endpoint to erase a reader."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from service.moderation.erasure.erase_reader import erase_reader
from service.platform.access.caller import Caller
from service.platform.http.app_state import database_of, gate_of
from service.platform.http.raw_routes import path_parameter
from service.platform.problems import NotFound


async def delete_reader(request: Request, caller: Caller) -> Response:
    """Erase a reader."""
    try:
        reader_id = UUID(path_parameter(request, "reader"))
    except ValueError:
        raise NotFound from None
    fingerprints = gate_of(request).fingerprints
    await erase_reader(database_of(request), fingerprints, caller.site, reader_id, by=caller.actor)
    return Response(status_code=204)
