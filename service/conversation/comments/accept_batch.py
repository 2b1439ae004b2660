"""Accept a batch of posts in one transaction: lock, decide each in order of arrival, write all together.

This file keeps promises 1 to 5 for posts, through the order of its steps. The clock is read after the locks, so every
earlier close is seen. A retried post is looked up before anything can refuse it. The lock on the log's head is taken
last (``events/append.py``).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.batch_context import (
    BatchContext,
    RememberedPost,
    lock_and_read_context,
    read_answered,
)
from service.conversation.comments.drafts import (
    LONG_KEY,
    Accepted,
    CommentsOff,
    Draft,
    KeyReused,
    NotAccepted,
    NotPublishedYet,
    ParentUnavailable,
    ThreadClosed,
)
from service.conversation.comments.findings_store import finding_rows
from service.conversation.comments.model import Comment, CommentRow, FindingRow, IdempotencyKeyRow, State
from service.conversation.comments.reputation_queries import ReputationHistory, asks_history
from service.conversation.comments.states import STATE_AFTER, enter_state
from service.conversation.comments.tree_paths import newest_path, spot_below
from service.conversation.readers.ban_lookup import Banned, longest_ban
from service.conversation.screening.findings import Finding, strictest
from service.conversation.screening.outside_rules import screen_outside_answers
from service.conversation.screening.reputation_rules import NEW_AUTHOR, hash_text
from service.conversation.screening.rule_set import screen_of
from service.conversation.screening.screen_draft import screen_draft
from service.conversation.threads.close_thread import settle_closings
from service.conversation.threads.counts import write_counts
from service.conversation.threads.labels import labels
from service.conversation.threads.model import Thread
from service.conversation.threads.thread_lookup import no_thread
from service.conversation.threads.thread_policy import is_closed, mode_of
from service.conversation.threads.wire import ThreadOut, thread_out
from service.platform import clock
from service.platform.events.append import append_events
from service.platform.events.event_types import NewEvent
from service.platform.problems import Problem
from service.platform.sites.site_lookup import Site
from service.platform.storage.portable import insert_many

Outcome = Accepted | Problem


class Arrivals(msgspec.Struct):
    """Everything a batch has to write: rows, events, and the threads whose counts changed."""

    comments: list[dict[str, Any]] = []
    findings: list[dict[str, Any]] = []
    keys: list[dict[str, Any]] = []
    events: list[NewEvent] = []
    moved: dict[int, Thread] = {}


async def accept_batch(connection: AsyncConnection, drafts: Sequence[Draft]) -> list[Outcome]:
    """Decide each of ``drafts`` and write the accepted ones; return the outcomes in the same order."""
    facts = await lock_and_read_context(connection, drafts)
    now = clock.now()
    await read_answered(connection, facts, drafts, now=now)
    arrivals = Arrivals(events=await settle_closings(connection, facts.threads.values(), facts.sites, now=now))
    outcomes = [_accept_or_refuse(draft, facts, arrivals, now) for draft in drafts]
    await _write(connection, arrivals, now)
    return outcomes


def _accept_or_refuse(draft: Draft, facts: BatchContext, arrivals: Arrivals, now: datetime) -> Outcome:
    try:
        return _accept(draft, facts, arrivals, now)
    except Problem as refusal:
        return refusal


def _accept(draft: Draft, facts: BatchContext, arrivals: Arrivals, now: datetime) -> Accepted:
    thread = facts.threads.get((draft.site.id, draft.article))
    if thread is None or (thread.is_hidden(now) and not draft.from_host):
        raise no_thread(draft=draft.given_back())
    site = facts.sites[thread.site_id]
    if draft.key and (remembered := facts.remembered.get((thread.id, draft.key))):
        return _replay(draft, remembered, facts, thread_out(thread, site, locale=draft.locale, now=now))
    if draft.limited:
        raise draft.limited
    _refuse_where_none_are_taken(draft, thread, site, now)
    if ban := longest_ban(facts.bans, site.id, draft.marks, now):
        raise Banned(ban, draft=draft.given_back())
    parent = _parent(draft, thread, facts)
    findings = _judge(draft, thread, site, facts.history, now)
    comment = _arrive(draft, thread, site, parent, state=STATE_AFTER[strictest(findings)], now=now)
    arrivals.findings += finding_rows(comment.id, findings)
    facts.comments[comment.id] = comment
    facts.history.add(comment)
    event = enter_state(thread, site, comment, now=now)
    status = 201 if comment.state is State.PUBLISHED else 202
    _note(arrivals, thread, comment, event)
    if draft.key:
        facts.remembered[thread.id, draft.key] = RememberedPost(draft.fingerprint(), comment.id, status)
        arrivals.keys.append(_key_row(draft, thread, facts.remembered[thread.id, draft.key], now))
    return Accepted(comment, _answer(event, thread, site, draft, now), status, tells_token=True, findings=findings)


def _replay(draft: Draft, remembered: RememberedPost, facts: BatchContext, thread: ThreadOut) -> Accepted:
    """Return the first answer again, even if the thread has closed; the author token only for a key hard to guess."""
    if remembered.fingerprint != draft.fingerprint():
        raise KeyReused(draft)
    comment = facts.comments[remembered.comment_id]
    tells_token = len(draft.key or "") >= LONG_KEY
    return Accepted(comment, thread, remembered.status, tells_token)


def _refuse_where_none_are_taken(draft: Draft, thread: Thread, site: Site, now: datetime) -> None:
    if thread.withdrawn_at is not None:
        raise no_thread(draft=draft.given_back())
    if thread.is_embargoed(now):
        raise NotPublishedYet(draft)
    if is_closed(thread, site.settings, now):
        lines = labels(locale=draft.locale, count=thread.reply_count, title=thread.title, closed=True)
        raise ThreadClosed(draft, notice=lines.notice, close_reason=thread.close_reason)
    if not thread.comments_on:
        raise CommentsOff(draft)


def _parent(draft: Draft, thread: Thread, facts: BatchContext) -> Comment | None:
    if draft.parent_id is None:
        return None
    parent = facts.comments.get(draft.parent_id)
    if parent is None or parent.thread_id != thread.id or parent.state is not State.PUBLISHED:
        raise ParentUnavailable(draft)
    return parent


def _judge(draft: Draft, thread: Thread, site: Site, history: ReputationHistory, now: datetime) -> list[Finding]:
    """Return the findings of the site's rules on ``draft``; raises NotAccepted if a rule rejects it."""
    mode = mode_of(thread, site.settings)
    standing = NEW_AUTHOR
    if asks_history(site.rules, mode):
        standing = history.standing(
            reader_id=draft.reader_id,
            address_mark=draft.address_mark,
            words_mark=hash_text(thread.id, draft.said.folded_body),
            folded=draft.said.folded_body,
            now=now,
        )
    findings = screen_draft(
        draft.said, screen_of(site.id, site.rules), mode=mode, reputation=standing, model=draft.model
    )
    findings += screen_outside_answers(draft.told, site.rules)
    if refusal := next((finding for finding in findings if finding.action == "reject"), None):
        raise NotAccepted(draft, refusal.rule, tells=site.rules.explain_to_author)
    return findings


def _arrive(
    draft: Draft, thread: Thread, site: Site, parent: Comment | None, *, state: State, now: datetime
) -> Comment:
    """Build the comment from ``draft``, at the thread's next place."""
    thread.places += 1
    spot = spot_below(parent.path if parent else None, thread.places, max_depth=site.settings.max_depth)
    return Comment(
        id=clock.new_id(),
        thread_id=thread.id,
        parent_id=draft.parent_id,
        path=spot.path,
        depth=spot.depth,
        state=state,
        shown=state is State.PUBLISHED,
        reader_id=draft.reader_id,
        author_name=draft.author_name,
        author_email=draft.author_email,
        author_url=draft.author_url,
        author_role=draft.author_role,
        author_avatar=draft.author_avatar,
        body=draft.body,
        html=draft.html,
        revision=1,
        created_at=now,
        edited_at=None,
        words_mark=hash_text(thread.id, draft.said.folded_body),
        address_mark=draft.address_mark,
        reports=0,
    )


def _note(arrivals: Arrivals, thread: Thread, comment: Comment, event: NewEvent) -> None:
    arrivals.comments.append(comment_row(comment))
    arrivals.events.append(event)
    arrivals.moved[thread.id] = thread


def comment_row(comment: Comment, *, imported_from: str | None = None) -> dict[str, Any]:
    """Return the row to insert for a new comment."""
    row = msgspec.structs.asdict(comment)
    row["newest_path"] = newest_path(comment.path)
    row["imported_from"] = imported_from
    return row


def _key_row(draft: Draft, thread: Thread, remembered: RememberedPost, now: datetime) -> dict[str, Any]:
    return {"thread_id": thread.id, "key": draft.key, "created_at": now, **remembered._asdict()}


def _answer(event: NewEvent, thread: Thread, site: Site, draft: Draft, now: datetime) -> ThreadOut:
    """Return the thread after this post, in the reader's language; the event holds it in the site's language."""
    told: ThreadOut = event.data["thread"]
    return told if draft.locale == site.locale else thread_out(thread, site, locale=draft.locale, now=now)


async def _write(connection: AsyncConnection, arrivals: Arrivals, now: datetime) -> None:
    await write_counts(connection, arrivals.moved.values(), now=now)
    await insert_many(connection, CommentRow, arrivals.comments)
    await insert_many(connection, FindingRow, arrivals.findings)
    await insert_many(connection, IdempotencyKeyRow, arrivals.keys)
    await append_events(connection, arrivals.events)
