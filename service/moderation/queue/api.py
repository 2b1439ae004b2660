"""HTTP endpoints for the review queue and claims."""

from starlette.requests import Request
from starlette.responses import Response

from service.conversation.comments.visibility import view_for
from service.conversation.screening.findings import Rule
from service.moderation.measures.wire import measure_out
from service.moderation.queue.cards import Card, read_cards
from service.moderation.queue.claims import LEASE, claim, release_all
from service.moderation.queue.review_queue import QueueFilter, count_queued, read_queue
from service.moderation.queue.wire import (
    AuthorRecordOut,
    Claimed,
    ClaimIn,
    ClaimOut,
    MarkOut,
    ParentExcerptOut,
    QueuedOut,
    QueuePage,
    QueueQuery,
    VersionOut,
)
from service.moderation.search.search_index import search_condition
from service.platform import clock
from service.platform.access.caller import Caller
from service.platform.http.app_state import database_of
from service.platform.http.conditional import PRIVATE
from service.platform.http.cursors import decode_id, encode_cursor, next_link
from service.platform.http.decode import decode_body, decode_query
from service.platform.http.raw_routes import json_response
from service.platform.http.request_origin import locale_of

NO_STORE = {"cache-control": "no-store"}


async def get_queue(request: Request, caller: Caller) -> Response:
    """List the comments in the review queue."""
    query, locale, now = decode_query(request, QueueQuery), locale_of(request, caller), clock.now()
    words = await search_condition(database_of(request), caller.site, query.q) if query.q else None
    criteria = QueueFilter(
        state=query.state,
        article=query.article,
        sections=caller.sections(query.section),
        rule=query.rule,
        reader=query.reader,
        since=query.since,
        until=query.until,
        words=words,
        order=query.order,
    )
    after = decode_id(query.cursor)
    async with database_of(request).read() as connection:
        queue, has_more = await read_queue(
            connection, caller.site, criteria, by=None, after=after, limit=query.limit, now=now
        )
        cards = await read_cards(connection, queue, now=now)
        counts = await count_queued(connection, caller.site, caller.own_sections)
    cursor = encode_cursor(queue[-1].comment.id.bytes) if has_more else None
    page = QueuePage(counts.pending, counts.reported, [_card(each, caller, locale) for each in cards], cursor)
    headers = {**PRIVATE, "content-language": locale}
    return json_response(page, headers={**headers, **next_link(request, cursor)})


async def post_claims(request: Request, caller: Caller) -> Response:
    """Claim comments for review that no other moderator has claimed."""
    body, locale = await decode_body(request, ClaimIn, optional=True), locale_of(request, caller)
    criteria = QueueFilter(
        state=body.state,
        article=body.article,
        sections=caller.sections(body.section),
        rule=body.rule,
        unclaimed=True,
    )
    by = caller.actor.id
    assert by is not None
    async with database_of(request).write() as connection:
        now = clock.now()
        unclaimed, _ = await read_queue(connection, caller.site, criteria, by=by, after=None, limit=body.limit, now=now)
        claimed_ids = await claim(connection, [each.comment.id for each in unclaimed], by=by, now=now)
    claimed = [each._replace(claim=(by, now + LEASE)) for each in unclaimed if each.comment.id in claimed_ids]
    async with database_of(request).read() as connection:
        cards = await read_cards(connection, claimed, now=now)
    out = Claimed([_card(each, caller, locale) for each in cards])
    return json_response(out, headers={**NO_STORE, "content-language": locale})


async def remove_claims(request: Request, caller: Caller) -> Response:
    """Release all of your claims."""
    by = caller.actor.id
    assert by is not None
    async with database_of(request).write() as connection:
        await release_all(connection, by=by)
    return Response(status_code=204)


def _card(card: Card, caller: Caller, locale: str) -> QueuedOut:
    queued, comment, author = card.queued, card.queued.comment, card.author
    measures = [measure_out(each) for each in author.measures]
    return QueuedOut(
        comment=view_for(comment, caller, locale=locale, findings=card.findings),
        reader_id=comment.reader_id,
        article=queued.article,
        title=queued.title,
        section=queued.section,
        url=queued.url,
        parent=ParentExcerptOut(*queued.parent) if queued.parent else None,
        marks=[MarkOut(mark.rule, mark.field, *mark.span) for mark in card.marks],
        versions=[VersionOut(*version) for version in card.versions],
        reports=card.reports,
        author=AuthorRecordOut(author.comments, author.reports, author.first_at or comment.created_at, measures),
        appealed=any(finding.rule is Rule.APPEAL for finding in card.findings),
        claim=ClaimOut(*queued.claim) if queued.claim else None,
    )
