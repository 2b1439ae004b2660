"""Accept a batch of posts in one transaction: lock, decide each in order of arrival, write all together.

The order of the steps keeps promises 1 to 5 for posts. The clock is read after the locks, so every
earlier close is seen. A retried post is looked up before anything can refuse it. The lock on the log's head is taken
last (``events/append.py``).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.automated_decisions import decision_by_rules
from service.conversation.comments.batch_context import BatchContext, StoredPost, lock_and_read_context
from service.conversation.comments.findings_store import finding_rows, rule_order
from service.conversation.comments.idempotency_keys import proves_author
from service.conversation.comments.model import Comment, CommentRow, FindingRow, IdempotencyKeyRow, State
from service.conversation.comments.refusals import (
    KeyReused,
    NotAccepted,
    ParentUnavailable,
    over_limit,
    refuse_unless_open,
)
from service.conversation.comments.reputation_queries import uses_reputation
from service.conversation.comments.staff import is_exempt
from service.conversation.comments.states import STATE_AFTER, count_new_comment
from service.conversation.comments.submission import Draft
from service.conversation.comments.tree_paths import child_position, newest_path
from service.conversation.readers.measure_lookup import Banned, longest_ban, trust_in
from service.conversation.screening.external_rules import screen_external_signals
from service.conversation.screening.findings import Finding, rejecting, strictest
from service.conversation.screening.reputation_rules import NEW_AUTHOR, hash_text
from service.conversation.screening.screen_text import screen_author
from service.conversation.threads.close_thread import close_due_threads
from service.conversation.threads.counts import write_counts
from service.conversation.threads.model import Thread
from service.conversation.threads.thread_lookup import no_thread
from service.conversation.threads.thread_policy import mode_of, rules_of
from service.conversation.threads.wire import ThreadOut, thread_out
from service.platform import clock
from service.platform.events.append import append_events
from service.platform.events.event_types import NewEvent
from service.platform.events.record_decisions import NewDecision, record_decisions
from service.platform.problems import Problem
from service.platform.sites.site_lookup import Site
from service.platform.storage.portable import insert_many


class Accepted(msgspec.Struct):
    """A post that was accepted, now or when it was first sent; ``status`` is the same each time.

    ``proves_author`` is whether the response may contain the author token. ``findings`` are those made now.
    """

    comment: Comment
    thread: ThreadOut
    status: int
    proves_author: bool
    findings: Sequence[Finding] = ()


class RulesChanged(NamedTuple):
    """An undecided post: its text was screened by other rules than ``site`` has in ``section``.

    The site or the article's section has changed meanwhile, and lists of words take long.
    """

    site: Site
    section: str | None


Outcome = Accepted | Problem | RulesChanged


class BatchWrites(msgspec.Struct):
    """Everything a batch has to write: rows, decisions, events, and the threads whose counts changed.

    ``revisions`` are those of the sites that decided (promise 2).
    """

    comments: list[dict[str, Any]] = []
    findings: list[dict[str, Any]] = []
    keys: list[dict[str, Any]] = []
    decisions: list[NewDecision] = []
    events: list[NewEvent] = []
    revisions: dict[int, int] = {}
    threads: dict[int, Thread] = {}


async def accept_batch(connection: AsyncConnection, drafts: Sequence[Draft]) -> list[Outcome]:
    """Decide each of ``drafts`` and write the accepted ones; return the outcomes in the same order."""
    context = await lock_and_read_context(connection, drafts)
    now = context.now
    closed = await close_due_threads(connection, context.threads.values(), context.sites, now=now)
    writes = BatchWrites(events=closed, revisions={site.id: site.revision for site in context.sites.values()})
    outcomes = [_accept_or_refuse(draft, context, writes, now) for draft in drafts]
    await _write(connection, writes, now)
    return outcomes


def _accept_or_refuse(draft: Draft, context: BatchContext, writes: BatchWrites, now: datetime) -> Outcome:
    try:
        return _accept(draft, context, writes, now)
    except Problem as refusal:
        return refusal


def _accept(draft: Draft, context: BatchContext, writes: BatchWrites, now: datetime) -> Accepted | RulesChanged:
    thread = context.threads.get((draft.site.id, draft.article))
    if thread is None or (thread.is_hidden(now) and not draft.from_host):
        raise no_thread(draft=draft.typed_fields())
    site = context.sites[thread.site_id]
    if draft.key and (stored := context.stored.get((thread.id, draft.key))):
        return _replay(draft, stored, context, thread_out(thread, site, locale=draft.locale, now=now))
    if draft.limits.exceeded:
        raise over_limit(draft)
    refuse_unless_open(draft, thread, site, now)
    if ban := longest_ban(context.measures, site.id, draft.fingerprints, now):
        raise Banned(ban, draft=draft.typed_fields())
    parent = _parent(draft, thread, context)
    if site.revision != draft.site.revision or (
        thread.section != draft.section and site.rules_in(thread.section) is not site.rules_in(draft.section)
    ):
        return RulesChanged(site, thread.section)
    findings = _screen(draft, thread, site, context, now)
    comment = _new_comment(draft, thread, site, parent, state=STATE_AFTER[strictest(findings)], now=now)
    writes.findings += finding_rows(comment.id, findings)
    if comment.state is not State.PUBLISHED:
        writes.decisions.append(decision_by_rules(site.id, comment, findings, before=None, revision=0))
    context.comments[comment.id] = comment
    context.activity.add(comment)
    event = count_new_comment(thread, site, comment, now=now)
    status = 201 if comment.state is State.PUBLISHED else 202
    _add(writes, thread, comment, event)
    if draft.key:
        context.stored[thread.id, draft.key] = StoredPost(draft.content_hash(), comment.id, status)
        writes.keys.append(_key_row(draft, thread, context.stored[thread.id, draft.key], now))
    out = _thread_out_for(draft, thread, site, event, now)
    return Accepted(comment, out, status, proves_author=True, findings=findings)


def _replay(draft: Draft, stored: StoredPost, context: BatchContext, thread: ThreadOut) -> Accepted:
    """Return the first result again, even if the thread has closed; the author token only for a secret key."""
    if stored.fingerprint != draft.content_hash():
        raise KeyReused(draft)
    comment = context.comments[stored.comment_id]
    return Accepted(comment, thread, stored.status, proves_author(draft.key or ""))


def _parent(draft: Draft, thread: Thread, context: BatchContext) -> Comment | None:
    if draft.parent_id is None:
        return None
    parent = context.comments.get(draft.parent_id)
    if parent is None or parent.thread_id != thread.id or parent.state is not State.PUBLISHED:
        raise ParentUnavailable(draft)
    return parent


def _screen(draft: Draft, thread: Thread, site: Site, context: BatchContext, now: datetime) -> list[Finding]:
    """Return the findings of the site's rules on ``draft``; raises NotAccepted if a rule rejects it."""
    if is_exempt(draft.author.role, site):
        return []
    mode, rules = mode_of(thread, site, now), rules_of(thread, site)
    reputation = NEW_AUTHOR
    if uses_reputation(rules, mode):
        reputation = context.activity.reputation(
            reader_id=draft.reader_id,
            address_fingerprint=draft.address_fingerprint,
            text_hash=hash_text(thread.id, draft.text.folded_body),
            folded=draft.text.folded_body,
            now=now,
        )
    trust = trust_in(context.measures, site.id, draft.fingerprints, now)
    findings = screen_author(draft.text_findings, mode=mode, reputation=reputation, trust=trust)
    findings = sorted([*findings, *screen_external_signals(draft.external, rules)], key=rule_order)
    if refusal := rejecting(findings):
        raise NotAccepted(draft, refusal, explain=rules.explain_to_author)
    return findings


def _new_comment(
    draft: Draft, thread: Thread, site: Site, parent: Comment | None, *, state: State, now: datetime
) -> Comment:
    """Build the comment from ``draft``, at the thread's next place."""
    thread.places += 1
    position = child_position(parent.path if parent else None, thread.places, max_depth=site.settings.max_depth)
    return Comment(
        id=clock.new_id(),
        thread_id=thread.id,
        parent_id=draft.parent_id,
        path=position.path,
        depth=position.depth,
        state=state,
        shown=state is State.PUBLISHED,
        reader_id=draft.reader_id,
        author_name=draft.author.name,
        author_email=draft.author.email,
        author_url=draft.author.url,
        author_role=draft.author.role,
        author_avatar=draft.author.avatar,
        body=draft.body,
        html=draft.html,
        revision=1,
        created_at=now,
        edited_at=None,
        text_hash=hash_text(thread.id, draft.text.folded_body),
        address_fingerprint=draft.address_fingerprint,
        reports=0,
        author_subject=draft.author.subject,
    )


def _add(writes: BatchWrites, thread: Thread, comment: Comment, event: NewEvent) -> None:
    writes.comments.append(comment_row(comment))
    writes.events.append(event)
    writes.threads[thread.id] = thread


def comment_row(comment: Comment) -> dict[str, Any]:
    """Return the row to insert for a new comment."""
    row = msgspec.structs.asdict(comment)
    row["newest_path"] = newest_path(comment.path)
    return row


def _key_row(draft: Draft, thread: Thread, stored: StoredPost, now: datetime) -> dict[str, Any]:
    return {"thread_id": thread.id, "key": draft.key, "created_at": now, **stored._asdict()}


def _thread_out_for(draft: Draft, thread: Thread, site: Site, event: NewEvent, now: datetime) -> ThreadOut:
    """Return the thread after this post, in the reader's language; the event holds it in the site's language."""
    out: ThreadOut = event.data["thread"]
    return out if draft.locale == site.locale else thread_out(thread, site, locale=draft.locale, now=now)


async def _write(connection: AsyncConnection, writes: BatchWrites, now: datetime) -> None:
    await write_counts(connection, writes.threads.values(), now=now)
    await insert_many(connection, CommentRow, writes.comments)
    await insert_many(connection, FindingRow, writes.findings)
    await insert_many(connection, IdempotencyKeyRow, writes.keys)
    await record_decisions(connection, writes.decisions, now=now)
    await append_events(connection, writes.events, revisions=writes.revisions)
