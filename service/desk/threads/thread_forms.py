"""The forms that close, reopen, hold and move a thread."""

from typing import Literal
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from service.conversation.threads.move_article import ArticleIdConflict
from service.conversation.threads.own_threads import close_own_thread, reopen_own_thread, set_own_mode
from service.conversation.threads.register_article import register_thread
from service.desk.forms.refused_forms import refused_form
from service.desk.forms.site_times import read_time
from service.desk.sign_in.desk_request import DeskRequest
from service.desk.threads.thread_context_page import ContextQuery, show_thread_context
from service.integrations.articles.article_calls import apply_article_call
from service.platform.access.caller import ADMIN, admit
from service.platform.http.path_ids import article_of
from service.platform.problems import InvalidField
from service.platform.text.article_ids import is_article_id
from service.platform.text.field_types import read_line


class ClosingForm(msgspec.Struct, kw_only=True):
    """What the form does to the thread."""

    closing: Literal["close", "reopen", "never", "auto"]


class ModeForm(msgspec.Struct, kw_only=True):
    """Whether to hold all comments of the thread."""

    hold: bool


async def send_closing(desk: DeskRequest) -> Response:
    """Close or reopen a thread, now or at a time; admins also set that it never closes or that it closes by itself."""
    article = article_of(desk.request)
    try:
        form = desk.form(ClosingForm)
        at, reason = read_time(desk, "at", in_future=True), _reason(desk)
        if form.closing == "close":
            await close_own_thread(desk.database, desk.caller, article, at=at, reason=reason)
        elif form.closing == "reopen":
            await reopen_own_thread(desk.database, desk.caller, article, at=at)
        else:
            admit(desk.caller, ADMIN)
            changes = {"closing_kind": form.closing, "closing_at": None}
            async with desk.database.write() as connection:
                await register_thread(connection, desk.site, article, changes)
    except InvalidField as problem:
        return await show_thread_context(desk, ContextQuery(), refused=refused_form(desk, problem, form="closing"))
    said = {"close": "closing" if at else "closed", "reopen": "reopened"}.get(form.closing, "closing")
    return _see_thread(desk, article, said)


async def send_mode(desk: DeskRequest) -> Response:
    """Hold all comments of a thread, or go back to the mode of its section or site."""
    article = article_of(desk.request)
    try:
        hold, reason = desk.form(ModeForm).hold, _reason(desk)
        await set_own_mode(desk.database, desk.caller, article, mode="hold" if hold else None, reason=reason)
    except InvalidField as problem:
        return await show_thread_context(desk, ContextQuery(), refused=refused_form(desk, problem, form="mode"))
    return _see_thread(desk, article, "held" if hold else "unheld")


async def send_move(desk: DeskRequest) -> Response:
    """Move a thread to the article's new id; both ids find it."""
    article, to = article_of(desk.request), desk.fields.get("article", "").strip()
    try:
        if not is_article_id(to):
            raise InvalidField(desk.sentence("threads", "no_article_id"), pointer="/article")
        async with desk.database.write() as connection:
            thread = await apply_article_call(connection, desk.site, article, "article.moved", to=to)
    except (InvalidField, ArticleIdConflict) as problem:
        refused = refused_form(desk, problem, form="move")._replace(field="article")
        return await show_thread_context(desk, ContextQuery(), refused=refused)
    return _see_thread(desk, thread.article, "moved")


def _reason(desk: DeskRequest) -> str | None:
    typed = desk.fields.get("reason", "")
    return read_line(typed, pointer="/reason", max_length=500) if typed.strip() else None


def _see_thread(desk: DeskRequest, article: str, said: str) -> Response:
    return desk.see_other(desk.path(f"threads/{quote(article, safe='')}"), said=said)
