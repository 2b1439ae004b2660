"""The thread page with its forms, and the thread fragment that host pages include."""

from functools import partial
from typing import Any, get_args
from uuid import UUID

import msgspec
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.conversation.comments.comment_lookup import find_comment, no_comment
from service.conversation.comments.statement_of_reasons import needs_statement
from service.conversation.comments.visibility import is_listed, is_own
from service.conversation.threads.labels import label
from service.conversation.threads.model import Thread
from service.conversation.threads.thread_lookup import find_thread, require_visible
from service.conversation.threads.thread_policy import next_change
from service.platform import clock
from service.platform.access.caller import Caller
from service.platform.http.app_state import database_of, state_of
from service.platform.http.base_path import base_path_of
from service.platform.http.conditional import (
    PRIVATE,
    PublicResponse,
    entity_tag,
    is_not_modified,
    not_modified,
    public_headers,
)
from service.platform.http.csrf import is_same_origin
from service.platform.http.decode import decode_query
from service.platform.http.path_ids import article_of, comment_id_of
from service.platform.http.request_origin import date_locale_of
from service.platform.languages.messages import catalogue, catalogue_for, format_number
from service.platform.languages.quotation import nest_quotations
from service.platform.problems import Problem
from service.reading.pages.avatars import initial_of, tone_of
from service.reading.pages.comment_tree import count_replies, find_branch, in_reading_order, is_long
from service.reading.pages.desk_link import desk_url_of
from service.reading.pages.forms import (
    FORM_ACTIONS,
    FormView,
    comment_in_query,
    fall_back_to_article,
    open_form,
    order_in_query,
)
from service.reading.pages.own_decided import statement_path
from service.reading.pages.reading_state import ReadingState
from service.reading.pages.templates_engine import SAFE, TEMPLATES_VERSION, html_page, rendered_in_steps
from service.reading.pages.thread_view import ThreadView, page_path, read_thread_view
from service.reading.pages.wire import FragmentQuery, ListOrder

# By action. Without a fragment, the form's text field gets the focus (HTML, section 6.6.7).
URL_FRAGMENTS = {"comment": "#comment-{comment}", "reply": "", "edit": "", "delete": "#form", "report": "#form"}
NO_STORE = {"cache-control": "no-store"}
CONFIRMATIONS = ("posted", "held", "edited", "deleted", "reported")
EMBED_MESSAGES = (
    *CONFIRMATIONS,
    *(
        "receipt",
        "copied",
        "write",
        "answer",
        "sending",
        "review",
        "just_closed",
        "kept",
        "offline",
        "failed",
        "not_loaded",
        "again",
    ),
)


async def get_fragment(request: Request, caller: Caller, base_url: str) -> Response:
    """Send one page of a thread as an HTML fragment, with absolute links, for a host's page or the embed."""
    query, dates, now = decode_query(request, FragmentQuery), date_locale_of(request, caller), clock.now()
    locale = catalogue_for(dates)
    async with database_of(request).read() as connection:
        thread = await find_thread(connection, caller.site.id, article_of(request))
        require_visible(thread, to_staff=False, now=now)
        view = await read_thread_view(connection, thread, caller, query, locale=locale, now=now)
    context = _context(request, caller, view, FormView(), locale=locale, origin=base_url)
    html = await rendered_in_steps(
        "fragment.html", locale=dates, level="h2", confirmation=None, confirmed=None, **context
    )
    if not caller.is_anonymous:  # no ETag: the reader's own pending comments do not change the public version
        return html_page(html, headers={**PRIVATE, "content-language": locale})
    tag = _entity_tag(thread, view, caller, dates)
    until = next_change(thread, caller.site, now)
    return PublicResponse(html, tag=tag, locale=locale, now=now, until=until, headers=SAFE, media_type="text/html")


async def get_thread_page(request: Request, caller: Caller) -> Response:
    """Send the thread page of an article."""
    return await show_page(request, caller, form=None)


async def show_page(
    request: Request, caller: Caller, *, form: FormView | None, problem: Problem | None = None
) -> Response:
    """Send the thread page with the requested form, or with the ``form`` that was just sent.

    Raises NotFound if readers can't see the thread.
    """
    dates, now = date_locale_of(request, caller), clock.now()
    locale = catalogue_for(dates)
    query = _page_query(request, form)
    async with database_of(request).read() as connection:
        thread = await find_thread(connection, caller.site.id, article_of(request))
        require_visible(thread, to_staff=False, now=now)
        view = await read_thread_view(connection, thread, caller, query, locale=locale, now=now)
        form = fall_back_to_article(form or await open_form(request, connection, caller), view.branches)
    base_path = base_path_of(request)
    tag = _entity_tag(thread, view, caller, dates, base_path)
    until = next_change(thread, caller.site, now)
    headers = public_headers(tag, locale=locale, now=now, until=until)
    headers["vary"] = "Accept-Language, Cookie"
    # Ignore the confirmation in a shared link: this visitor sent nothing.
    confirmation = request.query_params.get("confirmation") if is_same_origin(request) and not problem else None
    context = _context(request, caller, view, form, locale=locale, origin=base_path)
    if not caller.is_anonymous or confirmation or request.method == "POST" or context["desk_url"]:
        headers = {"cache-control": "private, no-store", "content-language": locale}
    elif is_not_modified(request, tag):
        return not_modified(headers)
    html = await rendered_in_steps(
        "thread.html",
        base_path=base_path,
        locale=dates,
        confirmation=confirmation if confirmation in CONFIRMATIONS else None,
        confirmed=_shown_comment(query, view),
        **context,
    )
    status, more_headers = (problem.status, problem.headers) if problem else (200, {})
    return html_page(html, status=status, headers={**more_headers, **headers})


async def find_comment_page(request: Request, caller: Caller) -> Response:
    """Redirect from a comment's permalink to the comment on the thread page, or to its form."""
    async with database_of(request).read() as connection:
        comment, thread = await find_comment(connection, caller.site, comment_id_of(request))
    if is_own(comment, caller) and needs_statement(comment) and not is_listed(comment, caller):
        return RedirectResponse(f"{base_path_of(request)}{statement_path(caller.site, comment.id)}", 303, NO_STORE)
    # The link to a comment that its author has deleted still leads them to the thread.
    if thread.is_hidden(clock.now()) or not (comment.shown or is_own(comment, caller)):
        raise no_comment()
    action = next((action for action in FORM_ACTIONS if action in request.query_params), "comment")
    query = "&".join(filter(None, [f"{action}={comment.id}", order_in_query(request)]))
    path = f"{base_path_of(request)}{page_path(caller.site, thread.article)}?{query}"
    path += URL_FRAGMENTS[action].format(comment=comment.id)
    return RedirectResponse(path, 303, NO_STORE)


def _entity_tag(thread: Thread, view: ThreadView, caller: Caller, *parts: str) -> str:
    version = TEMPLATES_VERSION, thread.id, thread.shown_version, caller.site.revision
    return entity_tag(*version, *view.thread.timed_state, *parts)


def _page_query(request: Request, form: FormView | None) -> FragmentQuery:
    """Return the page to show: the one with the comment of the form or link, or the requested one."""
    parameters = request.query_params
    target = str(form.target) if form and form.target else None
    return FragmentQuery(
        order=next((each for each in get_args(ListOrder) if each == parameters.get("order")), "oldest"),
        cursor=parameters.get("cursor"),
        comment=target if form else comment_in_query(request),
    )


def _shown_comment(query: FragmentQuery, view: ThreadView) -> UUID | None:
    """Return the comment of the query if the page shows it."""
    shown = (branch.comment.id for branch, _ in in_reading_order(view.branches) if branch.excerpt is None)
    return next((each for each in shown if str(each) == query.comment), None)


def _context(
    request: Request, caller: Caller, view: ThreadView, form: FormView, *, locale: str, origin: str
) -> dict[str, Any]:
    """Return the template variables of a thread; links to the service begin with ``origin``."""
    messages, profile = catalogue(catalogue_for(locale)), caller.profile
    fields, parent = messages["form"], find_branch(view.branches, form.target)
    author = parent.comment.author if parent else None
    return {
        "view": view,
        "branches": list(in_reading_order(view.branches)),
        "thread": view.thread,
        "origin": origin,
        "desk_url": desk_url_of(request, caller, view.thread.article, origin=origin),
        "form": form,
        "blank": FormView(),
        "has_initials": caller.site.settings.avatars == "initials",
        "initial_of": initial_of,
        "tone_of": tone_of,
        "label": partial(label, locale=locale),
        "count_replies": count_replies,
        "is_long": is_long,
        "number": partial(format_number, catalogue_for(locale)),
        "title_in_heading": nest_quotations(view.thread.title, catalogue_for(locale)),
        "title": fields["answer"].replace("{name}", author.name) if author else fields["write"],
        "fields": fields,
        "reasons": messages["reason"],
        "statement_messages": messages["statement"],
        "refusal": messages["problem"].get(view.refusal or ""),
        "order_parameter": order_in_query(request),
        "signed_in_name": profile.name if profile else None,
        "is_remembered": caller.reader_id is not None and not profile and bool(form.values.get("name")),
        "requires_email": caller.site.settings.require_email and not (profile and profile.email),
        "timestamp": state_of(request, ReadingState).form_timestamps.make(clock.now()),
        "edit_seconds": caller.site.settings.edit_window_seconds,
        "embed_messages": _embed_messages(messages),
    }


def _embed_messages(messages: dict[str, dict[str, str]]) -> Markup:
    """Return the embed's own messages as JSON, escaped for a single-quoted attribute."""
    embed_messages: dict[str, Any] = {name: messages["form"][name] for name in EMBED_MESSAGES}
    embed_messages |= {"new": messages["new"], "replies": messages["label"]}
    embed_messages |= {name: messages["page"][name] for name in ("removed", "in_reply_to_removed", "share")}
    embed_messages["edited_mark"] = messages["page"]["edited"]
    embed_messages["appealed"] = messages["statement"]["appeal_filed"]
    text = msgspec.json.encode(embed_messages).decode()
    return Markup(text.replace("&", "&amp;").replace("'", "&#39;").replace("<", "&lt;"))  # noqa: S704  # escaped here
