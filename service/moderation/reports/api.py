"""HTTP endpoints for reports."""

from starlette.requests import Request
from starlette.responses import Response

from service.conversation.comments.comment_lookup import find_comment
from service.moderation.reports.report_store import read_reports
from service.moderation.reports.submit_report import read_note, submit_report
from service.moderation.reports.wire import ReportIn, ReportOut, Reports
from service.platform.access.caller import Caller
from service.platform.access.platform_state import PlatformState
from service.platform.http.app_state import database_of, state_of
from service.platform.http.authorize import enforce_post_limits
from service.platform.http.conditional import PRIVATE
from service.platform.http.decode import decode_body
from service.platform.http.path_ids import comment_id_of
from service.platform.http.raw_routes import json_response
from service.platform.http.request_origin import origin_of

NO_STORE = {"cache-control": "no-store"}


async def post_report(request: Request, caller: Caller) -> Response:
    """Report a comment."""
    comment_id, body = comment_id_of(request), await decode_body(request, ReportIn)
    note = read_note(body)
    await enforce_post_limits(request, caller)
    state, origin = state_of(request, PlatformState), origin_of(request, caller)
    report, is_new = await submit_report(state, caller, comment_id, body.reason, note, origin=origin)
    return json_response(ReportOut(*report), 201 if is_new else 200, NO_STORE)


async def get_reports(request: Request, caller: Caller) -> Response:
    """List reports on a comment."""
    async with database_of(request).read() as connection:
        comment, thread = await find_comment(connection, caller.site, comment_id_of(request))
        caller.require_section(thread.section)
        reports = await read_reports(connection, comment.id, limit=200)
    return json_response(Reports([ReportOut(*report) for report in reports]), headers=PRIVATE)
