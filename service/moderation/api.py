"""Moderation over HTTP."""

from starlette.requests import Request
from starlette.responses import Response

from service.access.caller import Caller
from service.moderation.deciding import Judged, decide
from service.moderation.wire import DecisionIn, Result, Results
from service.storage.engine import database_of
from service.web.decoding import decode_body
from service.web.fields import read_line
from service.web.problems import locale_asked
from service.web.routing import json_response


async def post_decisions(request: Request, caller: Caller) -> Response:
    """Judge one comment or many."""
    body = await decode_body(request, DecisionIn)
    assert caller.key_id is not None
    async with database_of(request).write() as connection:
        judged = await decide(
            connection,
            caller.site,
            [(one.id, one.revision) for one in body.comments],
            verdict=body.verdict,
            reason=read_line(body.reason, pointer="/reason", longest=500) if body.reason else None,
            decided_by=caller.key_id,
        )
    locale = locale_asked(request.scope)
    return json_response(Results([_result(one, locale) for one in judged]), headers={"cache-control": "no-store"})


def _result(judged: Judged, locale: str) -> Result:
    if judged.problem:
        return Result(judged.comment_id, problem=judged.problem.content(locale))
    assert judged.comment
    return Result(judged.comment_id, judged.comment.state, judged.comment.revision)
