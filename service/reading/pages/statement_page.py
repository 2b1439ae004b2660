"""The page with the statement of reasons about the visitor's own comment, and the form to appeal."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.conversation.comments.comment_lookup import find_comment, no_comment
from service.conversation.comments.findings_store import read_findings
from service.conversation.comments.statement_of_reasons import read_last_decisions
from service.conversation.comments.visibility import is_explained, is_own, view_for
from service.moderation.decisions.appeals import file_appeal
from service.platform.access.caller import Caller
from service.platform.http.app_state import database_of
from service.platform.http.authorize import enforce_post_limits
from service.platform.http.base_path import base_path_of
from service.platform.http.csrf import is_same_origin
from service.platform.http.path_ids import comment_id_of
from service.platform.http.request_origin import date_locale_of
from service.platform.languages.messages import catalogue, catalogue_for
from service.platform.problems import InvalidField
from service.platform.text.field_types import read_line
from service.reading.pages.own_decided import statement_path
from service.reading.pages.templates_engine import page
from service.reading.pages.thread_view import page_path

NO_STORE = {"cache-control": "no-store"}


async def get_statement(request: Request, caller: Caller) -> Response:
    """Send the statement of reasons about the visitor's own comment; a published one leads to its thread."""
    return await _show(request, caller)


async def send_appeal(request: Request, caller: Caller) -> Response:
    """Appeal, then show the statement again; a form from another origin's page is shown to be sent again."""
    typed = request.state.form_values.get("note", "")
    if not is_same_origin(request):
        return await _show(request, caller, typed=typed)
    comment_id = comment_id_of(request)
    try:
        note = read_line(typed, pointer="/note", max_length=300) if typed.strip() else None
    except InvalidField as problem:
        return await _show(request, caller, typed=typed, problem=problem)
    await enforce_post_limits(request, caller)
    async with database_of(request).write() as connection:
        await file_appeal(connection, caller.site, comment_id, reader_id=caller.reader_id, note=note)
    return RedirectResponse(f"{base_path_of(request)}{statement_path(caller.site, comment_id)}", 303, NO_STORE)


async def _show(request: Request, caller: Caller, *, typed: str = "", problem: InvalidField | None = None) -> Response:
    dates, base_path = date_locale_of(request, caller), base_path_of(request)
    locale = catalogue_for(dates)
    async with database_of(request).read() as connection:
        comment, thread = await find_comment(connection, caller.site, comment_id_of(request))
        findings = await read_findings(connection, [comment.id])
        decisions = await read_last_decisions(connection, [comment])
    if not is_own(comment, caller):
        raise no_comment()
    back = f"{base_path}{page_path(caller.site, thread.article)}"
    if not is_explained(comment, caller):
        return RedirectResponse(f"{back}?comment={comment.id}#comment-{comment.id}", 303, NO_STORE)
    found, decision = findings[comment.id], decisions.get(comment.id)
    messages = catalogue(locale)
    return page(
        "statement.html",
        base_path=base_path,
        locale=dates,
        status=problem.status if problem else 200,
        headers={**NO_STORE, "content-language": locale},
        comment=view_for(comment, caller, locale=locale, findings=found, decision=decision),
        statement_messages=messages["statement"],
        site=caller.site.slug,
        back=back,
        title=thread.title,
        typed=typed,
        error=problem.content(locale)["detail"] if problem else None,
    )
