"""Moderation over HTTP."""

from collections import Counter
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from service.access.caller import Caller
from service.access.guarding import doorkeeper_of
from service.comments.model import State
from service.comments.wire import finding_out, own_comment
from service.moderation.deciding import Judged, decide
from service.moderation.queueing import InQueue, count_pending, read_queue
from service.moderation.recalling import read_decisions
from service.moderation.trying import Example, try_rules
from service.moderation.wire import (
    DecisionIn,
    Decisions,
    DecisionsQuery,
    Differing,
    QueuedOut,
    QueuePage,
    QueueQuery,
    Result,
    Results,
    Tried,
    TryIn,
    Verdicts,
)
from service.screening.findings import Verdict as RuleVerdict
from service.sites.changing import change_rules
from service.sites.rules import Rules
from service.storage.engine import database_of
from service.threads.api import locale_of
from service.web.conditional import PRIVATE
from service.web.cursors import decode_cursor, encode_cursor, next_link
from service.web.decoding import decode_body, decode_query
from service.web.fields import read_line
from service.web.problems import InvalidCursor, locale_asked
from service.web.routing import json_response


async def post_decisions(request: Request, caller: Caller) -> Response:
    """Judge one comment or many."""
    body = await decode_body(request, DecisionIn)
    async with database_of(request).write() as connection:
        judged = await decide(
            connection,
            caller.site,
            [(one.id, one.revision) for one in body.comments],
            verdict=body.verdict,
            reason=read_line(body.reason, pointer="/reason", longest=500) if body.reason else None,
            by=caller.actor,
        )
    locale = locale_asked(request.scope)
    return json_response(Results([_result(one, locale) for one in judged]), headers={"cache-control": "no-store"})


async def get_queue(request: Request, caller: Caller) -> Response:
    """What waits for a moderator."""
    query, locale = decode_query(request, QueueQuery), locale_of(request, caller)
    async with database_of(request).read() as connection:
        queue = await read_queue(
            connection,
            caller.site,
            state=query.state,
            article=query.article,
            rule=query.rule,
            order=query.order,
            after=_id_in(query.cursor),
            limit=query.limit + 1,
        )
        pending = await count_pending(connection, caller.site)
    cursor = encode_cursor(queue[query.limit - 1].comment.id.bytes) if len(queue) > query.limit else None
    page = QueuePage(pending, [_queued(each, locale) for each in queue[: query.limit]], cursor)
    headers = {**PRIVATE, "content-language": locale}
    return json_response(page, headers={**headers, **next_link(request, cursor)})


async def get_decisions(request: Request, caller: Caller) -> Response:
    """The log of decisions."""
    query = decode_query(request, DecisionsQuery)
    before = _id_in(query.cursor)
    async with database_of(request).read() as connection:
        decisions = await read_decisions(
            connection, caller.site, comment=query.comment, by=query.by, before=before, limit=query.limit + 1
        )
    cursor = encode_cursor(decisions[query.limit - 1].id.bytes) if len(decisions) > query.limit else None
    page = Decisions(decisions[: query.limit], cursor)
    return json_response(page, headers={**PRIVATE, **next_link(request, cursor)})


def _id_in(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    key = decode_cursor(cursor)
    if len(key) != 16:
        raise InvalidCursor(parameter="cursor")
    return UUID(bytes=key)


def _queued(queued: InQueue, locale: str) -> QueuedOut:
    comment = own_comment(queued.comment)
    comment.findings = [finding_out(finding, locale=locale) for finding in queued.findings]
    return QueuedOut(comment, queued.article, queued.title)


async def get_rules(_request: Request, caller: Caller) -> Response:
    """The site's rules."""
    return json_response(caller.site.rules, headers=PRIVATE)


async def put_rules(request: Request, caller: Caller) -> Response:
    """Have what arrives from now on judged by other rules."""
    rules = await decode_body(request, Rules, limit=RULES_LIMIT)
    async with database_of(request).write() as connection:
        await change_rules(connection, caller.site, rules)
    doorkeeper_of(request).sites.forget(caller.site.slug)
    return json_response(rules, headers={"cache-control": "no-store"})


async def post_try(request: Request, caller: Caller) -> Response:
    """What rules would have changed."""
    body = await decode_body(request, TryIn, limit=RULES_LIMIT)
    trial = await try_rules(database_of(request), caller.site, body.rules, last=body.last)
    locale = locale_of(request, caller)
    examples = [_differing(example, locale) for example in trial.examples]
    before, after = _verdicts(trial.before), _verdicts(trial.after)
    out = Tried(trial.before.total(), before, after, trial.changed, examples)
    return json_response(out, headers={"cache-control": "no-store", "content-language": locale})


RULES_LIMIT = 4 * 1024 * 1024  # 20,000 words, and more than anybody has in one site


def _verdicts(counted: Counter[RuleVerdict]) -> Verdicts:
    return Verdicts(counted["published"], counted["pending"], counted["refused"])


def _differing(example: Example, locale: str) -> Differing:
    return Differing(
        id=example.comment_id,
        article=example.article,
        state=State(example.state),
        excerpt=example.body[:LONGEST_EXCERPT],
        before=example.before,
        after=example.after,
        findings=[finding_out(finding, locale=locale) for finding in example.findings],
    )


LONGEST_EXCERPT = 280


def _result(judged: Judged, locale: str) -> Result:
    if judged.problem:
        return Result(judged.comment_id, problem=judged.problem.content(locale))
    assert judged.comment
    return Result(judged.comment_id, judged.comment.state, judged.comment.revision)
