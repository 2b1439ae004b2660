"""Decide on one or more comments, each at the revision the moderator saw."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_lookup import lock_comments, no_comment
from service.conversation.comments.decision_reasons import DEFAULT_REASONS
from service.conversation.comments.model import Comment, State
from service.conversation.comments.settle_reports import settle_reports
from service.conversation.comments.states import Change, change_states
from service.conversation.threads.close_thread import close_due_threads
from service.moderation.decisions.waiting_times import read_waiting_times
from service.moderation.queue.claims import release_claims
from service.moderation.reports.report_store import reopen_reports
from service.platform import clock
from service.platform.events.event_types import EventType
from service.platform.events.model import DecisionRow
from service.platform.events.record_decisions import UNDO_WINDOW, Actor, NewDecision, record_decisions
from service.platform.problems import Problem
from service.platform.sites.sections import Sections
from service.platform.sites.site_lookup import Site
from service.platform.storage.portable import any_of, row_parameters

Action = Literal["publish", "hold", "reject", "spam", "delete", "restore", "feature", "unfeature", "undo"]


class Transition(NamedTuple):
    """A change of state by an action: the states it applies to, the state it leads to, and its event.

    ``undone`` is the decision to undo, and ``reports`` the number of open reports before it; None means that a
    moderator had already decided. ``keeps_reports``: the open reports stay open, for another decision to settle.
    """

    before: frozenset[State]
    after: State
    event: EventType
    reports: int | None = None
    undone: UUID | None = None
    keeps_reports: bool = False


TRANSITIONS: dict[Action, Transition] = {
    "publish": Transition(
        frozenset({State.PENDING, State.REJECTED, State.SPAM}), State.PUBLISHED, EventType.COMMENT_PUBLISHED
    ),
    "hold": Transition(frozenset({State.PUBLISHED}), State.PENDING, EventType.COMMENT_HELD, keeps_reports=True),
    "reject": Transition(
        frozenset({State.PENDING, State.PUBLISHED, State.SPAM}), State.REJECTED, EventType.COMMENT_REJECTED
    ),
    "spam": Transition(frozenset({State.PENDING, State.PUBLISHED, State.REJECTED}), State.SPAM, EventType.COMMENT_SPAM),
    "delete": Transition(frozenset(State) - {State.DELETED}, State.DELETED, EventType.COMMENT_DELETED),
    "restore": Transition(
        frozenset({State.REJECTED, State.SPAM, State.DELETED}), State.PUBLISHED, EventType.COMMENT_RESTORED
    ),
    "feature": Transition(
        frozenset({State.PUBLISHED}), State.PUBLISHED, EventType.COMMENT_FEATURED, keeps_reports=True
    ),
    "unfeature": Transition(
        frozenset({State.PUBLISHED}), State.PUBLISHED, EventType.COMMENT_UNFEATURED, keeps_reports=True
    ),
}
UNDOABLE = TRANSITIONS.keys() - {"feature", "unfeature"}
_FEATURING = {EventType.COMMENT_FEATURED: True, EventType.COMMENT_UNFEATURED: False}


# A comment that its author deleted while it was reported as illegal: its words are sealed for the decision on the
# report, and it stays deleted. ``publish`` rejects the report, ``reject`` upholds it.
JUDGE_DELETED = Transition(frozenset({State.DELETED}), State.DELETED, EventType.COMMENT_DELETED)
JUDGING_ACTIONS = ("publish", "reject")

# The event of an undo, by the state it restores.
UNDO_EVENTS = {
    State.PUBLISHED: EventType.COMMENT_RESTORED,
    State.PENDING: EventType.COMMENT_HELD,
    State.REJECTED: EventType.COMMENT_REJECTED,
    State.SPAM: EventType.COMMENT_SPAM,
    State.DELETED: EventType.COMMENT_DELETED,
}


class RevisionConflict(Problem):
    """The comment was edited or decided after the moderator loaded it."""

    status: ClassVar[int] = 409
    slug = "revision-conflict"


class InvalidTransition(Problem):
    """The action does not apply to the state, the author deleted the comment, or it is too late to undo."""

    status: ClassVar[int] = 409
    slug = "invalid-transition"


class DecisionResult(NamedTuple):
    """The result for one comment: the changed comment, or the problem that prevented the decision."""

    comment_id: UUID
    comment: Comment | None
    problem: Problem | None


async def decide(
    connection: AsyncConnection,
    site: Site,
    comments: Sequence[tuple[UUID, int]],
    *,
    action: Action,
    reason: str | None,
    note: str | None = None,
    by: Actor,
    sections: Sections = None,
) -> list[DecisionResult]:
    """Apply ``action`` to ``comments``, pairs of id and revision seen, in order; each can fail on its own.

    ``reason`` is a coded reason (``decision_reasons.py``); a rejection without one gets that of its action. Comments
    outside ``sections`` are not found.
    """
    reason = reason or DEFAULT_REASONS.get(action)
    found = await lock_comments(connection, site, {comment_id for comment_id, _ in comments})
    if sections is not None:
        found = {id_: each for id_, each in found.items() if each[1].section in sections}
    now = clock.now()
    threads = {thread.id: thread for _, thread in found.values()}
    closed = await close_due_threads(connection, threads.values(), {site.id: site}, now=now)
    transitions = await _transitions(connection, [comment for comment, _ in found.values()], action, now=now)
    results: list[DecisionResult] = []
    changes: dict[UUID, Change] = {}
    decisions: dict[UUID, NewDecision] = {}
    for comment_id, revision in comments:
        comment, thread = found.get(comment_id, (None, None))
        transition = transitions.get(comment_id)
        problem = _problem(comment, revision, transition, already_decided=comment_id in changes)
        results.append(DecisionResult(comment_id, None if problem else comment, problem))
        if problem is None and comment is not None and thread is not None and transition is not None:
            decision = NewDecision(site.id, action, by, after=transition.after, reason=reason, note=note)
            decisions[comment_id] = _about(comment, decision)
            comment.featured = _FEATURING.get(transition.event, comment.featured)
            change = Change(thread, site, comment, transition.after, transition.event, automated=False, reason=reason)
            changes[comment_id] = change
    waited = await read_waiting_times(connection, [change.comment for change in changes.values()], now=now)
    await _settle_reports(connection, changes, decisions, transitions)
    await release_claims(connection, changes)
    timed = [decision._replace(waited_ms=waited.get(each)) for each, decision in decisions.items()]
    await record_decisions(connection, timed, now=now)
    await change_states(connection, [*changes.values()], now=now, earlier_events=closed)
    return results


async def _settle_reports(
    connection: AsyncConnection,
    changes: Mapping[UUID, Change],
    decisions: Mapping[UUID, NewDecision],
    transitions: Mapping[UUID, Transition],
) -> None:
    """Settle the open reports of decided comments; an undo reopens those that the undone decision settled."""
    changes = {each: change for each, change in changes.items() if not transitions[each].keeps_reports}
    undone = {transitions[each].undone: each for each in changes if transitions[each].reports is not None}
    reopened = await reopen_reports(connection, [decision for decision in undone if decision])
    settled = {}
    for comment_id, change in changes.items():
        comment, transition, decision = change.comment, transitions[comment_id], decisions[comment_id]
        if comment.reports and decision.id:
            settled[comment_id] = decision.id
        is_open = transition.undone is not None and transition.reports is not None
        comment.reports = reopened.get(comment_id, 0) if is_open else None
    await settle_reports(connection, settled)


async def _transitions(
    connection: AsyncConnection, comments: Sequence[Comment], action: Action, *, now: datetime
) -> dict[UUID, Transition]:
    """Return the transition of ``action`` for each comment; comments with nothing to undo are left out.

    Each edit and each decision raises the revision. So the decision on the previous revision is the one that led to the
    current state, and nothing has happened to the comment since.
    """
    if action != "undo":
        return {
            comment.id: JUDGE_DELETED if _is_judged(comment, action) else TRANSITIONS[action] for comment in comments
        }
    if not comments:
        return {}
    dialect, revisions = connection.dialect.name, [(comment.id, comment.revision - 1) for comment in comments]
    rows = await connection.execute(_read_decisions(dialect), row_parameters(dialect, revisions))
    return {
        row.comment_id: Transition(
            before=frozenset({State(row.after)}),
            after=State(row.before),
            event=UNDO_EVENTS[State(row.before)],
            reports=row.reports,
            undone=row.id,
            keeps_reports=TRANSITIONS[row.action].keeps_reports,
        )
        for row in rows
        if row.action in UNDOABLE and row.by_kind != "rule" and now - row.decided_at < UNDO_WINDOW
    }


@lru_cache
def _read_decisions(dialect: str) -> Select[*tuple[Any, ...]]:
    row = DecisionRow
    columns = (row.id, row.comment_id, row.action, row.by_kind, row.before, row.after, row.reports, row.decided_at)
    return select(*columns).where(any_of(dialect, row.comment_id, row.revision))


def _problem(
    comment: Comment | None, revision: int, transition: Transition | None, *, already_decided: bool
) -> Problem | None:
    """Return the reason why the action cannot apply to ``comment``; None if it can."""
    if comment is None:
        return no_comment()
    if already_decided or comment.revision != revision:
        return RevisionConflict(revision=comment.revision + already_decided)
    if (
        transition is None
        or not (comment.body or transition is JUDGE_DELETED)
        or not (comment.state in transition.before or _approves(comment, transition))
        or _FEATURING.get(transition.event) is comment.featured
    ):
        return InvalidTransition(state=comment.state)
    return None


def _is_judged(comment: Comment, action: Action) -> bool:
    """Whether ``action`` decides on the reports of a comment that its author deleted."""
    return not comment.body and bool(comment.reports) and action in JUDGING_ACTIONS


def _approves(comment: Comment, transition: Transition) -> bool:
    """Whether a published comment is approved despite reports, which settles them."""
    return bool(comment.reports) and transition.event is EventType.COMMENT_PUBLISHED


def _about(comment: Comment, decision: NewDecision) -> NewDecision:
    return decision._replace(
        comment_id=comment.id,
        thread_id=comment.thread_id,
        reader_id=comment.reader_id,
        before=comment.state,
        revision=comment.revision,
        reports=comment.reports,
        id=clock.new_id(),
    )
