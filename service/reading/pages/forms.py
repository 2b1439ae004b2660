"""The forms of the thread page: opened from a link, or shown again with errors."""

import re
from typing import Literal
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from service.conversation.comments.comment_lookup import find_comment
from service.conversation.comments.imported_ids import LINKED_ID
from service.conversation.comments.model import CommentRow, State
from service.conversation.comments.visibility import sees_text
from service.platform.access.caller import Caller
from service.platform.problems import NotFound, Problem
from service.reading.pages.comment_tree import Branch, find_branch
from service.reading.pages.quoted_text import quoted

FormAction = Literal["post", "edit", "delete", "report"]
# The action of the form that a query parameter opens.
FORM_ACTIONS: dict[str, FormAction] = {"reply": "post", "edit": "edit", "delete": "delete", "report": "report"}
# The field of the form that a problem's pointer names.
FIELDS = {
    "/body": "body",
    "/author": "name",
    "/author/name": "name",
    "/author/email": "email",
    "/author/url": "url",
    "/reason": "reason",
    "/note": "note",
    "/contact": "contact",
}


class FormView(msgspec.Struct, kw_only=True):
    """A form to show: its action, its comment ``target`` (None for the article) and its ``values``.

    ``field_errors`` maps fields to their errors; ``error`` is any other error. ``needs_review`` is true for a form
    that another origin's page sent: the reader reviews it and sends it again. ``preview`` is the text as HTML.
    """

    action: FormAction = "post"
    target: UUID | None = None
    values: dict[str, str] = {}
    field_errors: dict[str, str] = {}
    error: str | None = None
    needs_review: bool = False
    preview: str = ""

    def with_errors(self, problem: Problem, locale: str) -> "FormView":
        """Return the form with the errors of ``problem``."""
        content = problem.content(locale)
        # A plain string is a detail for programmers; readers get the translated title.
        message = content["title"] if isinstance(problem.detail, str) else content.get("detail", content["title"])
        field = FIELDS.get(content.get("pointer", ""))
        # The parent is unavailable: the text may become a comment on the article.
        target = None if problem.slug == "parent-unavailable" else self.target
        if field:
            return msgspec.structs.replace(self, target=target, field_errors={field: message})
        return msgspec.structs.replace(self, target=target, error=message)


async def open_form(request: Request, connection: AsyncConnection, caller: Caller) -> FormView:
    """Return the form that the query asks for (``?reply=``, ``edit``, ``delete`` or ``report`` a comment).

    If the comment does not exist or the reader may not change it, this is the form for a comment on the article.
    """
    author = await _last_author(connection, caller)
    for name, action in FORM_ACTIONS.items():
        if comment_id := request.query_params.get(name):
            body = await _initial_text(connection, caller, comment_id, action)
            if body is not None:
                return FormView(action=action, target=UUID(comment_id), values={**author, "body": body})
    return FormView(values=author)


async def _last_author(connection: AsyncConnection, caller: Caller) -> dict[str, str]:
    """Return the name, e-mail and website of the reader's last comment."""
    if caller.reader_id is None:
        return {}
    columns = (CommentRow.author_name, CommentRow.author_email, CommentRow.author_url)
    own = select(*columns).where(CommentRow.reader_id == caller.reader_id, CommentRow.author_name != "")
    row = (await connection.execute(own.order_by(CommentRow.id.desc()).limit(1))).one_or_none()
    return dict(zip(("name", "email", "url"), (each or "" for each in row), strict=True)) if row else {}


async def _initial_text(connection: AsyncConnection, caller: Caller, comment_id: str, action: FormAction) -> str | None:
    """Return the initial text of the form; None if the reader may not have this form."""
    try:
        comment, _ = await find_comment(connection, caller.site, UUID(comment_id))
    except (NotFound, ValueError):
        return None
    if action in {"edit", "delete"}:
        return comment.body if sees_text(comment, caller) else None
    return "" if comment.state is State.PUBLISHED else None


async def quote_parent(connection: AsyncConnection, caller: Caller, form: FormView) -> FormView:
    """Return ``form`` with a quotation of the comment that it answers above what was typed."""
    try:
        parent, _ = await find_comment(connection, caller.site, form.target) if form.target else (None, None)
    except NotFound:
        return form
    if parent is None or parent.state is not State.PUBLISHED:
        return form
    return msgspec.structs.replace(
        form, values={**form.values, "body": quoted(parent.html) + form.values.get("body", "")}
    )


def fall_back_to_article(form: FormView, branches: list[Branch]) -> FormView:
    """Return ``form`` if the page shows its comment, else the form for a comment on the article."""
    if form.target is None or find_branch(branches, form.target):
        return form
    return msgspec.structs.replace(form, action="post", target=None)


def order_in_query(request: Request) -> str:
    """Return the order of the page as a query parameter, so that links carry it on; empty for the usual one.

    The page with a certain comment is one of all comments, so that the order ``featured`` ends there.
    """
    return "order=newest" if request.query_params.get("order") == "newest" else ""


def comment_in_query(request: Request) -> str | None:
    """Return the comment id in the page's query, if valid."""
    values = (request.query_params.get(name) for name in ("comment", *FORM_ACTIONS))
    value = next((each for each in values if each), "")
    return value if re.fullmatch(LINKED_ID, value) else None
