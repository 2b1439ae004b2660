"""Authors change their minds: they edit for a while, and delete whenever they like."""

from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from service import clock
from service.comments.finding import lock_comment, no_comment
from service.comments.model import Comment, State
from service.comments.noting import replace_findings
from service.comments.states import Change, change_states
from service.events.catalogue import EventType
from service.screening.findings import Finding, strictest
from service.screening.judging import judge
from service.screening.rules import said, screen_of
from service.sites.finding import Site
from service.threads.closing import settle_closings
from service.threads.finding import visible
from service.threads.model import Thread
from service.threads.terms import is_closed, mode_of
from service.web.problems import Problem


class EditRefused(Problem):
    """An edit that was not accepted; ``draft`` gives back what was typed."""

    status: ClassVar[int] = 409

    def __init__(self, body: str, **members: Any) -> None:
        super().__init__(draft={"body": body}, **members)


class EditInClosedThread(EditRefused):
    """Nobody's words change once the thread is closed."""

    slug = "thread-closed"


class EditWindowOver(EditRefused):
    """The time in which the author may edit has passed."""

    slug = "edit-window-over"


class NotEditable(EditRefused):
    """The comment was rejected, or deleted."""

    slug = "not-editable"


class EditNotAccepted(EditRefused):
    """A rule of the site refuses the new words; ``rule`` says which."""

    status, slug = 422, "not-accepted"


async def edit_comment(
    connection: AsyncConnection, site: Site, comment_id: UUID, *, reader_id: UUID | None, body: str, html: str
) -> Comment:
    """Change what ``reader_id`` wrote, and judge it again.

    Raises NotFound where the comment is not theirs, or an :class:`EditRefused`.
    """
    comment, thread = await _lock_own(connection, site, comment_id, reader_id)
    now = clock.now()
    visible(thread, to_staff=False, now=now)
    if is_closed(thread, site.settings, now):
        raise EditInClosedThread(body)
    if comment.state not in {State.PUBLISHED, State.PENDING}:
        raise NotEditable(body)
    if now >= comment.created_at + timedelta(seconds=site.settings.edit_window_seconds):
        raise EditWindowOver(body)
    if comment.body == body:
        return comment
    comment.body, comment.html, comment.edited_at = body, html, now
    findings = _judge_again(comment, thread, site)
    # A new wording can lose what the old one was granted, but never gain it: what was held stays held.
    to = State(strictest(findings)) if comment.state is State.PUBLISHED else State.PENDING
    event = EventType.COMMENT_EDITED if to is comment.state else EventType.COMMENT_HELD
    await replace_findings(connection, comment.id, findings)
    await change_states(connection, [Change(thread, site, comment, to, event)], now=now)
    return comment


def _judge_again(comment: Comment, thread: Thread, site: Site) -> list[Finding]:
    """What the site's rules find in the new words of ``comment``; raises EditNotAccepted where one refuses them."""
    says = said(author_name=comment.author_name, author_url=comment.author_url, body=comment.body, html=comment.html)
    findings = judge(says, screen_of(site.id, site.rules), mode=mode_of(thread, site.settings))
    if refusal := next((finding for finding in findings if finding.verdict == "refused"), None):
        raise EditNotAccepted(comment.body, rule=refusal.rule)
    return findings


async def delete_comment(connection: AsyncConnection, site: Site, comment_id: UUID, *, reader_id: UUID | None) -> None:
    """Delete what ``reader_id`` wrote, for good: its words and its author are gone. Twice is once.

    Raises NotFound where the comment is not theirs.
    """
    comment, thread = await _lock_own(connection, site, comment_id, reader_id)
    if comment.state is State.DELETED and not comment.body:
        return
    now = clock.now()
    closed = await settle_closings(connection, [thread], {site.id: site}, now=now)
    comment.author_name = comment.body = comment.html = ""
    comment.author_email = comment.author_url = comment.author_avatar = comment.edited_at = None
    await replace_findings(connection, comment.id, [])
    change = Change(thread, site, comment, State.DELETED, EventType.COMMENT_DELETED)
    await change_states(connection, [change], now=now, told_before=closed)


async def _lock_own(
    connection: AsyncConnection, site: Site, comment_id: UUID, reader_id: UUID | None
) -> tuple[Comment, Thread]:
    comment, thread = await lock_comment(connection, site, comment_id)
    if reader_id is None or comment.reader_id != reader_id:
        raise no_comment()
    return comment, thread
