"""The transparency report as a page, and as CSV."""

from datetime import date

import msgspec
from starlette.responses import Response

from service.conversation.comments.decision_reasons import reason_text
from service.desk.forms.filters import order_error, read_filter
from service.desk.frame.days import day_begin, day_end
from service.desk.sign_in.desk_request import DeskRequest
from service.moderation.transparency.transparency_report import MAX_PERIOD, make_report, report_as_csv
from service.moderation.transparency.wire import TransparencyOut
from service.platform.languages.messages import catalogue_for, format_number
from service.platform.problems import InvalidParameter


class TransparencyPageQuery(msgspec.Struct, kw_only=True, frozen=True):
    """The period, both days included; by default the last 30 days."""

    since: date | None = None
    until: date | None = None


async def get_transparency(desk: DeskRequest) -> Response:
    """Send the report; a period that can't be reported on comes back as typed."""
    query, errors = read_filter(desk, TransparencyPageQuery, ("since", "until"))
    errors |= order_error(desk, query.since, query.until)
    report = None
    desk.caller.require_whole_site()
    if not errors:
        try:
            report = await _report(desk, query)
        except InvalidParameter:
            errors["since"] = desk.sentence("filter", "no_period").format(
                days=format_number(catalogue_for(desk.locale), MAX_PERIOD.days)
            )
    coded = {each.reason for each in report.decisions if each.reason} if report else set()
    return desk.page(
        "transparency.html",
        status=422 if errors else 200,
        typed=desk.request.query_params,
        errors=errors,
        query=query,
        report=report,
        reasons={reason: reason_text(reason, desk.site, locale=desk.locale) for reason in coded},
    )


async def get_transparency_csv(desk: DeskRequest) -> Response:
    """Send the report as CSV."""
    content = report_as_csv(await _report(desk, desk.query(TransparencyPageQuery)))
    name = f'attachment; filename="{desk.site.slug}-transparency.csv"'
    return Response(content, headers={"cache-control": "no-store", "content-disposition": name}, media_type="text/csv")


async def _report(desk: DeskRequest, query: TransparencyPageQuery) -> TransparencyOut:
    since, until = day_begin(query.since), day_end(query.until)
    return await make_report(desk.database, desk.caller, since=since, until=until)
