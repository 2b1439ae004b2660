"""The moderation part of the model: decisions, undo, reports, appeals, measures and claims."""

from datetime import datetime, timedelta

from tests.builders import Json
from tests.promises.site_model import MeasureModel, SiteModel, order_of
from tests.promises.thread_model import CommentModel

# By action: the states it applies to, the state it leads to, and its event.
TRANSITIONS = {
    "publish": ({"pending", "rejected", "spam"}, "published", "comment.published"),
    "hold": ({"published"}, "pending", "comment.held"),
    "reject": ({"pending", "published", "spam"}, "rejected", "comment.rejected"),
    "spam": ({"pending", "published", "rejected"}, "spam", "comment.spam"),
    "delete": ({"pending", "published", "rejected", "spam"}, "deleted", "comment.deleted"),
    "restore": ({"rejected", "spam", "deleted"}, "published", "comment.restored"),
}
UNDO_EVENTS = {
    "published": "comment.restored",
    "pending": "comment.held",
    "rejected": "comment.rejected",
    "spam": "comment.spam",
    "deleted": "comment.deleted",
}
REASONS = {"reject": "other", "spam": "spam", "delete": "other"}  # of decisions that name none
# By measure: the actions of its start and end in the decision log.
LOGGED = {
    "ban": ("ban", "unban"),
    "hold": ("hold-reader", "unhold-reader"),
    "trust": ("trust-reader", "untrust-reader"),
}
LEASE = timedelta(minutes=5)


class ModeratedSiteModel(SiteModel):
    """A site with moderators. At ``threshold`` reports a comment is queued, or hidden if ``hides``."""

    threshold, hides = 1, False
    last_decided: datetime | None = None

    def decide(self, action: str, decided: list[tuple[CommentModel, int]], *, by: str) -> list[str]:
        """Return the result for each: ``done``, or the problem that refuses it."""
        self.close_due({comment.thread.article: comment.thread for comment, _ in decided}.values())
        results = []
        for comment, revision in decided:
            if comment.revision != revision:
                results.append("revision-conflict")
            elif comment.body is None or not self.applies(action, comment):
                results.append("invalid-transition")
            else:
                self._apply(action, comment, by)
                results.append("done")
        return results

    def _apply(self, action: str, comment: CommentModel, by: str) -> None:
        was, reports, decided = comment.state, comment.reports, comment.revision
        comment.claim = None
        number = len(self.decisions) + 1
        if action == "undo" and comment.decided:
            _, before, reports_before, _, undone, kept = comment.decided
            comment.decided = None
            if not kept:
                comment.reports = None
            if reports_before is not None and not kept:
                self._settle(comment, undone, None)
                comment.reports = sum(settled is None for _, settled in comment.reported_by.values())
            self.change_state(comment, before, UNDO_EVENTS[before], automated=False)
        else:
            if action != "hold":
                self._settle(comment, None, number)
                comment.reports = None
            self.change_state(comment, *TRANSITIONS[action][1:], automated=False, reason=REASONS.get(action))
            comment.decided = (comment.revision, was, reports, self.now(), number, action == "hold")
        comment.last_decision, self.last_decided = number, self.now()
        of: Json = {"comment_id": comment.id, "before": was, "after": comment.state, "revision": decided}
        self.record_decision(action, by, article=comment.thread.article, **of)

    def _settle(self, comment: CommentModel, before: int | None, after: int | None) -> None:
        for reporter, (at, settled) in comment.reported_by.items():
            if settled == before:
                comment.reported_by[reporter] = (at, after)

    def applies(self, action: str, comment: CommentModel) -> bool:
        if action == "publish" and comment.state == "published":
            return bool(comment.reports)  # it is approved
        if action != "undo":
            return comment.state in TRANSITIONS[action][0]
        if comment.decided is None or comment.decided[0] != comment.revision:
            return False
        return self.now() - comment.decided[3] < timedelta(minutes=10)

    def report(self, comment: CommentModel, reporter: str) -> str:
        """Return ``new`` or ``known``, or the problem that refuses the report."""
        if comment.thread.is_embargoed(self.now()) or comment.state != "published":
            return "not-found"
        before, settled = comment.reported_by.get(reporter, (None, 0))
        if before and before >= (comment.edited_at or comment.created_at):
            return "known"
        is_open = comment.reports is not None
        comment.reported_by[reporter] = (self.now(), None if is_open else comment.last_decision)
        self.close_due([comment.thread])
        if comment.reports is not None:
            comment.reports += settled is not None
        self.append_event(comment.thread, "report.filed", comment)
        if self.hides and (comment.reports or 0) >= self.threshold:
            comment.findings = [*(rule for rule in comment.findings if rule != "report_threshold"), "report_threshold"]
            comment.findings.sort(key=order_of)
            self.record_hold(comment, before="published", revision=comment.revision, rule="report_threshold")
            self.change_state(comment, "pending", "comment.held", automated=True)
        return "new"

    def appeal(self, comment: CommentModel) -> str:
        """Return ``done``, or the problem that refuses the appeal."""
        if comment.state == "published" or comment.body is None:
            return "not-held"
        if "appeal" in comment.findings:
            return "already-appealed"
        comment.findings = [*comment.findings, "appeal"]
        of: Json = {"before": comment.state, "after": "pending", "revision": comment.revision}
        self.record_decision("appeal", "author", article=comment.thread.article, comment_id=comment.id, **of)
        if comment.state != "pending":
            self.close_due([comment.thread])
            self.change_state(comment, "pending", "comment.held")
        return "done"

    def take_measure(self, action: str, mark: tuple[str, str], until: datetime | None, *, id_: str, by: str) -> None:
        self.measures.append(MeasureModel(id_, action, mark, until))
        if action == "ban":
            self.append_site_event("reader.banned", self.now(), ban={"id": id_})
        self.record_decision(LOGGED[action][0], by, ban_id=id_)

    def end_measure(self, measure: MeasureModel, *, by: str) -> str:
        if not measure.is_in_force(self.now()):
            return "not-found"
        measure.ended = True
        if measure.action == "ban":
            self.append_site_event("reader.unbanned", self.now(), ban={"id": measure.id})
        self.record_decision(LOGGED[measure.action][1], by, ban_id=measure.id)
        return "done"

    def queued(self, state: str) -> list[CommentModel]:
        """Return the queue: pending comments, or those reported often enough since the last review."""
        if state == "pending":
            found = [comment for comment in self.comments if comment.state == "pending"]
        else:
            found = [
                each for each in self.comments if each.state == "published" and (each.reports or 0) >= self.threshold
            ]
        return sorted(found, key=lambda comment: comment.id)

    def claim(self, by: str, limit: int) -> list[CommentModel]:
        """Claim for ``by`` the first comments that no other moderator has claimed."""
        claimed = [comment for comment in self.queued("pending") if self.claimant(comment) in {None, by}][:limit]
        for comment in claimed:
            comment.claim = (by, self.now() + LEASE)
        return claimed

    def release_claims(self, by: str) -> None:
        for comment in self.comments:
            if comment.claim and comment.claim[0] == by:
                comment.claim = None

    def claimant(self, comment: CommentModel) -> str | None:
        return comment.claim[0] if comment.claim and comment.claim[1] > self.now() else None
