"""Moderators judge comments: one or many at once, each by the revision that they saw."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from service import clock
from service.comments.finding import lock_comments, no_comment
from service.comments.model import Comment, State
from service.comments.states import Change, change_states
from service.events.catalogue import EventType
from service.events.model import DecisionRow
from service.sites.finding import Site
from service.threads.closing import settle_closings
from service.web.problems import Problem

Verdict = Literal["publish", "reject", "spam", "delete", "restore"]


class Outcome(NamedTuple):
    """From which states a verdict leads to which, and the event that tells it."""

    before: frozenset[State]
    after: State
    event: EventType


OUTCOMES: dict[Verdict, Outcome] = {
    "publish": Outcome(
        frozenset({State.PENDING, State.REJECTED, State.SPAM}), State.PUBLISHED, EventType.COMMENT_PUBLISHED
    ),
    "reject": Outcome(
        frozenset({State.PENDING, State.PUBLISHED, State.SPAM}), State.REJECTED, EventType.COMMENT_REJECTED
    ),
    "spam": Outcome(frozenset({State.PENDING, State.PUBLISHED, State.REJECTED}), State.SPAM, EventType.COMMENT_SPAM),
    "delete": Outcome(frozenset(State) - {State.DELETED}, State.DELETED, EventType.COMMENT_DELETED),
    "restore": Outcome(
        frozenset({State.REJECTED, State.SPAM, State.DELETED}), State.PUBLISHED, EventType.COMMENT_RESTORED
    ),
}


class RevisionChanged(Problem):
    """The comment was edited or decided since the moderator saw it."""

    status: ClassVar[int] = 409
    slug = "revision-changed"


class VerdictDoesNotApply(Problem):
    """The comment is in a state that this verdict does not lead out of, or its author has deleted its words."""

    status: ClassVar[int] = 409
    slug = "verdict-does-not-apply"


class Judged(NamedTuple):
    """What became of one comment: its new state and revision, or the problem that kept it as it was."""

    comment_id: UUID
    comment: Comment | None
    problem: Problem | None


async def decide(
    connection: AsyncConnection,
    site: Site,
    comments: Sequence[tuple[UUID, int]],
    *,
    verdict: Verdict,
    reason: str | None,
    decided_by: str,
) -> list[Judged]:
    """Judge ``comments``, pairs of id and the revision that was seen, in order; each stands or is refused alone."""
    found = await lock_comments(connection, site, {comment_id for comment_id, _ in comments})
    now = clock.now()
    threads = {thread.id: thread for _, thread in found.values()}
    closed = await settle_closings(connection, threads.values(), {site.id: site}, now=now)
    judged: list[Judged] = []
    changes: list[Change] = []
    decisions: list[dict[str, object]] = []
    for comment_id, revision in comments:
        comment, thread = found.get(comment_id, (None, None))
        problem = _problem(comment, revision, verdict, already=any(one.comment_id == comment_id for one in judged))
        judged.append(Judged(comment_id, None if problem else comment, problem))
        if problem is None and comment is not None and thread is not None:
            outcome = OUTCOMES[verdict]
            changes.append(Change(thread, site, comment, outcome.after, outcome.event))
            decisions.append(_row(site, comment, verdict=verdict, reason=reason, decided_by=decided_by, now=now))
    if decisions:
        await connection.execute(insert(DecisionRow), decisions)
    await change_states(connection, changes, now=now, told_before=closed)
    return judged


def _problem(comment: Comment | None, revision: int, verdict: Verdict, *, already: bool) -> Problem | None:
    """Why ``verdict`` can't be passed on ``comment``; None where it can."""
    if comment is None:
        return no_comment()
    if already or comment.revision != revision:
        return RevisionChanged(revision=comment.revision)
    if comment.state not in OUTCOMES[verdict].before or not comment.body:
        return VerdictDoesNotApply(state=comment.state)
    return None


def _row(
    site: Site, comment: Comment, *, verdict: Verdict, reason: str | None, decided_by: str, now: datetime
) -> dict[str, object]:
    return {
        "id": clock.new_id(),
        "site_id": site.id,
        "comment_id": comment.id,
        "verdict": verdict,
        "before": comment.state,
        "after": OUTCOMES[verdict].after,
        "revision": comment.revision,
        "reason": reason,
        "decided_by": decided_by,
        "decided_at": now,
    }
