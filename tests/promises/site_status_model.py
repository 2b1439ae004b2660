"""The part of the model that concerns the whole site: its closure, which overrides all threads, and its own events."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.builders import Json
from tests.promises.thread_model import iso


class SiteStatusModel:
    """The status of a site, and ``log``: the expected events in order. ``closures`` are as on the wire, oldest first.

    ``closure`` is the one that nobody has ended yet; it is in force until its ``until``, even if nobody has written
    its end.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.log: list[Json] = []
        self.decisions: list[Json] = []
        self.closures: list[Json] = []
        self.closure: Json | None = None

    def record_decision(self, action: str, by: str, **of: Any) -> None:
        self.decisions.append({"action": action, "by": by, **of})

    def append_site_event(self, event: str, occurred_at: datetime | None, **data: Json) -> None:
        self.log.append({"type": event, "sequence": None, "occurred_at": iso(occurred_at), "data": data})

    def closes_all(self) -> Json | None:
        """Return ``closed_at`` and ``reason`` of what closes every thread now, or None."""
        return self.closure if self.closure and not self._is_over() else None

    def status_changes(self) -> list[datetime]:
        """Return the times at which the status changes without a write, some of them past."""
        return [datetime.fromisoformat(self.closure["until"])] if self.closure and self.closure["until"] else []

    def _is_over(self) -> bool:
        return any(until <= self.now() for until in self.status_changes())

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
        if closure is None and self.closes_all() is None:
            return None
        self.write_end_of_closure()
        if self.closure and closure in {None, self.closure["id"]}:
            self.record_decision("reopen", by)
            return self._end(self.now())
        return next(each for each in self.closures if each["id"] == closure)

    def write_end_of_closure(self) -> None:
        """Write that the closure has ended by itself, if it has."""
        if self.closure and self._is_over():
            self._end(datetime.fromisoformat(self.closure["until"]))

    def _end(self, at: datetime) -> Json:
        assert self.closure
        ended, self.closure = self.closure, None
        ended["reopened_at"] = iso(at)
        self.append_site_event("site.reopened", at, closure=dict(ended))
        return ended
