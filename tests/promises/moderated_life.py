"""The part of the model in which moderators judge: decisions, undoing, reports, second looks, bans, claims."""

from datetime import datetime, timedelta

from tests.builders import Json
from tests.promises.life import ABan, Life
from tests.promises.model import AComment

# From which states a action leads to which, and the event that tells it.
OUTCOMES = {
    "publish": ({"pending", "rejected", "spam"}, "published", "comment.published"),
    "reject": ({"pending", "published", "spam"}, "rejected", "comment.rejected"),
    "spam": ({"pending", "published", "rejected"}, "spam", "comment.spam"),
    "delete": ({"pending", "published", "rejected", "spam"}, "deleted", "comment.deleted"),
    "restore": ({"rejected", "spam", "deleted"}, "published", "comment.restored"),
}
UNDONE = {
    "published": "comment.restored",
    "pending": "comment.held",
    "rejected": "comment.rejected",
    "spam": "comment.spam",
    "deleted": "comment.deleted",
}
LEASE = timedelta(minutes=5)


class ModeratedLife(Life):
    """A site with moderators. ``needed`` reports put a comment before them, or hide it where ``hides``."""

    needed, hides = 1, False

    def decide(self, action: str, decided: list[tuple[AComment, int]], *, by: str) -> list[str]:
        """What becomes of each: ``done``, or the problem that refuses it."""
        self.settle({comment.thread.article: comment.thread for comment, _ in decided}.values())
        results = []
        for comment, revision in decided:
            if comment.revision != revision:
                results.append("revision-conflict")
            elif comment.words is None or not self.applies(action, comment):
                results.append("invalid-transition")
            else:
                self._apply(action, comment, by)
                results.append("done")
        return results

    def _apply(self, action: str, comment: AComment, by: str) -> None:
        was, reports, decided = comment.state, comment.reports, comment.revision
        comment.claim = None
        number = len(self.decisions) + 1
        if action == "undo" and comment.decided:
            _, before, reports_before, _, undone = comment.decided
            comment.decided = comment.reports = None
            if reports_before is not None:
                self._settle(comment, undone, None)
                comment.reports = sum(settled is None for _, settled in comment.reported_by.values())
            self.become(comment, before, UNDONE[before])
        else:
            self._settle(comment, None, number)
            comment.reports = None
            self.become(comment, *OUTCOMES[action][1:])
            comment.decided = (comment.revision, was, reports, self.now(), number)
        comment.last_decision = number
        of: Json = {"comment_id": comment.id, "before": was, "after": comment.state, "revision": decided}
        self.note_decision(action, by, article=comment.thread.article, **of)

    def _settle(self, comment: AComment, before: int | None, after: int | None) -> None:
        for reporter, (at, settled) in comment.reported_by.items():
            if settled == before:
                comment.reported_by[reporter] = (at, after)

    def applies(self, action: str, comment: AComment) -> bool:
        if action == "publish" and comment.state == "published":
            return bool(comment.reports)  # it is kept
        if action != "undo":
            return comment.state in OUTCOMES[action][0]
        if comment.decided is None or comment.decided[0] != comment.revision:
            return False
        return self.now() - comment.decided[3] < timedelta(minutes=10)

    def report(self, comment: AComment, reporter: str) -> str:
        """``new`` or ``known``, or the problem that refuses it."""
        if comment.thread.embargoed(self.now()) or comment.state != "published":
            return "not-found"
        before, settled = comment.reported_by.get(reporter, (None, 0))
        if before and before >= (comment.edited_at or comment.created_at):
            return "known"
        is_open = comment.reports is not None
        comment.reported_by[reporter] = (self.now(), None if is_open else comment.last_decision)
        self.settle([comment.thread])
        if comment.reports is not None:
            comment.reports += settled is not None
        self.tell(comment.thread, "report.filed", comment)
        if self.hides and (comment.reports or 0) >= self.needed:
            comment.found = [*(rule for rule in comment.found if rule != "report_threshold"), "report_threshold"]
            comment.found.sort(
                key=["hold_words", "max_per_minute", "hold_first_timers", "mode", "report_threshold", "appeal"].index
            )
            self.become(comment, "pending", "comment.held")
        return "new"

    def appeal(self, comment: AComment) -> str:
        """``done``, or the problem that refuses it."""
        if comment.state not in {"pending", "rejected", "spam"}:
            return "not-held"
        if "appeal" in comment.found:
            return "already-appealed"
        comment.found = [*comment.found, "appeal"]
        if comment.state != "pending":
            self.settle([comment.thread])
            self.become(comment, "pending", "comment.held")
        return "done"

    def ban(self, author: str, until: datetime | None, *, id_: str, by: str) -> None:
        self.bans.append(ABan(id_, author, until))
        self.log.append({"type": "reader.banned", "ban": id_, "occurred_at": self.now()})
        self.note_decision("ban", by, ban_id=id_)

    def unban(self, ban: ABan, *, by: str) -> str:
        if not ban.holds(self.now()):
            return "not-found"
        ban.ended = True
        self.log.append({"type": "reader.unbanned", "ban": ban.id, "occurred_at": self.now()})
        self.note_decision("unban", by, ban_id=ban.id)
        return "done"

    def waiting(self, state: str) -> list[AComment]:
        """What is in the queue: what is pending, or what was reported often enough and not looked at."""
        if state == "pending":
            found = [comment for comment in self.comments if comment.state == "pending"]
        else:
            found = [each for each in self.comments if each.state == "published" and (each.reports or 0) >= self.needed]
        return sorted(found, key=lambda comment: comment.id)

    def claim(self, by: str, limit: int) -> list[AComment]:
        """What ``by`` is handed: the first that nobody else has."""
        handed = [comment for comment in self.waiting("pending") if self.claimed_by(comment) in {None, by}][:limit]
        for comment in handed:
            comment.claim = (by, self.now() + LEASE)
        return handed

    def let_go(self, by: str) -> None:
        for comment in self.comments:
            if comment.claim and comment.claim[0] == by:
                comment.claim = None

    def claimed_by(self, comment: AComment) -> str | None:
        return comment.claim[0] if comment.claim and comment.claim[1] > self.now() else None
