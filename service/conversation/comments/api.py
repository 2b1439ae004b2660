"""HTTP endpoints for comments: list, post, get, edit, delete."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from service.conversation.comments.comment_lookup import find_comment, no_comment
from service.conversation.comments.comment_pages import key_before, list_comments, order_key, path_in
from service.conversation.comments.edit_comment import delete_comment
from service.conversation.comments.findings_store import read_findings
from service.conversation.comments.model import Comment, State
from service.conversation.comments.submission import findings_of, submit_edit, submit_post
from service.conversation.comments.wire import (
    NOT_YET,
    CommentOut,
    EditIn,
    Page,
    PageQuery,
    Permalink,
    Posted,
    PostIn,
    finding_out,
    judged_comment,
    own_comment,
    public_comment,
    state_for_author,
    status_reasons_of,
    told_comment,
)
from service.conversation.screening.findings import Finding
from service.conversation.threads.thread_lookup import find_thread, visible
from service.conversation.threads.wire import changes_at, thread_out
from service.platform import clock
from service.platform.access.authorize import gate_of
from service.platform.access.caller import Caller, locale_of
from service.platform.http.conditional import PRIVATE, PublicResponse, entity_tag
from service.platform.http.cursors import encode_cursor, next_link
from service.platform.http.decode import decode_body, decode_query
from service.platform.http.path_ids import article_of, comment_id_of, idempotency_key
from service.platform.http.raw_routes import json_response
from service.platform.storage.engine import database_of


async def get_comments(request: Request, caller: Caller) -> Response:
    """List a page of a thread's comments in reading order."""
    query, article, locale = decode_query(request, PageQuery), article_of(request), locale_of(request, caller)
    after = path_in(query.cursor)
    now = clock.now()
    async with database_of(request).read() as connection:
        thread = await find_thread(connection, caller.site.id, article)
        visible(thread, to_staff=caller.role is not None, now=now)
        out = thread_out(thread, caller.site, locale=locale, now=now)
        comments = await list_comments(
            connection,
            thread.id,
            order=query.order,
            after=after,
            limit=query.limit + 1,
            reader_id=caller.reader_id,
        )
    cursor = encode_cursor(order_key(comments[query.limit - 1], query.order)) if len(comments) > query.limit else None
    page = Page(out, [_as_seen(comment, caller) for comment in comments[: query.limit]], cursor)
    link = next_link(request, cursor)
    if not caller.is_anonymous:
        return json_response(page, headers={**PRIVATE, "content-language": locale, **link})
    tag = entity_tag(thread.id, thread.shown_version, out.state, caller.site.revision, locale)
    return PublicResponse(page, tag=tag, locale=locale, now=now, until=changes_at(out), headers=link)


async def post_comment(request: Request, caller: Caller) -> Response:
    """Post a comment."""
    body, key = await decode_body(request, PostIn), idempotency_key(request)
    accepted = await submit_post(request, caller, body, key=key)
    comment = accepted.comment
    token = None
    if accepted.tells_token and not caller.profile:  # the host signs its own readers in again
        token = gate_of(request).tokens.make(caller.site.id, comment.reader_id)
    # A guessable idempotency key returns only the public view of the comment.
    seen = own_comment(comment) if accepted.tells_token else told_comment(comment)
    seen.state = state_for_author(comment)
    if accepted.tells_token and comment.state in NOT_YET:
        findings = accepted.findings or await findings_of(request, comment)
        seen.status_reasons = status_reasons_of(comment, findings, caller.site.rules, locale=locale_of(request, caller))
    posted = Posted(seen, accepted.thread, token)
    location = f"/v1/sites/{caller.site.slug}/comments/{comment.id}"
    return json_response(posted, accepted.status, {"location": location, "cache-control": "no-store"})


async def get_comment(request: Request, caller: Caller) -> Response:
    """Get a comment by id, with its position in the thread."""
    async with database_of(request).read() as connection:
        comment, thread = await find_comment(connection, caller.site, comment_id_of(request))
        hidden = thread.is_hidden(clock.now()) and caller.role is None
        if hidden or not (comment.shown or _sees_whole(comment, caller)):
            raise no_comment()
        seen = _as_seen(comment, caller)
        before = await key_before(connection, comment, order="oldest", reader_id=caller.reader_id)
        if _sees_whole(comment, caller):
            findings = (await read_findings(connection, [comment.id]))[comment.id]
            _explain(seen, comment, findings, caller, locale=locale_of(request, caller))
    place = int.from_bytes(comment.path[-4:], "big")
    permalink = Permalink(seen, thread.article, place, encode_cursor(before) if before else None)
    return json_response(permalink, headers=PRIVATE)


async def patch_comment(request: Request, caller: Caller) -> Response:
    """Edit your own comment."""
    comment_id = comment_id_of(request)
    comment = await submit_edit(request, caller, comment_id, await decode_body(request, EditIn))
    seen = own_comment(comment)
    if comment.state in NOT_YET:
        findings = await findings_of(request, comment)
        seen.status_reasons = status_reasons_of(comment, findings, caller.site.rules, locale=locale_of(request, caller))
    return json_response(seen, headers={"cache-control": "no-store"})


async def remove_comment(request: Request, caller: Caller) -> Response:
    """Delete your own comment."""
    async with database_of(request).write() as connection:
        await delete_comment(connection, caller.site, comment_id_of(request), reader_id=caller.reader_id)
    return Response(status_code=204)


def _as_seen(comment: Comment, caller: Caller) -> CommentOut:
    """Return the view of ``comment`` that ``caller`` may see."""
    if caller.judges:
        return judged_comment(comment)
    return own_comment(comment) if _sees_whole(comment, caller) else public_comment(comment)


def _explain(seen: CommentOut, comment: Comment, findings: Sequence[Finding], caller: Caller, *, locale: str) -> None:
    """Add the findings for moderators, or for the author the reasons why the comment is not published."""
    if caller.judges:
        seen.findings = [finding_out(each, locale=locale) for each in findings]
    elif comment.state in NOT_YET:
        seen.status_reasons = status_reasons_of(comment, findings, caller.site.rules, locale=locale)


def _sees_whole(comment: Comment, caller: Caller) -> bool:
    """Whether the caller is a moderator, or the author of a comment that is not deleted."""
    own = caller.reader_id == comment.reader_id and comment.state is not State.DELETED
    return caller.judges or own
