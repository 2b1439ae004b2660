"""Comments over HTTP: read, posted, edited, deleted."""

import re
from collections.abc import Sequence
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from service import clock
from service.access.caller import Caller
from service.access.guarding import count_post, doorkeeper_of
from service.access.limiting import host_of
from service.comments.drafts import Draft
from service.comments.editing import delete_comment, edit_comment
from service.comments.finding import find_comment, no_comment
from service.comments.listing import list_comments, order_key, path_before
from service.comments.model import Comment, State
from service.comments.noting import read_findings
from service.comments.paths import is_path
from service.comments.posting import Group
from service.comments.rendering import render
from service.comments.wire import (
    AuthorIn,
    CommentOut,
    EditIn,
    Page,
    PageQuery,
    Permalink,
    Posted,
    PostIn,
    finding_out,
    own_comment,
    public_comment,
    told_comment,
    why_held,
)
from service.screening.findings import Finding
from service.screening.rules import said
from service.storage.engine import database_of
from service.threads.api import article_of, locale_of
from service.threads.finding import find_thread, visible
from service.threads.wire import changes_at, thread_out
from service.web.conditional import PRIVATE, PublicResponse, entity_tag
from service.web.cursors import decode_cursor, encode_cursor, next_link
from service.web.decoding import decode_body, decode_query
from service.web.fields import read_line, read_text, read_web_url
from service.web.problems import InvalidCursor, InvalidField, InvalidHeader, Said
from service.web.routing import json_response, path_parameter

KEY = re.compile(r"[\x21-\x7e]{1,255}")
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")


async def get_comments(request: Request, caller: Caller) -> Response:
    """A page of a thread in reading order."""
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
    """Post a reply."""
    body = await decode_body(request, PostIn)
    draft = _draft(request, caller, body)
    draft.limited = count_post(request, caller, draft=draft.given_back())
    if draft.limited and draft.key is None:
        raise draft.limited
    accepted = await _group_of(request).post(draft)
    comment = accepted.comment
    token = doorkeeper_of(request).tokens.make(caller.site.id, comment.reader_id) if accepted.tells_token else None
    # A key that could be guessed gets back no more than any reader may see.
    seen = own_comment(comment) if accepted.tells_token else told_comment(comment)
    if accepted.findings and accepted.tells_token:
        seen.why = why_held(comment, accepted.findings, caller.site.rules, locale=draft.locale)
    posted = Posted(seen, accepted.thread, token)
    location = f"/v1/sites/{caller.site.slug}/comments/{comment.id}"
    return json_response(posted, accepted.status, {"location": location, "cache-control": "no-store"})


async def get_comment(request: Request, caller: Caller) -> Response:
    """A comment by its id, and where it stands in its thread."""
    async with database_of(request).read() as connection:
        comment, thread = await find_comment(connection, caller.site, comment_id_of(request))
        hidden = thread.is_embargoed(clock.now()) and caller.role is None
        if hidden or not (comment.shown or _sees_whole(comment, caller)):
            raise no_comment()
        seen = _as_seen(comment, caller)
        before = await path_before(connection, comment, reader_id=caller.reader_id)
        if _sees_whole(comment, caller):
            findings = (await read_findings(connection, [comment.id]))[comment.id]
            _explain(seen, comment, findings, caller, locale=locale_of(request, caller))
    place = int.from_bytes(comment.path[-4:], "big")
    permalink = Permalink(seen, thread.article, place, encode_cursor(before) if before else None)
    return json_response(permalink, headers=PRIVATE)


async def patch_comment(request: Request, caller: Caller) -> Response:
    """Edit one's own comment."""
    comment_id = comment_id_of(request)
    body = read_text((await decode_body(request, EditIn)).body, pointer="/body")
    if limited := count_post(request, caller, draft={"body": body}):
        raise limited
    marks = _author_marks(request, caller, None) + address_marks_of(request, caller)
    async with database_of(request).write() as connection:
        comment = await edit_comment(
            connection, caller.site, comment_id, reader_id=caller.reader_id, marks=marks, body=body, html=render(body)
        )
    return json_response(own_comment(comment), headers={"cache-control": "no-store"})


async def remove_comment(request: Request, caller: Caller) -> Response:
    """Delete one's own comment."""
    async with database_of(request).write() as connection:
        await delete_comment(connection, caller.site, comment_id_of(request), reader_id=caller.reader_id)
    return Response(status_code=204)


def _draft(request: Request, caller: Caller, post: PostIn) -> Draft:
    """What ``post`` asks for, cleaned and rendered; raises InvalidField or InvalidHeader."""
    body = read_text(post.body, pointer="/body")
    name = read_line(post.author.name, pointer="/author/name", longest=100)
    html, url = render(body), _author_url(post.author)
    email, address_marks = _email(post.author, caller), address_marks_of(request, caller)
    return Draft(
        site=caller.site,
        article=article_of(request),
        locale=locale_of(request, caller),
        from_host=caller.role is not None,
        reader_id=caller.reader_id or clock.new_id(),
        is_known=caller.reader_id is not None,
        marks=_author_marks(request, caller, email) + address_marks,
        address_mark=address_marks[0] if address_marks else None,
        author_name=name,
        author_email=email,
        author_url=url,
        body=body,
        html=html,
        said=said(author_name=name, author_url=url, body=body, html=html),
        parent_id=post.parent_id,
        key=_idempotency_key(request),
    )


def address_marks_of(request: Request, caller: Caller) -> list[int]:
    """The marks of the address that a reader asks from, its own first; none of a key's, who speaks for others."""
    host = None if caller.role else host_of(request)
    return doorkeeper_of(request).marks.of_address(caller.site.id, host) if host else []


def _author_marks(request: Request, caller: Caller, email: str | None) -> list[int]:
    return doorkeeper_of(request).marks.of_author(caller.site.id, reader_id=caller.reader_id, email=email)


def _email(author: AuthorIn, caller: Caller) -> str | None:
    email = (author.email or "").strip()
    if not email:
        if caller.site.settings.require_email:
            raise InvalidField(Said("email-needed"), pointer="/author/email")
        return None
    if not EMAIL.fullmatch(email) or not email.isprintable():
        raise InvalidField(Said("email-malformed"), pointer="/author/email")
    return email


def _author_url(author: AuthorIn) -> str | None:
    url = (author.url or "").strip()
    return read_web_url(url, pointer="/author/url") if url else None


def _idempotency_key(request: Request) -> str | None:
    """The ``Idempotency-Key`` (draft-ietf-httpapi-idempotency-key-header), taken as it is."""
    key = request.headers.get("idempotency-key")
    if key is not None and not KEY.fullmatch(key):
        raise InvalidHeader("A key is 1 to 255 visible ASCII characters.", header="Idempotency-Key")
    return key


def comment_id_of(request: Request) -> UUID:
    """The comment in the path; raises NotFound where it can be none's."""
    try:
        return UUID(path_parameter(request, "comment"))
    except ValueError:
        raise no_comment() from None


def path_in(cursor: str | None) -> bytes:
    """The path that a page begins after; raises :class:`InvalidCursor`."""
    if cursor is None:
        return b""
    path = decode_cursor(cursor)
    if not is_path(path):
        raise InvalidCursor(parameter="cursor")
    return path


def _as_seen(comment: Comment, caller: Caller) -> CommentOut:
    """``comment`` as ``caller`` may see it."""
    return own_comment(comment) if _sees_whole(comment, caller) else public_comment(comment)


def _explain(seen: CommentOut, comment: Comment, findings: Sequence[Finding], caller: Caller, *, locale: str) -> None:
    """Tell moderators what was found in ``comment``, and its author why it is not published."""
    if caller.judges:
        seen.findings = [finding_out(each, locale=locale) for each in findings]
    elif comment.state is not State.PUBLISHED:
        seen.why = why_held(comment, findings, caller.site.rules, locale=locale)


def _sees_whole(comment: Comment, caller: Caller) -> bool:
    """Whether the caller is a moderator, or the author of a comment that is not deleted."""
    own = caller.reader_id == comment.reader_id and comment.state is not State.DELETED
    return caller.judges or own


def _group_of(request: Request) -> Group:
    group = request.app.state.group
    assert isinstance(group, Group)
    return group
