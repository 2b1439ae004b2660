"""What two moderators, those who report, and authors who ask again do in a life: rules of the machine."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.promises.model import AComment, iso
from tests.promises.moderated_life import OUTCOMES, ModeratedLife
from tests.promises.world import SiteInWorld

MODERATORS = ("moderator", "admin")
picks = st.integers(0, 99)
moderators = st.sampled_from(MODERATORS)
chosen = st.lists(picks, min_size=1, max_size=4, unique=True)


class ModerationSteps(RuleBasedStateMachine):
    """Decides, undoes, reports, appeals, bans and claims, through the API and in the model."""

    life: ModeratedLife
    site: SiteInWorld

    @property
    def comments(self) -> list[AComment]:
        return self.life.comments

    def comment(self, pick: int, fits: Any) -> AComment:
        """One of the comments, late ones sooner than early ones; mostly one that ``fits``, so that more comes of it."""
        fitting = [comment for comment in self.comments if fits(comment)]
        candidates = fitting if fitting and pick % 5 != 4 else self.comments
        return candidates[-1 - pick // 5 % len(candidates)]

    def author(self, pick: int) -> str | None:
        """Somebody who has posted before, or somebody new."""
        authors = [None, None, *dict.fromkeys(comment.author for comment in self.comments)]
        return authors[pick % len(authors)]

    def outcome(self, response: Any) -> str:
        """How a request ended: its status, or the last part of its problem's type."""
        if response.status_code < 400:
            return str(response.status_code)
        return str(response.json()["type"]).removeprefix("/problems/")

    @precondition(lambda self: self.comments)
    @rule(
        action=st.sampled_from([*sorted(OUTCOMES), "publish", "undo", "undo"]),
        chosen=chosen,
        stale=st.sampled_from([None, None, None, 0, 1]),
        by=moderators,
    )
    def decide(self, action: str, chosen: list[int], stale: int | None, by: str) -> None:
        comments = [self.comment(pick, lambda comment: self.life.applies(action, comment)) for pick in chosen]
        self.decide_on(action, comments, stale, by)

    def decide_on(self, action: str, comments: list[AComment], stale: int | None, by: str) -> None:
        decided = [(each, max(1, each.revision - (stale == number))) for number, each in enumerate(comments)]
        outcomes = self.life.decide(action, decided, by=by)
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
        undoes=st.booleans(),
        moderator=moderators,
    )
    def report(self, pick: int, by: list[int], action: str | None, undoes: bool, moderator: str) -> None:
        """Some report a comment, and mostly a moderator looks at it then."""
        comment = self.comment(pick, lambda comment: comment.state == "published")
        for address in (f"203.0.113.{each % 4}" for each in by):
            expected = {"new": "201", "known": "200"}
            outcome = self.life.report(comment, address)
            path = f"/comments/{comment.id}/reports"
            response = self.site.call("POST", path, address=address, json={"reason": "spam"})
            assert self.outcome(response) == expected.get(outcome, outcome)
        for decided in [action, "undo" if undoes else None]:
            if decided:
                self.decide_on(decided, [comment], None, moderator)

    @precondition(lambda self: self.comments)
    @rule(pick=picks)
    def file_appeal(self, pick: int) -> None:
        comment = self.comment(pick, lambda comment: comment.state in {"pending", "rejected", "spam"})
        outcome = self.life.appeal(comment)
        response = self.site.call("POST", f"/comments/{comment.id}/appeal", by=comment.author)
        assert self.outcome(response) == {"done": "200"}.get(outcome, outcome)
        assert outcome != "done" or response.json() == comment.own()

    @precondition(lambda self: self.comments)
    @rule(pick=picks, seconds=st.sampled_from([None, 60, 3600]), by=moderators)
    def ban(self, pick: int, seconds: int | None, by: str) -> None:
        comment = self.comment(pick, lambda comment: not self.life.is_banned(comment.author))
        until = self.later(seconds)
        body = {"kind": "reader", "comment": comment.id, "until": iso(until)}
        response = self.site.call("POST", "/bans", by=by, json=body)
        assert response.status_code == 201
        self.life.ban(comment.author, until, id_=response.json()["id"], by=by)

    def later(self, seconds: float | None) -> datetime | None:
        return None if seconds is None else self.life.now() + timedelta(seconds=seconds)

    @precondition(lambda self: self.life.bans)
    @rule(pick=picks, by=moderators)
    def unban(self, pick: int, by: str) -> None:
        ban = self.life.bans[-1 - pick % len(self.life.bans)]
        outcome = self.life.unban(ban, by=by)
        response = self.site.call("DELETE", f"/bans/{ban.id}", by=by)
        assert self.outcome(response) == {"done": "204"}.get(outcome, outcome)

    @precondition(lambda self: self.life.waiting("pending"))
    @rule(turns=st.lists(st.tuples(moderators, st.integers(1, 3)), min_size=1, max_size=3))
    def claim(self, turns: list[tuple[str, int]]) -> None:
        for by, limit in turns:
            handed = self.life.claim(by, limit)
            answer = self.site.call("POST", "/claims", by=by, json={"limit": limit}).json()["comments"]
            assert [each["comment"]["id"] for each in answer] == [comment.id for comment in handed]

    @rule(by=moderators)
    def let_go(self, by: str) -> None:
        self.life.let_go(by)
        assert self.site.call("DELETE", "/claims", by=by).status_code == 204
