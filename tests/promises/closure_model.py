"""The part of the model that concerns closures by a filter, and sites whose queue nobody looks after."""

from datetime import datetime, timedelta

from tests.builders import Json
from tests.promises.moderated_site_model import ModeratedSiteModel
from tests.promises.thread_model import ThreadModel, iso


class ClosureModel(ModeratedSiteModel):
    """A site whose threads are closed by a filter, and by nobody's attendance held.

    ``unattended_queue`` and ``unattended_minutes`` are the settings.
    """

    unattended_queue: int | None = None
    unattended_minutes = 60

    def matching(
        self, section: str | None, published_before: datetime | None, quiet_since: datetime | None
    ) -> list[ThreadModel]:
        """Return the open threads that match all of the filter."""
        return [
            thread
            for thread in self.threads.values()
            if not self.is_closed_itself(thread)
            and section in {None, thread.fields["section"]}
            and (published_before is None or _is_before(thread.fields["published_at"], published_before))
            and (quiet_since is None or _is_quiet(thread, quiet_since))
        ]

    def close_threads(
        self,
        threads: list[ThreadModel],
        criteria: Json,
        *,
        until: datetime | None,
        id_: str,
        by: str,
    ) -> Json:
        """Close ``threads``, each in its own right, with the filter and reason in ``criteria``; return the closure."""
        closure: Json = {"id": id_, "scope": "threads", "threads": len(threads), **criteria}
        closure |= {"closed_at": iso(self.now()), "until": iso(until), "reopened_at": None}
        self.closures.append(closure)
        self.record_decision("close", by)
        for thread in threads:
            thread.closure, thread.reason_before = id_, thread.close_reason
            thread.closed_at, thread.close_reason = self.now(), criteria["reason"]
            self.append_event(thread, "thread.closed")
        return closure

    def reopen_threads(self, closure: Json, *, by: str | None) -> Json:
        """Reopen the threads that the closure closed, unless somebody did since; due ones stay closed."""
        if closure["reopened_at"] is None:
            closure["reopened_at"] = iso(self.now())
            if by:
                self.record_decision("reopen", by)
        for thread in self.threads.values():
            if thread.closure == closure["id"]:
                thread.closure = thread.closed_at = None
                thread.close_reason = thread.reason_before
                is_due = self.is_closed_itself(thread)
                thread.closed_at = self.closing_time(thread) if is_due else None
                self.append_event(thread, "thread.updated" if is_due else "thread.reopened")
        return closure

    def end_due_closures(self) -> None:
        """Reopen the threads of closures whose end has passed."""
        for closure in self.closures:
            is_due = closure["until"] and datetime.fromisoformat(closure["until"]) <= self.now()
            if closure["scope"] == "threads" and closure["reopened_at"] is None and is_due:
                self.reopen_threads(closure, by=None)

    def watch_attendance(self) -> None:
        """Write that nobody decides, or that somebody is back."""
        unattended = self._is_unattended()
        if unattended != (self.unattended_since is not None):
            self.unattended_since = self.now() if unattended else None
            self.append_state(self.now())

    def _is_unattended(self) -> bool:
        if self.unattended_queue is None:
            return False
        quiet_since = self.unattended_since or self.now() - timedelta(minutes=self.unattended_minutes)
        if self.last_decided and self.last_decided > quiet_since:
            return False
        return self.unattended_since is not None or len(self.queued("pending")) > self.unattended_queue


def _is_before(at: datetime | None, limit: datetime) -> bool:
    return at is not None and at < limit


def _is_quiet(thread: ThreadModel, since: datetime) -> bool:
    return not any(each.state == "published" and each.created_at >= since for each in thread.comments)
