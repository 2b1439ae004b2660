"""Moderation over HTTP: the queue and claims, decisions and their log, reports and second looks."""

from collections.abc import Mapping
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from service import clock
from service.access.caller import Caller
from service.access.guarding import count_post
from service.access.moderators import names_of
from service.comments.drafting import address_marks_of, author_marks_of, comment_id_of
from service.comments.finding import find_comment
from service.comments.noting import read_findings
from service.comments.wire import finding_out, judged_comment, own_comment, why_held
from service.moderation.claiming import LEASE, claim, release_all
from service.moderation.deciding import Judged, decide
from service.moderation.queueing import Asked, InQueue, count_queued, read_queue
from service.moderation.recalling import Decision, Recalled, read_decisions
from service.moderation.reporting import file_report
from service.moderation.reports import Report, Reporter, read_reports
from service.moderation.searching import searched
from service.moderation.second_looks import ask_second_look
from service.moderation.wire import (
    Claimed,
    ClaimIn,
    ClaimOut,
    DecidedBy,
    DecisionIn,
    DecisionOut,
    Decisions,
    DecisionsQuery,
    QueuedOut,
    QueuePage,
    QueueQuery,
    ReportIn,
    ReportOut,
    Reports,
    Result,
    Results,
    SecondLookIn,
)
from service.storage.engine import database_of
from service.threads.api import locale_of
from service.web.conditional import PRIVATE
from service.web.cursors import decode_id, encode_cursor, next_link
from service.web.decoding import decode_body, decode_query
from service.web.fields import read_line
from service.web.problems import Unauthenticated, locale_asked
from service.web.routing import json_response

NO_STORE = {"cache-control": "no-store"}


async def post_decisions(request: Request, caller: Caller) -> Response:
    """Judge one comment or many."""
    body = await decode_body(request, DecisionIn)
    reason = read_line(body.reason, pointer="/reason", longest=500) if body.reason else None
    comments = [(one.id, one.revision) for one in body.comments]
    async with database_of(request).write() as connection:
        judged = await decide(connection, caller.site, comments, verdict=body.verdict, reason=reason, by=caller.actor)
    locale = locale_asked(request.scope)
    return json_response(Results([_result(one, locale) for one in judged]), headers=NO_STORE)


async def get_queue(request: Request, caller: Caller) -> Response:
    """What waits for a moderator."""
    query, locale, now = decode_query(request, QueueQuery), locale_of(request, caller), clock.now()
    words = await searched(database_of(request), caller.site, query.q) if query.q else None
    asked = Asked(
        state=query.state,
        article=query.article,
        rule=query.rule,
        reader=query.reader,
        since=query.since,
        until=query.until,
        words=words,
        order=query.order,
    )
    after = decode_id(query.cursor)
    async with database_of(request).read() as connection:
        queue = await read_queue(connection, caller.site, asked, by=None, after=after, limit=query.limit + 1, now=now)
        pending = await count_queued(connection, caller.site, "pending")
        reported = await count_queued(connection, caller.site, "reported")
    cursor = encode_cursor(queue[query.limit - 1].comment.id.bytes) if len(queue) > query.limit else None
    page = QueuePage(pending, reported, [_queued(each, locale) for each in queue[: query.limit]], cursor)
    headers = {**PRIVATE, "content-language": locale}
    return json_response(page, headers={**headers, **next_link(request, cursor)})


async def post_claims(request: Request, caller: Caller) -> Response:
    """Be handed comments that nobody else has before them."""
    body, locale = await decode_body(request, ClaimIn, optional=True), locale_of(request, caller)
    asked = Asked(state=body.state, article=body.article, rule=body.rule, free=True)
    by = caller.actor.id
    assert by is not None
    async with database_of(request).write() as connection:
        now = clock.now()
        free = await read_queue(connection, caller.site, asked, by=by, after=None, limit=body.limit, now=now)
        taken = await claim(connection, [each.comment.id for each in free], by=by, now=now)
    handed = [each._replace(claim=(by, now + LEASE)) for each in free if each.comment.id in taken]
    answer = Claimed([_queued(each, locale) for each in handed])
    return json_response(answer, headers={**NO_STORE, "content-language": locale})


async def remove_claims(request: Request, caller: Caller) -> Response:
    """Let go of what one has claimed and not judged."""
    by = caller.actor.id
    assert by is not None
    async with database_of(request).write() as connection:
        await release_all(connection, by=by)
    return Response(status_code=204)


async def get_decisions(request: Request, caller: Caller) -> Response:
    """The log of decisions."""
    query = decode_query(request, DecisionsQuery)
    asked = Recalled(
        comment=query.comment,
        article=query.article,
        reader=query.reader,
        by=query.by,
        since=query.since,
        until=query.until,
    )
    before = decode_id(query.cursor)
    async with database_of(request).read() as connection:
        decisions = await read_decisions(connection, caller.site, asked, before=before, limit=query.limit + 1)
        names = await names_of(connection, caller.site)
    cursor = encode_cursor(decisions[query.limit - 1].id.bytes) if len(decisions) > query.limit else None
    page = Decisions([_decision(each, names) for each in decisions[: query.limit]], cursor)
    return json_response(page, headers={**PRIVATE, **next_link(request, cursor)})


async def post_report(request: Request, caller: Caller) -> Response:
    """Complain about a comment."""
    report, is_new = await take_report(request, caller, comment_id_of(request), await decode_body(request, ReportIn))
    return json_response(ReportOut(*report), 201 if is_new else 200, NO_STORE)


async def take_report(request: Request, caller: Caller, comment_id: UUID, body: ReportIn) -> tuple[Report, bool]:
    """The report that is kept of a comment, and whether it is new; raises the problem that refuses it."""
    note = read_line(body.note, pointer="/note", longest=500) if body.note else None
    if limited := count_post(request, caller):
        raise limited
    by = _reporter(request, caller)
    async with database_of(request).write() as connection:
        return await file_report(connection, caller.site, comment_id, by=by, reason=body.reason, note=note)


def _reporter(request: Request, caller: Caller) -> Reporter:
    """Whom the host signed in is known by that, all others by their address: anybody gets author tokens by posting."""
    email = caller.profile.email if caller.profile else None
    marks, address = author_marks_of(request, caller, email), address_marks_of(request, caller)
    if address and not caller.profile:
        return Reporter(address[0], by_address=True, marks=marks + address)
    if not marks:
        raise Unauthenticated("Who reports is told by a token or by an address.")
    return Reporter(marks[0], by_address=False, marks=marks + address)


async def get_reports(request: Request, caller: Caller) -> Response:
    """What readers have against a comment."""
    async with database_of(request).read() as connection:
        comment, _ = await find_comment(connection, caller.site, comment_id_of(request))
        reports = await read_reports(connection, comment.id, limit=200)
    return json_response(Reports([ReportOut(*report) for report in reports]), headers=PRIVATE)


async def post_second_look(request: Request, caller: Caller) -> Response:
    """Ask for another look at one's own comment."""
    body, comment_id = await decode_body(request, SecondLookIn, optional=True), comment_id_of(request)
    note = read_line(body.note, pointer="/note", longest=300) if body.note else None
    if limited := count_post(request, caller):
        raise limited
    async with database_of(request).write() as connection:
        comment = await ask_second_look(connection, caller.site, comment_id, reader_id=caller.reader_id, note=note)
        findings = (await read_findings(connection, [comment_id]))[comment_id]
    seen = own_comment(comment)
    seen.why = why_held(comment, findings, caller.site.rules, locale=locale_of(request, caller))
    return json_response(seen, headers=NO_STORE)


def _queued(queued: InQueue, locale: str) -> QueuedOut:
    comment = judged_comment(queued.comment)
    comment.findings = [finding_out(finding, locale=locale) for finding in queued.findings]
    claimed = ClaimOut(*queued.claim) if queued.claim else None
    return QueuedOut(comment, queued.comment.reader_id, queued.article, queued.title, queued.reports, claimed)


def _decision(decision: Decision, names: Mapping[str, str]) -> DecisionOut:
    """``decision`` as it is told, with the name of the moderator who made it."""
    told = msgspec.structs.asdict(decision)
    by = DecidedBy(told.pop("by_kind"), told["decided_by"], names.get(told["decided_by"] or ""))
    return msgspec.convert({**told, "decided_by": by}, DecisionOut)


def _result(judged: Judged, locale: str) -> Result:
    if judged.problem:
        return Result(judged.comment_id, problem=judged.problem.content(locale))
    assert judged.comment
    return Result(judged.comment_id, judged.comment.state, judged.comment.revision)
