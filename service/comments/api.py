"""Comments over HTTP: read, posted, edited, deleted."""

import re
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from service import clock
from service.access.caller import Caller
from service.access.guarding import count_post, doorkeeper_of
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
)
from service.screening.rules import said
from service.storage.engine import database_of
from service.threads.api import article_of, locale_of
from service.threads.finding import find_thread, visible
from service.threads.wire import changes_at, thread_out
from service.web.conditional import PRIVATE, PublicResponse, entity_tag
from service.web.cursors import decode_cursor, encode_cursor, next_link
from service.web.decoding import decode_body, decode_query
from service.web.fields import is_email, read_line, read_text, read_web_url
from service.web.problems import InvalidCursor, InvalidField, InvalidHeader, Said
from service.web.routing import json_response, path_parameter

KEY = re.compile(r"[\x21-\x7e]{1,255}")


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
    token = None
    if accepted.tells_token and not caller.profile:  # whom the host signed in, it signs in again
        token = doorkeeper_of(request).tokens.make(caller.site.id, comment.reader_id)
    # A key that could be guessed gets back no more than any reader may see.
    seen = own_comment(comment) if accepted.tells_token else told_comment(comment)
    posted = Posted(seen, accepted.thread, token)
    location = f"/v1/sites/{caller.site.slug}/comments/{comment.id}"
    return json_response(posted, accepted.status, {"location": location, "cache-control": "no-store"})


async def get_comment(request: Request, caller: Caller) -> Response:
    """A comment by its id, and where it stands in its thread."""
    async with database_of(request).read() as connection:
        comment, thread = await find_comment(connection, caller.site, _comment_id(request))
        hidden = thread.is_embargoed(clock.now()) and caller.role is None
        if hidden or not (comment.shown or _sees_whole(comment, caller)):
            raise no_comment()
        seen = _as_seen(comment, caller)
        before = await path_before(connection, comment, reader_id=caller.reader_id)
        if caller.judges:
            findings = (await read_findings(connection, [comment.id]))[comment.id]
            seen.findings = [finding_out(each, locale=locale_of(request, caller)) for each in findings]
    place = int.from_bytes(comment.path[-4:], "big")
    permalink = Permalink(seen, thread.article, place, encode_cursor(before) if before else None)
    return json_response(permalink, headers=PRIVATE)


async def patch_comment(request: Request, caller: Caller) -> Response:
    """Edit one's own comment."""
    comment_id = _comment_id(request)
    body = read_text((await decode_body(request, EditIn)).body, pointer="/body")
    if limited := count_post(request, caller, draft={"body": body}):
        raise limited
    async with database_of(request).write() as connection:
        comment = await edit_comment(
            connection, caller.site, comment_id, reader_id=caller.reader_id, body=body, html=render(body)
        )
    return json_response(own_comment(comment), headers={"cache-control": "no-store"})


async def remove_comment(request: Request, caller: Caller) -> Response:
    """Delete one's own comment."""
    async with database_of(request).write() as connection:
        await delete_comment(connection, caller.site, _comment_id(request), reader_id=caller.reader_id)
    return Response(status_code=204)


def _draft(request: Request, caller: Caller, post: PostIn) -> Draft:
    """What ``post`` asks for, cleaned and rendered; raises InvalidField or InvalidHeader."""
    body = read_text(post.body, pointer="/body")
    name, profile = _name(post.author, caller), caller.profile
    html, url = render(body), _author_url(post.author)
    return Draft(
        site=caller.site,
        article=article_of(request),
        locale=locale_of(request, caller),
        from_host=caller.role is not None,
        reader_id=caller.reader_id or clock.new_id(),
        author_name=name,
        author_email=profile.email if profile else _email(post.author, caller),
        author_url=url,
        author_role=profile.role if profile else "guest",
        author_avatar=profile.avatar if profile else None,
        body=body,
        html=html,
        said=said(author_name=name, author_url=url, body=body, html=html),
        parent_id=post.parent_id,
        key=_idempotency_key(request),
    )


def _name(author: AuthorIn | None, caller: Caller) -> str:
    """The name that the host vouches for, or else the one that was typed."""
    if caller.profile and caller.profile.name:
        return caller.profile.name
    if author is None:
        raise InvalidField(Said("name-needed"), pointer="/author")
    return read_line(author.name, pointer="/author/name", longest=100)


def _email(author: AuthorIn | None, caller: Caller) -> str | None:
    email = ((author and author.email) or "").strip()
    if not email:
        if caller.site.settings.require_email:
            raise InvalidField(Said("email-needed"), pointer="/author/email")
        return None
    if not is_email(email):
        raise InvalidField(Said("email-malformed"), pointer="/author/email")
    return email


def _author_url(author: AuthorIn | None) -> str | None:
    url = ((author and author.url) or "").strip()
    return read_web_url(url, pointer="/author/url") if url else None


def _idempotency_key(request: Request) -> str | None:
    """The ``Idempotency-Key`` (draft-ietf-httpapi-idempotency-key-header), taken as it is."""
    key = request.headers.get("idempotency-key")
    if key is not None and not KEY.fullmatch(key):
        raise InvalidHeader("A key is 1 to 255 visible ASCII characters.", header="Idempotency-Key")
    return key


def _comment_id(request: Request) -> UUID:
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


def _sees_whole(comment: Comment, caller: Caller) -> bool:
    """Whether the caller is a moderator, or the author of a comment that is not deleted."""
    own = caller.reader_id == comment.reader_id and comment.state is not State.DELETED
    return caller.judges or own


def _group_of(request: Request) -> Group:
    group = request.app.state.group
    assert isinstance(group, Group)
    return group
