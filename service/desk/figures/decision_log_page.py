"""The decision log: filtered, a page at a time, and exported as CSV or JSON lines."""

import csv
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import date
from io import StringIO
from typing import Annotated, Literal, get_args
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response, StreamingResponse

from service.desk.forms.filters import order_error, read_filter
from service.desk.frame.days import day_begin, day_end
from service.desk.review.queue_cards import offered_reasons
from service.desk.sign_in.desk_request import DeskRequest
from service.moderation.decisions.decision_log import Decision, DecisionFilter, read_decisions
from service.moderation.decisions.wire import DecisionOut
from service.platform.access.moderator_accounts import names_of
from service.platform.http.cursors import decode_id, encode_cursor
from service.platform.text.csv_cells import plain_cell

ON_PAGE, AT_ONCE = 50, 500  # decisions of a page, and of one read of an export
ACTIONS: tuple[str, ...] = get_args(msgspec.structs.fields(DecisionOut)[1].type)
FILTERS = ("by", "action", "reason", "article", "section", "reader", "comment", "automated", "since", "until")
COLUMNS = (
    *("decided_at", "action", "by_kind", "by", "article", "comment_id", "reader_id"),
    *("before", "after", "revision", "reason", "note"),
)
_Text = Annotated[str, Meta(max_length=500)]


class LogQuery(msgspec.Struct, kw_only=True, frozen=True):
    """The filter on decisions, and the place in the log."""

    by: Annotated[str, Meta(max_length=32)] | None = None
    action: Annotated[str, Meta(max_length=32)] | None = None
    reason: Annotated[str, Meta(max_length=32)] | None = None
    article: _Text | None = None
    section: Annotated[str, Meta(max_length=100)] | None = None
    reader: UUID | None = None
    comment: UUID | None = None
    automated: Literal["true", "false"] | None = None
    since: date | None = None
    until: date | None = None
    cursor: Annotated[str, Meta(max_length=100)] | None = None

    def parameters(self, **changes: str) -> str:
        """Return the filter as a query string, with ``changes``."""
        given = {name: getattr(self, name) for name in FILTERS}
        return urlencode({name: value for name, value in {**given, **changes}.items() if value is not None})


async def get_log(desk: DeskRequest) -> Response:
    """Send a page of the log; a filter that can't be read comes back as typed, without a list."""
    query, errors = read_filter(desk, LogQuery, FILTERS)
    errors |= order_error(desk, query.since, query.until)
    decisions: Sequence[Decision] = []
    criteria, before = _criteria(desk, query), decode_id(query.cursor)
    async with desk.database.read() as connection:
        if not errors:
            decisions = await read_decisions(connection, desk.site, criteria, before=before, limit=ON_PAGE + 1)
        names = await names_of(connection, desk.site)
    cursor = encode_cursor(decisions[ON_PAGE - 1].id.bytes) if len(decisions) > ON_PAGE else None
    return desk.page(
        "decision_log.html",
        status=422 if errors else 200,
        typed=desk.request.query_params,
        errors=errors,
        decisions=decisions[:ON_PAGE],
        names=names,
        query=query,
        actions=ACTIONS,
        reasons=offered_reasons(desk.site, locale=desk.locale),
        parameters=query.parameters(),
        next_page=query.parameters(cursor=cursor) if cursor else None,
    )


async def get_log_csv(desk: DeskRequest) -> Response:
    """Send all decisions that match as CSV (RFC 4180)."""

    def header() -> str:
        return _csv([COLUMNS])

    def lines(decisions: Sequence[Decision], names: Mapping[str, str]) -> str:
        rows = [_row(each, names) for each in decisions]
        return _csv([[_cell(row[name]) for name in COLUMNS] for row in rows])

    return await _export(desk, "csv", media_type="text/csv", header=header(), lines=lines)


async def get_log_json_lines(desk: DeskRequest) -> Response:
    """Send all decisions that match, a JSON object in each line."""

    def lines(decisions: Sequence[Decision], names: Mapping[str, str]) -> str:
        return "".join(msgspec.json.encode(_row(each, names)).decode() + "\n" for each in decisions)

    return await _export(desk, "jsonl", media_type="application/jsonl", header="", lines=lines)


_Lines = Callable[[Sequence[Decision], Mapping[str, str]], str]


async def _export(desk: DeskRequest, ending: str, *, media_type: str, header: str, lines: _Lines) -> Response:
    """Stream the decisions that match, the newest first, as ``lines`` writes a part of them."""
    criteria = _criteria(desk, desk.query(LogQuery))

    async def parts() -> AsyncIterator[str]:
        yield header
        before: UUID | None = None
        while True:
            async with desk.database.read() as connection:
                decisions = await read_decisions(connection, desk.site, criteria, before=before, limit=AT_ONCE)
                names = await names_of(connection, desk.site)
            if not decisions:
                return
            yield lines(decisions, names)
            before = decisions[-1].id

    name = f'attachment; filename="{desk.site.slug}-log.{ending}"'
    headers = {"cache-control": "no-store", "content-disposition": name}
    return StreamingResponse(parts(), headers=headers, media_type=media_type)


def _criteria(desk: DeskRequest, query: LogQuery) -> DecisionFilter:
    return DecisionFilter(
        comment=query.comment,
        article=query.article,
        sections=desk.caller.sections(query.section),
        reader=query.reader,
        by=query.by,
        action=query.action,
        reason=query.reason,
        automated=None if query.automated is None else query.automated == "true",
        since=day_begin(query.since),
        until=day_end(query.until),
    )


def _row(decision: Decision, names: Mapping[str, str]) -> dict[str, str | int | None]:
    fields = msgspec.to_builtins(decision)
    fields["by"] = decision.decided_by and names.get(decision.decided_by, decision.decided_by)
    return {name: fields[name] for name in COLUMNS}


def _cell(value: str | int | None) -> str | int | None:
    return plain_cell(value) if isinstance(value, str) else value


def _csv(rows: Iterable[Iterable[str | int | None]]) -> str:
    file = StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()
