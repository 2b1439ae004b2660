"""HTTP endpoints for the transparency report."""

from starlette.requests import Request
from starlette.responses import Response

from service.moderation.transparency.transparency_report import make_report, report_as_csv
from service.moderation.transparency.wire import TransparencyOut, TransparencyQuery
from service.platform.access.caller import Caller
from service.platform.http.app_state import database_of
from service.platform.http.conditional import PRIVATE
from service.platform.http.decode import decode_query
from service.platform.http.raw_routes import json_response


async def get_transparency(request: Request, caller: Caller) -> Response:
    """Get the transparency report."""
    return json_response(await _report(request, caller), headers=PRIVATE)


async def get_transparency_csv(request: Request, caller: Caller) -> Response:
    """Get the transparency report as CSV."""
    content = report_as_csv(await _report(request, caller))
    name = f'attachment; filename="{caller.site.slug}-transparency.csv"'
    return Response(content, headers={**PRIVATE, "content-disposition": name}, media_type="text/csv")


async def _report(request: Request, caller: Caller) -> TransparencyOut:
    query = decode_query(request, TransparencyQuery)
    return await make_report(database_of(request), caller, since=query.since, until=query.until)
