"""Authors edit their comments for a limited time, and can delete them at any time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_lookup import lock_own
from service.conversation.comments.findings_store import forget_findings, replace_findings
from service.conversation.comments.fingerprint_retention import clear_addresses
from service.conversation.comments.model import Comment, State
from service.conversation.comments.reputation_queries import asks_history, read_history
from service.conversation.comments.states import ARRIVED, STATE_AFTER, STRICTEST_STATES, Change, change_states
from service.conversation.comments.wire import state_for_author
from service.conversation.readers.ban_lookup import Banned, longest_ban, read_bans
from service.conversation.screening.findings import Action, Finding, strictest
from service.conversation.screening.reputation_rules import NEW_AUTHOR, Reputation, hash_text, reputation_of
from service.conversation.screening.rule_set import make_draft_text, screen_of
from service.conversation.screening.screen_draft import screen_draft
from service.conversation.screening.spam_model import SpamModel
from service.conversation.threads.close_thread import settle_closings
from service.conversation.threads.model import Thread
from service.conversation.threads.thread_lookup import visible
from service.conversation.threads.thread_policy import is_closed, mode_of
from service.platform import clock
from service.platform.events.event_types import EventType
from service.platform.problems import Problem, Translated
from service.platform.sites.site_lookup import Site


class EditRefused(Problem):
    """An edit that was not accepted; ``draft`` returns the typed text."""

    status: ClassVar[int] = 409

    def __init__(self, body: str, detail: Translated | None = None, **members: Any) -> None:
        super().__init__(detail, draft={"body": body}, **members)


class EditInClosedThread(EditRefused):
    """Comments in a closed thread cannot be edited."""

    slug = "thread-closed"


class EditWindowClosed(EditRefused):
    """The time in which the author may edit is over."""

    slug = "edit-window-closed"


class NotEditable(EditRefused):
    """The comment was rejected or deleted."""

    slug = "not-editable"


class EditNotAccepted(EditRefused):
    """A rule of the site rejects the new text; ``rule`` names it."""

    status, slug = 422, "not-accepted"


class Edit(NamedTuple):
    """An author's new text: ``body``, rendered as ``html``.

    ``marks`` are the author's fingerprints; ``marks_of_email`` returns those of the e-mail on the comment. ``model`` is
    the site's spam model.
    """

    body: str
    html: str
    marks: list[int]
    marks_of_email: Callable[[str], list[int]]
    model: SpamModel | None


async def edit_comment(
    connection: AsyncConnection, site: Site, comment_id: UUID, *, reader_id: UUID | None, edit: Edit
) -> Comment:
    """Replace the text of a comment by its author ``reader_id``, and screen it again.

    Raises NotFound if the comment is not theirs, Banned, or an :class:`EditRefused`.
    """
    comment, thread = await lock_own(connection, site, comment_id, reader_id)
    now, body, marks = clock.now(), edit.body, edit.marks
    visible(thread, to_staff=False, now=now)
    if is_closed(thread, site.settings, now):
        raise EditInClosedThread(body)
    if comment.author_email:
        marks = marks + edit.marks_of_email(comment.author_email)
    bans = await read_bans(connection, {(site.id, mark) for mark in marks})
    if ban := longest_ban(bans, site.id, marks, now):
        raise Banned(ban, draft={"body": body})
    if state_for_author(comment) not in {State.PUBLISHED, State.PENDING}:
        raise NotEditable(body)
    if now >= comment.created_at + timedelta(seconds=site.settings.edit_window_seconds):
        raise EditWindowClosed(body)
    if comment.body == body:
        return comment
    comment.body, comment.html, comment.edited_at = body, edit.html, now
    findings = await _judge_again(connection, comment, thread, site, edit.model)
    to, event = after_edit(comment.state, strictest(findings))
    comment.reports = comment.reports or 0
    await replace_findings(connection, comment.id, findings)
    await change_states(connection, [Change(thread, site, comment, to, event)], now=now)
    return comment


async def _judge_again(
    connection: AsyncConnection, comment: Comment, thread: Thread, site: Site, model: SpamModel | None
) -> list[Finding]:
    """Return the findings of the site's rules on the new text; raises EditNotAccepted if a rule rejects it."""
    says = make_draft_text(
        author_name=comment.author_name, author_url=comment.author_url, body=comment.body, html=comment.html
    )
    mode, rules = mode_of(thread, site.settings), site.rules
    comment.words_mark = hash_text(thread.id, says.folded_body)
    standing = NEW_AUTHOR
    if asks_history(rules, mode):
        standing = await _standing(connection, comment)
    findings = screen_draft(says, screen_of(site.id, rules), mode=mode, reputation=standing, model=model)
    if refusal := next((finding for finding in findings if finding.action == "reject"), None):
        told = Translated(refusal.rule.value, table="author") if rules.explain_to_author else None
        raise EditNotAccepted(comment.body, told, rule=refusal.rule)
    return findings


async def _standing(connection: AsyncConnection, comment: Comment) -> Reputation:
    """Return the author's reputation without this comment; an edit does not count as another post."""
    mark, now = comment.words_mark, comment.edited_at
    assert mark is not None and now is not None
    history = await read_history(connection, readers=[comment.reader_id], addresses=[], words=[])
    past = [each for each in history.of_readers[comment.reader_id] if each.id != comment.id]
    standing = reputation_of(past, [], last_posted_at=None, text_hash=mark, is_short=True, now=now)
    return structs.replace(standing, posted=0)


def after_edit(before: State, action: Action) -> tuple[State, EventType]:
    """Return the state after an edit whose text gets ``action`` (not ``reject``), and the event to append.

    An edit can lower a comment's state but never raise it: a held comment stays held.
    """
    after = min(before, STATE_AFTER[action], key=STRICTEST_STATES.index)
    return after, EventType.COMMENT_EDITED if after is before else ARRIVED[after]


async def delete_comment(connection: AsyncConnection, site: Site, comment_id: UUID, *, reader_id: UUID | None) -> None:
    """Delete a comment for its author ``reader_id``: text and author are erased for good. Idempotent.

    Raises NotFound if the comment is not theirs.
    """
    comment, thread = await lock_own(connection, site, comment_id, reader_id)
    if comment.state is State.DELETED and not comment.body:
        return
    now = clock.now()
    closed = await settle_closings(connection, [thread], {site.id: site}, now=now)
    comment.author_name = comment.body = comment.html = ""
    comment.author_email = comment.author_url = comment.author_avatar = comment.edited_at = None
    comment.words_mark = comment.reports = None
    await clear_addresses(connection, [comment.id])
    await forget_findings(connection, comment.id)
    change = Change(thread, site, comment, State.DELETED, EventType.COMMENT_DELETED)
    await change_states(connection, [change], now=now, told_before=closed)
