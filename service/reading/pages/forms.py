"""The forms in which readers write, as they are opened, and as they are given back with what is wrong in them."""

from typing import Literal
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from service.conversation.comments.comment_lookup import find_comment
from service.conversation.comments.model import CommentRow, State
from service.platform.access.caller import Caller
from service.platform.problems import NotFound, Problem
from service.reading.pages.form_timestamps import FormTimestamps
from service.reading.pages.thread_view import Branch, find_branch, is_own

Deed = Literal["post", "edit", "delete", "report"]
DEEDS: dict[str, Deed] = {"reply": "post", "edit": "edit", "delete": "delete", "report": "report"}
FIELDS = {
    "/body": "body",
    "/author": "name",
    "/author/name": "name",
    "/author/email": "email",
    "/author/url": "url",
    "/reason": "reason",
    "/note": "note",
}


class FormView(msgspec.Struct, kw_only=True):
    """A form as it is shown: for a deed, on the comment ``target`` or on the article, with the ``values`` it holds.

    ``wrong`` tells by field what does not fit, ``error`` what else keeps it from being done; ``looks_over`` is whether
    it came from another origin's page and is to be looked over first.
    """

    deed: Deed = "post"
    target: UUID | None = None
    values: dict[str, str] = {}
    wrong: dict[str, str] = {}
    error: str | None = None
    looks_over: bool = False

    def given_back(self, problem: Problem, locale: str) -> "FormView":
        """The form with what ``problem`` says of it."""
        content = problem.content(locale)
        # A detail that is the same in every language is for those who program.
        told = content["title"] if isinstance(problem.detail, str) else content.get("detail", content["title"])
        field = FIELDS.get(content.get("pointer", ""))
        # What is answered is gone: its answer may go to the article instead.
        target = None if problem.slug == "parent-unavailable" else self.target
        if field:
            return msgspec.structs.replace(self, target=target, wrong={field: told})
        return msgspec.structs.replace(self, target=target, error=told)


async def open_form(request: Request, connection: AsyncConnection, caller: Caller) -> FormView:
    """The form that the page's query asks for (``?reply=``, ``edit``, ``delete`` or ``report`` a comment).

    Where that comment is not there, or is not the reader's to change, it is the form for a reply to the article.
    """
    known = await _known_author(connection, caller)
    for name, deed in DEEDS.items():
        if asked := request.query_params.get(name):
            body = await _body_of(connection, caller, asked, deed)
            if body is not None:
                return FormView(deed=deed, target=UUID(asked), values={**known, "body": body})
    return FormView(values=known)


async def _known_author(connection: AsyncConnection, caller: Caller) -> dict[str, str]:
    """The name, e-mail and website under which the reader wrote last."""
    if caller.reader_id is None:
        return {}
    columns = (CommentRow.author_name, CommentRow.author_email, CommentRow.author_url)
    own = select(*columns).where(CommentRow.reader_id == caller.reader_id, CommentRow.author_name != "")
    row = (await connection.execute(own.order_by(CommentRow.id.desc()).limit(1))).one_or_none()
    return dict(zip(("name", "email", "url"), (each or "" for each in row), strict=True)) if row else {}


async def _body_of(connection: AsyncConnection, caller: Caller, asked: str, deed: Deed) -> str | None:
    """The words that the form for ``deed`` begins with; None where there is no such form for the reader."""
    try:
        comment, _ = await find_comment(connection, caller.site, UUID(asked))
    except (NotFound, ValueError):
        return None
    if deed in {"edit", "delete"}:
        return comment.body if is_own(comment, caller) and comment.state is not State.DELETED else None
    return "" if comment.state is State.PUBLISHED else None


def settled(form: FormView, branches: list[Branch]) -> FormView:
    """``form`` where its comment is shown; else what was typed, as a reply to the article."""
    if form.target is None or find_branch(branches, form.target):
        return form
    return msgspec.structs.replace(form, deed="post", target=None)


def comment_asked(request: Request) -> UUID | None:
    """The comment that the page's query is about, if it can be one."""
    given = (request.query_params.get(name) for name in ("comment", *DEEDS))
    try:
        return UUID(next((each for each in given if each), ""))
    except ValueError:
        return None


def stamps_of(request: Request) -> FormTimestamps:
    """What stamps the app's forms."""
    stamps = request.app.state.stamps
    assert isinstance(stamps, FormTimestamps)
    return stamps
