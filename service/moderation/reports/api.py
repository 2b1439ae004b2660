"""HTTP endpoints for reports."""

from starlette.requests import Request
from starlette.responses import Response

from service.moderation.reports.list_reports import list_reports
from service.moderation.reports.receipt_links import outcome_text, receipt_links
from service.moderation.reports.receipts import find_receipt
from service.moderation.reports.submit_report import read_report, submit_report
from service.moderation.reports.wire import FiledReport, ReceiptOut, ReportIn, Reports
from service.platform.access.caller import Caller
from service.platform.access.platform_state import PlatformState
from service.platform.http.app_state import database_of, state_of
from service.platform.http.authorize import enforce_post_limits
from service.platform.http.base_url import base_url_of
from service.platform.http.conditional import PRIVATE
from service.platform.http.decode import decode_body
from service.platform.http.path_ids import comment_id_of
from service.platform.http.raw_routes import json_response, path_parameter
from service.platform.http.request_origin import locale_of, origin_of

NO_STORE = {"cache-control": "no-store"}


async def post_report(request: Request, caller: Caller) -> Response:
    """Report a comment."""
    comment_id, new = comment_id_of(request), read_report(await decode_body(request, ReportIn))
    base_url = base_url_of(request)
    await enforce_post_limits(request, caller)
    state, origin = state_of(request, PlatformState), origin_of(request, caller)
    report, token = await submit_report(state, caller, comment_id, new, origin=origin)
    receipt = receipt_links(caller.site, token, base_url=base_url) if token else None
    filed = FiledReport(report.id, report.reason, report.note, report.created_at, receipt)
    return json_response(filed, 201 if token else 200, NO_STORE)


async def get_receipt(request: Request, caller: Caller) -> Response:
    """Get the outcome of your report."""
    async with database_of(request).read() as connection:
        receipt = await find_receipt(connection, caller.site, path_parameter(request, "receipt"))
    locale = locale_of(request, caller)
    fields = receipt._asdict()
    del fields["title"]
    out = ReceiptOut(**fields, text=outcome_text(receipt.outcome, locale=locale))
    return json_response(out, headers={**NO_STORE, "content-language": locale})


async def get_reports(request: Request, caller: Caller) -> Response:
    """List reports on a comment."""
    seal = state_of(request, PlatformState).report_seal
    async with database_of(request).read() as connection:
        reports = await list_reports(connection, caller, comment_id_of(request), seal=seal)
    return json_response(Reports(reports), headers=PRIVATE)
