"""The endpoint for article events, signed as Standard Webhooks 1.0 specifies, and the same as calls with a key."""

import re
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response

from service.conversation.threads.model import Thread
from service.conversation.threads.wire import changes_of, thread_out
from service.integrations.articles.apply_article_event import apply_article_event
from service.integrations.articles.article_calls import apply_article_call
from service.integrations.articles.article_event import AnyKind, ArticleEvent
from service.integrations.articles.wire import ArticleEventIn, MoveIn
from service.platform import clock
from service.platform.access.caller import Caller
from service.platform.access.platform_state import PlatformState
from service.platform.http.app_state import database_of, state_of
from service.platform.http.decode import BODY_LIMIT, decode_body, decode_bytes, read_body
from service.platform.http.path_ids import article_of
from service.platform.http.raw_routes import json_response
from service.platform.http.request_origin import locale_of
from service.platform.outbound import webhook_signatures as signing
from service.platform.outbound.webhook_signatures import Signer
from service.platform.problems import InvalidField, InvalidHeader, Problem
from service.platform.text.article_ids import ARTICLE_ID_FORMAT, is_article_id

MESSAGE_ID = re.compile(r"[\x21-\x7e]{1,256}")


class InvalidSignature(Problem):
    """The signature is missing, wrong or too old: 401 (RFC 9110, section 15.5.2)."""

    status: ClassVar[int] = 401
    slug = "invalid-signature"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.headers["www-authenticate"] = 'Webhook-Signature realm="onereply"'


async def post_article_event(request: Request, caller: Caller) -> Response:
    """Apply an article event to the article's thread.

    Returns the thread (200), or 204 when the article has no thread and the event does not create one.
    """
    body = await read_body(request, limit=BODY_LIMIT)
    webhook_id = await _verify_signature(request, caller, body)
    event = _event_in(decode_bytes(request, body, ArticleEventIn))
    async with database_of(request).write() as connection:
        thread = await apply_article_event(connection, caller.site, event, webhook_id=webhook_id)
    if thread is None:
        return Response(status_code=204)
    return _thread_response(request, caller, thread)


async def _verify_signature(request: Request, caller: Caller, body: bytes) -> str:
    """Verify the signature with the site's secret and return the message id.

    Raises InvalidSignature, or InvalidHeader for an id that is malformed.
    """
    secret = await state_of(request, PlatformState).secrets.find(caller.site, "article-webhooks")
    try:
        webhook_id = Signer(*([secret] if secret else [])).verify(request.headers, body, now=clock.now())
    except signing.SignatureMismatch as error:
        raise InvalidSignature(
            f"{error} Sign with the site's secret “article-webhooks”; “onereply site secret” creates it."
        ) from None
    if not MESSAGE_ID.fullmatch(webhook_id):
        raise InvalidHeader(f"“{signing.ID}” must be 1 to 256 visible ASCII characters.", header=signing.ID)
    return webhook_id


def _event_in(sent: ArticleEventIn) -> ArticleEvent:
    """Convert the decoded body to an event; raises InvalidField."""
    article = sent.data
    for name, id_ in (("article", article.article), ("previous_article", article.previous_article)):
        if id_ is not None and not is_article_id(id_):
            raise InvalidField(ARTICLE_ID_FORMAT, pointer=f"/data/{name}")
    changes = changes_of(article, below="/data")
    del changes["article"], changes["previous_article"]
    closed = changes.pop("closed", None)
    at = changes.pop("updated_at", None) or sent.timestamp
    return ArticleEvent(
        sent.type,
        article.article,
        article.previous_article,
        changes,
        at=at,
        sent_at=sent.timestamp,
        closed=closed,
    )


async def post_move(request: Request, caller: Caller) -> Response:
    """Move a thread to the article's new id; both ids find it."""
    body = await decode_body(request, MoveIn)
    if not is_article_id(body.article):
        raise InvalidField(ARTICLE_ID_FORMAT, pointer="/article")
    thread = await _call(request, caller, "article.moved", to=body.article)
    return _thread_response(request, caller, thread)


async def post_withdraw(request: Request, caller: Caller) -> Response:
    """Hide an article from readers; its comments are kept."""
    return _thread_response(request, caller, await _call(request, caller, "article.withdrawn"))


async def post_restore(request: Request, caller: Caller) -> Response:
    """Show an article to readers again."""
    return _thread_response(request, caller, await _call(request, caller, "article.restored"))


async def delete_thread(request: Request, caller: Caller) -> Response:
    """Delete an article: hide it, and erase its comments where the site's settings ask for it."""
    await _call(request, caller, "article.deleted")
    return Response(status_code=204)


async def _call(request: Request, caller: Caller, kind: AnyKind, *, to: str | None = None) -> Thread:
    async with database_of(request).write() as connection:
        return await apply_article_call(connection, caller.site, article_of(request), kind, to=to)


def _thread_response(request: Request, caller: Caller, thread: Thread) -> Response:
    locale = locale_of(request, caller)
    out = thread_out(thread, caller.site, locale=locale, now=clock.now())
    return json_response(out, headers={"cache-control": "no-store", "content-language": locale})
