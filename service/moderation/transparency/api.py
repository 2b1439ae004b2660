"""HTTP endpoints for the transparency report."""

import asyncio
import csv
from collections.abc import Mapping
from datetime import timedelta
from io import StringIO

from msgspec.structs import asdict
from starlette.requests import Request
from starlette.responses import Response

from service.moderation.transparency.count_decisions import (
    Period,
    count_appeals,
    count_decisions,
    count_reports,
    measure_waiting,
)
from service.moderation.transparency.wire import DecisionCount, ReportCount, TransparencyOut, TransparencyQuery
from service.platform import clock
from service.platform.access.caller import Caller
from service.platform.http.app_state import database_of
from service.platform.http.conditional import PRIVATE
from service.platform.http.decode import decode_query
from service.platform.http.raw_routes import json_response
from service.platform.problems import InvalidParameter

DEFAULT_PERIOD, MAX_PERIOD = timedelta(days=30), timedelta(days=366)
CSV_COLUMNS = ("measure", "action", "reason", "rule", "section", "outcome", "value")


async def get_transparency(request: Request, caller: Caller) -> Response:
    """Get the transparency report."""
    return json_response(await _count(request, caller), headers=PRIVATE)


async def get_transparency_csv(request: Request, caller: Caller) -> Response:
    """Get the transparency report as CSV (RFC 4180)."""
    file = StringIO()
    writer = csv.DictWriter(file, CSV_COLUMNS)
    writer.writeheader()
    writer.writerows(_rows(await _count(request, caller)))
    name = f'attachment; filename="{caller.site.slug}-transparency.csv"'
    return Response(file.getvalue(), headers={**PRIVATE, "content-disposition": name}, media_type="text/csv")


async def _count(request: Request, caller: Caller) -> TransparencyOut:
    caller.require_whole_site()
    period, site = _period(decode_query(request, TransparencyQuery)), caller.site
    async with database_of(request).read() as connection:
        decisions = await count_decisions(connection, site, period)
        await asyncio.sleep(0)  # SQLite's reads do not let other requests run
        reports = await count_reports(connection, site, period)
        await asyncio.sleep(0)
        appeals = await count_appeals(connection, site, period)
        await asyncio.sleep(0)
        waiting = await measure_waiting(connection, site, period)
    total = sum(each.count for each in decisions)
    automated = sum(each.count for each in decisions if each.rule)
    return TransparencyOut(
        since=period.since,
        until=period.until,
        total=total,
        automated=automated,
        automated_share=round(automated / total, 4) if total else None,
        decisions=decisions,
        reports=reports,
        appeals=appeals,
        time_to_decision=waiting,
    )


def _period(query: TransparencyQuery) -> Period:
    until = query.until or clock.now()
    since = query.since or until - DEFAULT_PERIOD
    if since > until:
        raise InvalidParameter("“since” must not be after “until”.", parameter="since")
    if until - since > MAX_PERIOD:
        raise InvalidParameter(f"The period must be at most {MAX_PERIOD.days} days long.", parameter="since")
    return Period(since, until)


def _rows(out: TransparencyOut) -> list[dict[str, object]]:
    appeals, waiting = out.appeals, out.time_to_decision
    numbers = {"total": out.total, "automated": out.automated, "automated_share": out.automated_share}
    times = {"median_seconds": waiting.median_seconds, "p90_seconds": waiting.p90_seconds}
    return [
        *_values({"since": out.since.isoformat(), "until": out.until.isoformat()}),
        *(_counted("decisions", each) for each in out.decisions),
        *_values(numbers),
        *(_counted("reports", each) for each in out.reports),
        *({"measure": "appeals", "outcome": name, "value": value} for name, value in asdict(appeals).items()),
        *_values({"waited": waiting.decisions, **times}),
    ]


def _values(measures: Mapping[str, object]) -> list[dict[str, object]]:
    return [{"measure": measure, "value": value} for measure, value in measures.items()]


def _counted(measure: str, count: DecisionCount | ReportCount) -> dict[str, object]:
    columns = asdict(count)
    section = columns.pop("section")
    if section and section[0] in "=+-@":  # a spreadsheet would compute it (OWASP, CSV injection)
        section = f"'{section}"
    return {"measure": measure, "value": columns.pop("count"), "section": section, **columns}
