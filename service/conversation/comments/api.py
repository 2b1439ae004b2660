"""HTTP endpoints for comments: list, post, get (also by the old id), edit, delete, list your own."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from service.conversation.comments.comment_lookup import find_by_source, find_comment, no_comment
from service.conversation.comments.comment_pages import decode_path_cursor, key_before, read_page
from service.conversation.comments.conversation_state import ConversationState
from service.conversation.comments.delete_comment import delete_comment
from service.conversation.comments.edit_comment import submit_edit
from service.conversation.comments.findings_store import read_findings
from service.conversation.comments.model import Comment
from service.conversation.comments.own_comments import list_own_comments
from service.conversation.comments.prepare_text import render_preview
from service.conversation.comments.statement_of_reasons import LastDecision, needs_statement, read_last_decisions
from service.conversation.comments.submission import build_draft
from service.conversation.comments.visibility import (
    author_view,
    is_explained,
    is_own,
    may_see,
    repeat_view,
    view_for,
)
from service.conversation.comments.wire import (
    CommentBySourceQuery,
    CommentOut,
    EditIn,
    OwnComment,
    OwnComments,
    OwnCommentsQuery,
    Page,
    PageQuery,
    Permalink,
    Posted,
    PostIn,
    Preview,
    PreviewIn,
)
from service.conversation.screening.findings import Finding
from service.conversation.threads.model import Thread
from service.conversation.threads.thread_lookup import find_thread, require_visible
from service.conversation.threads.thread_policy import next_change
from service.conversation.threads.wire import thread_out
from service.platform import clock
from service.platform.access.caller import Caller
from service.platform.http.app_state import database_of, state_of
from service.platform.http.authorize import add_limit_headers, enforce_post_limits
from service.platform.http.base_path import base_path_of
from service.platform.http.conditional import PRIVATE, PublicResponse, entity_tag
from service.platform.http.cursors import decode_id, encode_cursor, next_link
from service.platform.http.decode import decode_body, decode_query
from service.platform.http.path_ids import article_of, comment_id_of, idempotency_key
from service.platform.http.raw_routes import json_response
from service.platform.http.request_origin import locale_of, origin_of
from service.platform.text.field_types import read_text


async def get_comments(request: Request, caller: Caller) -> Response:
    """List a page of a thread's comments in reading order."""
    query, article, locale = decode_query(request, PageQuery), article_of(request), locale_of(request, caller)
    after = decode_path_cursor(query.cursor)
    now = clock.now()
    async with database_of(request).read() as connection:
        thread = await find_thread(connection, caller.site.id, article)
        caller = caller.in_section(thread.section)
        require_visible(thread, to_staff=caller.role is not None, now=now)
        out = thread_out(thread, caller.site, locale=locale, now=now)
        comments, next_key = await read_page(
            connection,
            thread.id,
            order=query.order,
            after=after,
            limit=query.limit,
            reader_id=caller.reader_id,
            featured=query.featured,
        )
    cursor = encode_cursor(next_key) if next_key else None
    page = Page(out, [view_for(comment, caller, locale=locale) for comment in comments], cursor)
    link = next_link(request, cursor)
    if not caller.is_anonymous:
        return json_response(page, headers={**PRIVATE, "content-language": locale, **link})
    tag = entity_tag(thread.id, thread.shown_version, *out.timed_state, caller.site.revision, locale)
    until = next_change(thread, caller.site, now)
    return PublicResponse(page, tag=tag, locale=locale, now=now, until=until, headers=link)


async def post_comment(request: Request, caller: Caller) -> Response:
    """Post a comment."""
    body, key, locale = await decode_body(request, PostIn), idempotency_key(request), locale_of(request, caller)
    state, origin = state_of(request, ConversationState), origin_of(request, caller)
    draft = await build_draft(state, caller, body, article=article_of(request), locale=locale, key=key, origin=origin)
    add_limit_headers(request, draft.limits.statuses)
    accepted = await state.group_commit.post(draft)
    comment, token = accepted.comment, None
    if not accepted.proves_author:
        seen = repeat_view(comment)
    else:
        if not caller.profile:  # the host signs its own readers in again
            token = state.gate.tokens.make(caller.site.id, comment.reader_id)
        findings, decision = accepted.findings, None
        if not findings:
            findings, decision = await _explanation_of_held(request, comment)
        seen = author_view(comment, caller.site, locale=locale, findings=findings, decision=decision)
    posted = Posted(seen, accepted.thread, token)
    location = f"{base_path_of(request)}/v1/sites/{caller.site.slug}/comments/{comment.id}"
    return json_response(posted, accepted.status, {"location": location, "cache-control": "no-store"})


async def post_preview(request: Request, caller: Caller) -> Response:
    """Render a text as it would look when it is posted; nothing is stored."""
    typed = await decode_body(request, PreviewIn)
    html = await render_preview(read_text(typed.body, pointer="/body"))
    return json_response(Preview(html), headers={"cache-control": "no-store"})


async def get_comment(request: Request, caller: Caller) -> Response:
    """Get a comment by id, with the cursor of its page."""
    async with database_of(request).read() as connection:
        comment, thread = await find_comment(connection, caller.site, comment_id_of(request))
        return await _permalink(request, caller, connection=connection, comment=comment, thread=thread)


async def get_comment_by_source(request: Request, caller: Caller) -> Response:
    """Get an imported comment by its id in the old system, with the cursor of its page."""
    query = decode_query(request, CommentBySourceQuery)
    async with database_of(request).read() as connection:
        comment, thread = await find_by_source(connection, caller.site, query.source)
        return await _permalink(request, caller, connection=connection, comment=comment, thread=thread)


async def _permalink(
    request: Request, caller: Caller, *, connection: AsyncConnection, comment: Comment, thread: Thread
) -> Response:
    caller = caller.in_section(thread.section)
    if not may_see(comment, thread, caller, clock.now()):
        raise no_comment()
    before = await key_before(connection, comment, order="oldest", reader_id=caller.reader_id)
    explained = [comment.id] if is_explained(comment, caller) else []
    findings = (await read_findings(connection, explained)).get(comment.id)
    own = [comment] if is_own(comment, caller) else []
    decision = (await read_last_decisions(connection, own)).get(comment.id)
    seen = view_for(comment, caller, locale=locale_of(request, caller), findings=findings, decision=decision)
    number = int.from_bytes(comment.path[-4:], "big")
    permalink = Permalink(seen, thread.article, number, encode_cursor(before) if before else None)
    return json_response(permalink, headers=PRIVATE)


async def patch_comment(request: Request, caller: Caller) -> Response:
    """Edit your own comment."""
    comment_id, typed = comment_id_of(request), await decode_body(request, EditIn)
    body = read_text(typed.body, pointer="/body")
    await enforce_post_limits(request, caller, draft={"body": body})
    state, origin = state_of(request, ConversationState), origin_of(request, caller)
    comment = await submit_edit(state, caller, comment_id, body=body, origin=origin)
    findings, decision = await _explanation_of_held(request, comment)
    seen = view_for(comment, caller, locale=locale_of(request, caller), findings=findings, decision=decision)
    return json_response(seen, headers={"cache-control": "no-store"})


async def remove_comment(request: Request, caller: Caller) -> Response:
    """Delete your own comment."""
    async with database_of(request).write() as connection:
        await delete_comment(connection, caller.site, comment_id_of(request), reader_id=caller.reader_id)
    return Response(status_code=204)


async def get_own_comments(request: Request, caller: Caller) -> Response:
    """List the caller's own comments, newest first."""
    query, locale = decode_query(request, OwnCommentsQuery), locale_of(request, caller)
    before = decode_id(query.cursor)
    assert caller.reader_id
    async with database_of(request).read() as connection:
        found, has_more = await list_own_comments(
            connection, caller.site, caller.reader_id, before=before, limit=query.limit, now=clock.now()
        )
        comments = [each.comment for each in found]
        findings = await read_findings(connection, [comment.id for comment in comments if needs_statement(comment)])
        decisions = await read_last_decisions(connection, comments)

    def view(comment: Comment) -> CommentOut:
        of_it = findings.get(comment.id), decisions.get(comment.id)
        return view_for(comment, caller, locale=locale, findings=of_it[0], decision=of_it[1])

    out = [OwnComment(view(comment), article, title, url) for comment, article, title, url in found]
    cursor = encode_cursor(found[-1].comment.id.bytes) if has_more else None
    return json_response(OwnComments(out, cursor), headers={**PRIVATE, **next_link(request, cursor)})


async def _explanation_of_held(request: Request, comment: Comment) -> tuple[Sequence[Finding], LastDecision | None]:
    """Read the findings and the last decision on a comment that is not published; they explain to its author why."""
    if not needs_statement(comment):
        return (), None
    async with database_of(request).read() as connection:
        findings = (await read_findings(connection, [comment.id]))[comment.id]
        return findings, (await read_last_decisions(connection, [comment])).get(comment.id)
