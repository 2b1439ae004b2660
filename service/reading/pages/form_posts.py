"""Plain HTML forms of the thread page: apply the form, then redirect to the result (303).

After an error the same page is shown again, with everything that the reader typed.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.conversation.comments.conversation_state import ConversationState
from service.conversation.comments.delete_comment import delete_comment
from service.conversation.comments.edit_comment import submit_edit
from service.conversation.comments.prepare_text import render_preview
from service.conversation.comments.submission import build_draft
from service.conversation.comments.visibility import UNPUBLISHED
from service.conversation.comments.wire import EditIn, PostIn, PreviewIn
from service.moderation.reports.receipt_links import receipt_path
from service.moderation.reports.submit_report import read_report, submit_report
from service.moderation.reports.wire import ReportIn
from service.platform import clock
from service.platform.access.caller import Caller
from service.platform.access.platform_state import PlatformState
from service.platform.http.app_state import database_of, state_of
from service.platform.http.authorize import add_limit_headers, enforce_post_limits
from service.platform.http.base_path import base_path_of
from service.platform.http.csrf import is_same_origin
from service.platform.http.decode import decode
from service.platform.http.path_ids import article_of, comment_id_of
from service.platform.http.raw_routes import raw_path
from service.platform.http.request_origin import client_address, locale_of, origin_of
from service.platform.problems import NotFound, Problem
from service.platform.text.field_types import read_text
from service.reading.pages.forms import FormAction, FormView, order_in_query, quote_parent
from service.reading.pages.page_sessions import PageHandler, delete_author_cookie, problem_page, set_author_cookie
from service.reading.pages.reading_state import ReadingState
from service.reading.pages.thread_page import show_page

T = TypeVar("T")
FormHandler = Callable[[Request, Caller, dict[str, str]], Awaitable[Response]]


def _form(action: FormAction) -> Callable[[FormHandler], PageHandler]:
    """Decorate a form handler: check the origin, call it, and show the form again after a problem."""

    def decorate(handle: FormHandler) -> PageHandler:
        async def send(request: Request, caller: Caller) -> Response:
            values: dict[str, str] = request.state.form_values
            form = FormView(action=action, target=_target(request, values), values=values)
            if not is_same_origin(request):
                return await show_page(request, caller, form=msgspec.structs.replace(form, needs_review=True))
            if values.get("forget"):
                return await _forget_guest(request, caller, form)
            try:
                if values.get("quote"):
                    async with database_of(request).read() as connection:
                        form = await quote_parent(connection, caller, form)
                    return await show_page(request, caller, form=form)
                if values.get("preview"):
                    body = read_text(_decode({"body": values.get("body", "")}, PreviewIn).body, pointer="/body")
                    preview = await render_preview(body)
                    return await show_page(request, caller, form=msgspec.structs.replace(form, preview=preview))
                return await handle(request, caller, values)
            except Problem as problem:
                return await _show_errors(request, caller, form, problem)

        return send

    return decorate


async def _forget_guest(request: Request, caller: Caller, form: FormView) -> Response:
    """Show the form to another person, who keeps only the text: without the guest's details, and without the cookie."""
    empty = msgspec.structs.replace(form, values={"body": form.values.get("body", "")})
    response = await show_page(request, Caller(caller.site), form=empty)
    delete_author_cookie(response, request, caller)
    return response


@_form("post")
async def send_post(request: Request, caller: Caller, values: dict[str, str]) -> Response:
    """Post a reply."""
    author = {"name": values.get("name") or " ", "email": values.get("email", ""), "url": values.get("url", "")}
    state, locale = state_of(request, ReadingState), locale_of(request, caller)
    seconds = state.form_timestamps.seconds_since(values.get("time", ""), clock.now())
    post: dict[str, Any] = {
        "body": values.get("body", ""),
        "author": author,
        "form": {"honeypot": values.get("home", "")[:1000], "seconds": seconds},
    }
    if values.get("parent"):
        post["parent_id"] = values["parent"]
    decoded, article = _decode(post, PostIn), article_of(request)
    key = _key(state, request, caller, values)
    origin = origin_of(request, caller)
    draft = await build_draft(state, caller, decoded, article=article, locale=locale, key=key, origin=origin)
    add_limit_headers(request, draft.limits.statuses)
    accepted = await state.group_commit.post(draft)
    comment = accepted.comment
    response = _redirect(request, "held" if comment.state in UNPUBLISHED else "posted", comment=str(comment.id))
    if accepted.proves_author:
        set_author_cookie(response, request, caller, state.gate.tokens.make(caller.site.id, comment.reader_id))
    return response


@_form("edit")
async def send_edit(request: Request, caller: Caller, values: dict[str, str]) -> Response:
    """Edit the reader's own comment."""
    comment_id = comment_id_of(request)
    body = read_text(_decode({"body": values.get("body", "")}, EditIn).body, pointer="/body")
    await enforce_post_limits(request, caller, draft={"body": body})
    state, origin = state_of(request, ConversationState), origin_of(request, caller)
    comment = await submit_edit(state, caller, comment_id, body=body, origin=origin)
    return _redirect(request, "held" if comment.state in UNPUBLISHED else "edited", comment=str(comment_id))


@_form("delete")
async def send_deletion(request: Request, caller: Caller, _values: dict[str, str]) -> Response:
    """Delete the reader's own comment."""
    comment_id = comment_id_of(request)
    async with database_of(request).write() as connection:
        await delete_comment(connection, caller.site, comment_id, reader_id=caller.reader_id)
    return _redirect(request, "deleted", comment=str(comment_id))


@_form("report")
async def send_report(request: Request, caller: Caller, values: dict[str, str]) -> Response:
    """Report a comment."""
    comment_id = comment_id_of(request)
    typed = {name: values.get(name) or None for name in ("note", "contact")}
    new = read_report(_decode({"reason": values.get("reason", ""), **typed}, ReportIn))
    await enforce_post_limits(request, caller)
    state, origin = state_of(request, PlatformState), origin_of(request, caller)
    _, token = await submit_report(state, caller, comment_id, new, origin=origin)
    if token:
        path = f"{base_path_of(request)}{receipt_path(caller.site, token)}?confirmation=reported"
        return RedirectResponse(path, 303, {"cache-control": "no-store"})
    return _redirect(request, "reported", comment=str(comment_id))


def _decode(values: dict[str, Any], kind: type[T]) -> T:
    return decode(msgspec.json.encode(values), kind)


def _target(request: Request, values: dict[str, str]) -> UUID | None:
    """Return the id of the comment in the form's path, or of the reply's parent."""
    try:
        return UUID(str(request.path_params.get("comment") or values.get("parent")))
    except ValueError:
        return None


def _key(state: ReadingState, request: Request, caller: Caller, values: dict[str, str]) -> str:
    """Return an idempotency key: the same when a reader sends the same form with the same text again."""
    client = [str(caller.reader_id), client_address(request), request.headers.get("user-agent")]
    fields = [values.get(name, "") for name in ("time", "parent", "name", "email", "url", "body")]
    return state.form_keys.make(client, fields)


def _redirect(request: Request, confirmation: str, *, comment: str) -> Response:
    """Redirect to the comment on the thread page, with a confirmation message (Post/Redirect/Get)."""
    path = base_path_of(request) + "/".join(raw_path(request.scope).split("/")[:3])
    query = "&".join(filter(None, [f"confirmation={confirmation}", f"comment={comment}", order_in_query(request)]))
    return RedirectResponse(f"{path}?{query}#comment-{comment}", 303, {"cache-control": "no-store"})


async def _show_errors(request: Request, caller: Caller, form: FormView, problem: Problem) -> Response:
    """Show the page with the filled-in form and its errors; if the thread is gone, only the typed text."""
    locale = locale_of(request, caller)
    try:
        return await show_page(request, caller, form=form.with_errors(problem, locale), problem=problem)
    except NotFound:
        return problem_page(request, problem, typed=form.values.get("body", ""))
