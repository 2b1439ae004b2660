"""HTTP endpoints for decisions, their log and appeals."""

from collections.abc import Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from service.conversation.comments.findings_store import read_findings
from service.conversation.comments.statement_of_reasons import read_last_decisions
from service.conversation.comments.visibility import view_for
from service.moderation.decisions.appeals import file_appeal
from service.moderation.decisions.decide import DecisionResult
from service.moderation.decisions.decide_all import decide_all
from service.moderation.decisions.decision_log import Decision, DecisionFilter, read_decisions
from service.moderation.decisions.wire import (
    AppealIn,
    DecidedBy,
    DecisionIn,
    DecisionOut,
    Decisions,
    DecisionsQuery,
    Result,
    Results,
)
from service.platform.access.caller import Caller
from service.platform.access.moderator_accounts import names_of
from service.platform.http.app_state import database_of
from service.platform.http.authorize import enforce_post_limits
from service.platform.http.base_path import base_path_of
from service.platform.http.conditional import PRIVATE
from service.platform.http.cursors import decode_id, encode_cursor, next_link
from service.platform.http.decode import decode_body, decode_query
from service.platform.http.path_ids import comment_id_of
from service.platform.http.problem_responses import problem_locale
from service.platform.http.raw_routes import json_response
from service.platform.http.request_origin import locale_of
from service.platform.text.field_types import read_line

NO_STORE = {"cache-control": "no-store"}


async def post_decisions(request: Request, caller: Caller) -> Response:
    """Decide on one or more comments."""
    body = await decode_body(request, DecisionIn)
    note = read_line(body.note, pointer="/note", max_length=500) if body.note else None
    comments = [(each.id, each.revision) for each in body.comments]
    results = await decide_all(
        database_of(request), caller, comments, action=body.action, reason=body.reason, note=note
    )
    locale = problem_locale(request.scope)
    base_path = base_path_of(request)
    return json_response(Results([_result(each, locale, base_path) for each in results]), headers=NO_STORE)


async def get_decisions(request: Request, caller: Caller) -> Response:
    """List the decision log."""
    query = decode_query(request, DecisionsQuery)
    criteria = DecisionFilter(
        comment=query.comment,
        article=query.article,
        sections=caller.sections(query.section),
        reader=query.reader,
        by=query.by,
        automated=None if query.automated is None else query.automated == "true",
        since=query.since,
        until=query.until,
    )
    before = decode_id(query.cursor)
    async with database_of(request).read() as connection:
        decisions = await read_decisions(connection, caller.site, criteria, before=before, limit=query.limit + 1)
        names = await names_of(connection, caller.site)
    cursor = encode_cursor(decisions[query.limit - 1].id.bytes) if len(decisions) > query.limit else None
    page = Decisions([_decision(each, names) for each in decisions[: query.limit]], cursor)
    return json_response(page, headers={**PRIVATE, **next_link(request, cursor)})


async def post_appeal(request: Request, caller: Caller) -> Response:
    """Appeal the decision on your own comment."""
    body, comment_id = await decode_body(request, AppealIn, optional=True), comment_id_of(request)
    note = read_line(body.note, pointer="/note", max_length=300) if body.note else None
    await enforce_post_limits(request, caller)
    async with database_of(request).write() as connection:
        comment = await file_appeal(connection, caller.site, comment_id, reader_id=caller.reader_id, note=note)
        findings = (await read_findings(connection, [comment_id]))[comment_id]
        decision = (await read_last_decisions(connection, [comment])).get(comment_id)
    seen = view_for(comment, caller, locale=locale_of(request, caller), findings=findings, decision=decision)
    return json_response(seen, headers=NO_STORE)


def _decision(decision: Decision, names: Mapping[str, str]) -> DecisionOut:
    """Return ``decision`` for the response, with the name of the moderator who made it."""
    fields = msgspec.structs.asdict(decision)
    by = DecidedBy(fields.pop("by_kind"), fields["decided_by"], names.get(fields["decided_by"] or ""))
    return msgspec.convert({**fields, "decided_by": by}, DecisionOut)


def _result(result: DecisionResult, locale: str, base_path: str) -> Result:
    if result.problem:
        return Result(result.comment_id, problem=result.problem.content(locale, base_path))
    assert result.comment
    return Result(result.comment_id, result.comment.state, result.comment.revision)
