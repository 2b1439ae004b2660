"""Moderation steps of the state machine: two moderators, readers who report, and authors who appeal."""

from abc import abstractmethod
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.promises.moderated_site_model import TRANSITIONS, ModeratedSiteModel
from tests.promises.site_model import marks_of
from tests.promises.synchronous_app import SynchronousSite
from tests.promises.thread_model import CommentModel, iso, without_statement

MODERATORS = ("moderator", "admin")
picks = st.integers(0, 99)
moderators = st.sampled_from(MODERATORS)
chosen = st.lists(picks, min_size=1, max_size=4, unique=True)


class ModerationSteps(RuleBasedStateMachine):
    """Decides, undoes, reports, appeals, takes measures and claims, through the API and in the model."""

    model: ModeratedSiteModel
    site: SynchronousSite

    @property
    def comments(self) -> list[CommentModel]:
        return self.model.comments

    def comment(self, pick: int, fits: Any) -> CommentModel:
        """Pick a comment, mostly a late one that ``fits``, so that most steps have an effect."""
        fitting = [comment for comment in self.comments if fits(comment)]
        candidates = fitting if fitting and pick % 5 != 4 else self.comments
        return candidates[-1 - pick // 5 % len(candidates)]

    def author(self, pick: int) -> str | None:
        """Pick an author who has posted before, or a new one (None)."""
        authors = [None, None, *dict.fromkeys(comment.author for comment in self.comments)]
        return authors[pick % len(authors)]

    def outcome(self, response: Any) -> str:
        """Return the status of a response, or the last part of its problem's type."""
        if response.status_code < 400:
            return str(response.status_code)
        return str(response.json()["type"]).removeprefix("/problems/")

    @precondition(lambda self: self.comments)
    @rule(
        action=st.sampled_from([*sorted(TRANSITIONS), "publish", "undo", "undo"]),
        chosen=chosen,
        stale=st.sampled_from([None, None, None, 0, 1]),
        by=moderators,
    )
    def decide(self, action: str, chosen: list[int], stale: int | None, by: str) -> None:
        comments = [self.comment(pick, lambda comment: self.model.applies(action, comment)) for pick in chosen]
        self.decide_on(action, comments, stale, by)

    def decide_on(self, action: str, comments: list[CommentModel], stale: int | None, by: str) -> None:
        decided = [(each, max(1, each.revision - (stale == number))) for number, each in enumerate(comments)]
        outcomes = self.model.decide(action, decided, by=by)
        body = {"action": action, "comments": [{"id": each.id, "revision": seen} for each, seen in decided]}
        results = self.site.call("POST", "/decisions", by=by, json=body).json()["results"]
        for comment, outcome, result in zip(comments, outcomes, results, strict=True):
            done = {"id": comment.id, "state": comment.state, "revision": comment.revision}
            assert result == done if outcome == "done" else result["problem"]["type"] == f"/problems/{outcome}"

    @precondition(lambda self: self.comments)
    @rule(
        pick=picks,
        by=st.lists(picks, min_size=1, max_size=3),
        action=st.sampled_from([None, "publish", "reject"]),
        undo=st.booleans(),
        moderator=moderators,
    )
    def report(self, pick: int, by: list[int], action: str | None, undo: bool, moderator: str) -> None:
        """Report a comment from some addresses; mostly a moderator then decides on it."""
        comment = self.comment(pick, lambda comment: comment.state == "published")
        for address in (f"203.0.113.{each % 4}" for each in by):
            expected = {"new": "201", "known": "200"}
            outcome = self.model.report(comment, address)
            path = f"/comments/{comment.id}/reports"
            response = self.site.call("POST", path, address=address, json={"reason": "spam"})
            assert self.outcome(response) == expected.get(outcome, outcome)
        for decided in [action, "undo" if undo else None]:
            if decided:
                self.decide_on(decided, [comment], None, moderator)

    @precondition(lambda self: self.comments)
    @rule(pick=picks)
    def file_appeal(self, pick: int) -> None:
        comment = self.comment(pick, lambda comment: comment.state != "published")
        outcome = self.model.appeal(comment)
        response = self.site.call("POST", f"/comments/{comment.id}/appeal", by=comment.author)
        assert self.outcome(response) == {"done": "200"}.get(outcome, outcome)
        assert outcome != "done" or without_statement(response.json(), comment) == comment.for_author()

    @precondition(lambda self: self.comments)
    @rule(
        pick=picks,
        action=st.sampled_from(["ban", "hold", "trust", "trust"]),
        seconds=st.sampled_from([None, 60, 3600]),
        by=moderators,
        where=picks,
    )
    def take_measure(self, pick: int, action: str, seconds: int | None, by: str, where: int) -> None:
        """Ban, hold or trust the author of a comment, who then posts again."""
        in_force = self.model.measures_on
        comment = self.comment(pick, lambda comment: action not in in_force(marks_of(comment.author, None)))
        until = self.later(seconds)
        body = {"kind": "reader", "comment": comment.id, "until": iso(until)}
        if action == "ban":
            response = self.site.call("POST", "/bans", by=by, json=body)
        else:
            response = self.site.call("POST", "/measures", by=by, json=body | {"action": action})
        assert response.status_code == 201
        self.model.take_measure(action, ("reader", comment.author), until, id_=response.json()["id"], by=by)
        self.post_by(comment.author, where)

    @abstractmethod
    def post_by(self, author: str, pick: int) -> None:
        """Post into a thread as an author."""

    def later(self, seconds: float | None) -> datetime | None:
        return None if seconds is None else self.model.now() + timedelta(seconds=seconds)

    @precondition(lambda self: self.model.measures)
    @rule(pick=picks, by=moderators)
    def end_measure(self, pick: int, by: str) -> None:
        measure = self.model.measures[-1 - pick % len(self.model.measures)]
        outcome = self.model.end_measure(measure, by=by)
        response = self.site.call("DELETE", f"/measures/{measure.id}", by=by)
        assert self.outcome(response) == {"done": "204"}.get(outcome, outcome)

    @precondition(lambda self: self.model.queued("pending"))
    @rule(turns=st.lists(st.tuples(moderators, st.integers(1, 3)), min_size=1, max_size=3))
    def claim(self, turns: list[tuple[str, int]]) -> None:
        for by, limit in turns:
            claimed = self.model.claim(by, limit)
            answer = self.site.call("POST", "/claims", by=by, json={"limit": limit}).json()["comments"]
            assert [each["comment"]["id"] for each in answer] == [comment.id for comment in claimed]

    @rule(by=moderators)
    def release_claims(self, by: str) -> None:
        self.model.release_claims(by)
        assert self.site.call("DELETE", "/claims", by=by).status_code == 204
