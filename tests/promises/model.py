"""Threads and comments as plain objects in memory, and how anybody sees them; it shares no line with the service."""

from dataclasses import dataclass, field
from datetime import datetime

from tests.builders import Json


def iso(instant: datetime | None) -> str | None:
    """An instant as it goes over the wire."""
    return instant.isoformat().replace("+00:00", "Z") if instant else None


WHY = {
    "look": "A moderator looks at it before it appears.",
    "rejected": "A moderator decided not to publish it.",
    "mode": "All comments here wait for a moderator.",
    "hold_first_timers": "First comments wait for a moderator.",
    "max_per_minute": "You post very often, so a moderator looks at it first.",
    "report_threshold": "Readers have reported it, so a moderator looks at it again.",
    "appeal": "You have asked for another look.",
}


@dataclass(eq=False)
class AComment:
    """``words`` are None once its author has deleted them; ``author`` is a token; ``path`` is places, root first."""

    thread: "ALivingThread"
    id: str
    parent_id: str | None
    path: tuple[int, ...]
    state: str
    words: str | None
    author: str
    created_at: datetime
    edited_at: datetime | None = None
    revision: int = 1
    # The last decision: the revision that it made; the state and the open reports before; when.
    decided: tuple[int, str, int | None, datetime, int] | None = None  # and its number
    last_decision: int = 0
    found: list[str] = field(default_factory=list)  # the rules that found something in its words
    reports: int | None = 0  # since somebody last looked; None: a moderator has judged these words
    reported_by: dict[str, tuple[datetime, int | None]] = field(
        default_factory=dict
    )  # when; the decision that settled it
    claim: tuple[str, datetime] | None = None  # by whom, and until when

    def key(self, order: str) -> tuple[int, ...]:
        """Where it stands in a list of that ``order``: the newest conversation first, or the oldest."""
        return self.path if order == "oldest" else (-self.path[0], *self.path[1:])

    @property
    def shown(self) -> bool:
        """Published, or the tombstone of something published below."""
        length = len(self.path)
        return any(each.state == "published" and each.path[:length] == self.path for each in self.thread.comments)

    def whole_for(self, viewer: str | None) -> bool:
        """Whether ``viewer`` (a token, a role, or nobody) may see it whatever its state."""
        there = viewer == "moderator" or (viewer == self.author and self.state != "deleted")
        return there and self.words is not None

    def out(self, viewer: str | None = None) -> Json:
        """The comment as ``viewer`` sees it."""
        own = self.whole_for(viewer)
        whole = own or self.state == "published"
        out = {
            "id": self.id,
            "parent_id": self.parent_id,
            "depth": len(self.path) - 1,
            "state": self.state if whole else "deleted",
            "author": {"name": "Ada", "url": None, "role": "guest", "avatar": None} if whole else None,
            "html": f"<p>{self.words}</p>" if whole else None,
            "created_at": iso(self.created_at),
            "edited_at": iso(self.edited_at) if whole else None,
            "revision": self.revision,
        }
        return out | {"body": self.words} if own else out

    def own(self) -> Json:
        """The comment as its author is told of it alone."""
        why = self.why()
        return self.out(self.author) | ({"status_reasons": why} if why else {})

    def why(self) -> list[str]:
        """Why it is not published, in the words that its author may know."""
        if self.state == "rejected" or (self.state == "spam" and self.reports is None):
            return [WHY["rejected"]]
        if self.state not in {"pending", "spam"}:
            return []
        return list(dict.fromkeys(WHY.get(rule, WHY["look"]) for rule in self.found)) or [WHY["look"]]


@dataclass(eq=False)
class ALivingThread:
    """A thread; ``fields`` are those that a host sets, by their names on the wire, times as times."""

    article: str
    fields: Json
    closing: tuple[str, datetime | None]
    closed_at: datetime | None = None
    close_reason: str | None = None
    comments: list[AComment] = field(default_factory=list)
    remembered: dict[str, tuple[datetime, str, Json]] = field(default_factory=dict)
    sequence: int = 0

    @property
    def count(self) -> int:
        return sum(comment.state == "published" for comment in self.comments)

    def listed(self, viewer: str | None, order: str) -> list[AComment]:
        """What ``viewer`` meets by paging to the end: all that is shown, and what is pending of their own."""
        own = [comment for comment in self.comments if comment.author == viewer and comment.state == "pending"]
        seen = {comment.id: comment for comment in [*own, *(each for each in self.comments if each.shown)]}
        return sorted(seen.values(), key=lambda comment: comment.key(order))

    def embargoed(self, now: datetime) -> bool:
        return bool(self.fields["published_at"] and self.fields["published_at"] > now)
