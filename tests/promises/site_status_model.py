"""The part of the model that concerns the whole site: its closure and its hours, and its own events."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from tests.builders import Json
from tests.promises.thread_model import iso

HOURS = "Mo-Fr 08:00-20:00; Sa 22:00-02:00"  # in UTC
# The same in hours since Monday.
SPANS = [*((24 * day + 8, 24 * day + 20) for day in range(5)), (24 * 5 + 22, 24 * 6 + 2)]


class SiteStatusModel:
    """The status of a site, and ``log``: the expected events in order. ``closures`` are as on the wire, oldest first.

    ``closure`` is the one that nobody has ended yet; it is in force until its ``until``, even if nobody has written
    its end. ``outside_hours`` is what happens outside :data:`HOURS`; None if the site has none. ``outside_since`` is
    since when it is outside them, as its events say, and ``unattended_since`` since when nobody decides.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.log: list[Json] = []
        self.decisions: list[Json] = []
        self.closures: list[Json] = []
        self.closure: Json | None = None
        self.outside_hours: str | None = None
        self.outside_since: datetime | None = None
        self.unattended_since: datetime | None = None

    def record_decision(self, action: str, by: str, **of: Any) -> None:
        self.decisions.append({"action": action, "by": by, **of})

    def append_site_event(self, event: str, occurred_at: datetime | None, **data: Json) -> None:
        self.log.append({"type": event, "sequence": None, "occurred_at": iso(occurred_at), "data": data})

    def closes_all(self) -> Json | None:
        """Return ``closed_at`` and ``reason`` of what closes every thread now, or None."""
        if closure := self.closure_in_force():
            return closure
        is_outside = self.outside_hours == "close" and not self.is_within_hours()
        return {"closed_at": iso(self.switches_of_hours()[0]), "reason": None} if is_outside else None

    def holds_all(self) -> bool:
        return self.unattended_since is not None or (self.outside_hours == "hold" and not self.is_within_hours())

    def closure_in_force(self) -> Json | None:
        until = self._end_of_closure()
        return None if until and until <= self.now() else self.closure

    def _end_of_closure(self) -> datetime | None:
        return datetime.fromisoformat(self.closure["until"]) if self.closure and self.closure["until"] else None

    def status_changes(self) -> list[datetime]:
        """Return the next times at which the status changes without a write."""
        changes = [self._end_of_closure(), self.switches_of_hours()[1] if self.outside_hours else None]
        return [at for at in changes if at and at > self.now()]

    def is_within_hours(self) -> bool:
        return any(start <= self.now() < end for start, end in self._spans())

    def switches_of_hours(self) -> tuple[datetime, datetime]:
        """Return when the hours last began or ended, and when they do next."""
        switches = [at for span in self._spans() for at in span]
        return max(at for at in switches if at <= self.now()), min(at for at in switches if at > self.now())

    def _spans(self) -> list[tuple[datetime, datetime]]:
        today = datetime.combine(self.now(), time(), UTC)
        mondays = [today + timedelta(days=days - today.weekday()) for days in (-7, 0, 7)]
        return [
            (monday + timedelta(hours=start), monday + timedelta(hours=end))
            for monday in mondays
            for start, end in SPANS
        ]

    def write_switch_of_hours(self) -> None:
        """Write that the hours began or ended, if they did since they were last written."""
        since = self.switches_of_hours()[0] if self.outside_hours else self.now()
        is_outside = self.outside_hours is not None and not self.is_within_hours()
        if is_outside == (self.outside_since is not None):
            return
        self.outside_since = since if is_outside else None
        self.append_state(since)

    def append_state(self, at: datetime) -> None:
        """Write what happens to new comments from now on."""
        state: Json = {
            "comments": "closed" if self.closes_all() else "hold" if self.holds_all() else "open",
            "outside_hours": self.outside_since is not None,
            "unattended": self.unattended_since is not None,
            "changes_at": iso(min(self.status_changes(), default=None)),
        }
        self.append_site_event("site.updated", at, site=state)

    def close_site(self, *, reason: str | None, until: datetime | None, threads: int, id_: str, by: str) -> Json:
        """Return the closure; a closed site stays as it is."""
        self.write_end_of_closure()
        if self.closure is None:
            period: Json = {"closed_at": iso(self.now()), "until": iso(until), "reopened_at": None}
            criteria: Json = {"scope": "site", "section": None, "published_before": None, "quiet_since": None}
            self.closure = {"id": id_, "reason": reason, "threads": threads} | criteria | period
            self.closures.append(self.closure)
            self.append_site_event("site.closed", self.now(), closure=dict(self.closure))
            self.record_decision("close", by)
        return self.closure

    def reopen_site(self, closure: str | None, *, by: str) -> Json | None:
        """End the closure with this id, by default the one in force; return it, or None if there is none."""
        if closure is None and self.closure_in_force() is None:
            return None
        self.write_end_of_closure()
        if self.closure and closure in {None, self.closure["id"]}:
            self.record_decision("reopen", by)
            return self._end(self.now())
        return next(each for each in self.closures if each["id"] == closure)

    def write_end_of_closure(self) -> None:
        """Write that the closure has ended by itself, if it has."""
        if self.closure and not self.closure_in_force():
            self._end(datetime.fromisoformat(self.closure["until"]))

    def _end(self, at: datetime) -> Json:
        assert self.closure
        ended, self.closure = self.closure, None
        ended["reopened_at"] = iso(at)
        self.append_site_event("site.reopened", at, closure=dict(ended))
        return ended
