"""Count the transparency report of a period, and write it as CSV."""

import asyncio
import csv
from collections.abc import Mapping
from datetime import datetime, timedelta
from io import StringIO

from msgspec.structs import asdict

from service.moderation.transparency.count_decisions import (
    Period,
    count_appeals,
    count_decisions,
    count_reports,
    measure_waiting,
)
from service.moderation.transparency.wire import DecisionCount, ReportCount, TransparencyOut
from service.platform import clock
from service.platform.access.caller import Caller
from service.platform.problems import InvalidParameter
from service.platform.storage.engine import Database
from service.platform.text.csv_cells import plain_cell

DEFAULT_PERIOD, MAX_PERIOD = timedelta(days=30), timedelta(days=366)
CSV_COLUMNS = ("measure", "action", "reason", "rule", "section", "outcome", "value")


async def make_report(
    database: Database, caller: Caller, *, since: datetime | None, until: datetime | None
) -> TransparencyOut:
    """Return the report on the site of ``caller`` from ``since`` to before ``until``; by default the last 30 days.

    Raises Forbidden for a moderator who is limited to sections, or InvalidParameter.
    """
    caller.require_whole_site()
    period, site = _period(since, until), caller.site
    async with database.read() as connection:
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


def report_as_csv(out: TransparencyOut) -> str:
    """Return the report as CSV (RFC 4180), a line for each number."""
    file = StringIO()
    writer = csv.DictWriter(file, CSV_COLUMNS)
    writer.writeheader()
    writer.writerows(_rows(out))
    return file.getvalue()


def _period(since: datetime | None, until: datetime | None) -> Period:
    until = until or clock.now()
    since = since or until - DEFAULT_PERIOD
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
    return {"measure": measure, "value": columns.pop("count"), "section": plain_cell(section), **columns}
