"""Threads and comments as plain objects in memory, with their views; shares no code with the service."""

from dataclasses import dataclass, field
from datetime import datetime

from tests.builders import Json


def iso(instant: datetime | None) -> str | None:
    """Return an instant as it is on the wire."""
    return instant.isoformat().replace("+00:00", "Z") if instant else None


REASONS = {
    "review": "A moderator looks at it before it appears.",
    "rejected": "A moderator decided not to publish it.",
    "mode": "All comments here wait for a moderator.",
    "hold_first_timers": "First comments wait for a moderator.",
    "max_per_minute": "You post very often, so a moderator looks at it first.",
    "report_threshold": "Readers have reported it, so a moderator looks at it again.",
    "appeal": "You have asked for another look.",
}


WITHHELD = {"pending": "held", "rejected": "rejected", "spam": "rejected", "deleted": "deleted"}


@dataclass(eq=False)
class CommentModel:
    """A comment; ``body`` is None if its author deleted it. ``author`` is a token, ``path`` its places, root first.

    ``role`` is ``guest`` or ``moderator``.
    """

    thread: "ThreadModel"
    id: str
    parent_id: str | None
    path: tuple[int, ...]
    state: str
    body: str | None
    author: str
    name: str
    role: str
    email: str | None
    created_at: datetime
    edited_at: datetime | None = None
    revision: int = 1
    # The last decision: the revision after it, the state and the open reports before it, its time and its number.
    decided: tuple[int, str, int | None, datetime, int, bool] | None = None
    last_decision: int = 0
    findings: list[str] = field(default_factory=list)  # the rules with a finding on its body, some in shadow
    reports: int | None = 0  # since the last review; None: a moderator has decided on this body
    reported_by: dict[str, tuple[datetime, int | None]] = field(
        default_factory=dict
    )  # the time, and the decision that settled it
    claim: tuple[str, datetime] | None = None  # the holder, and the end

    def key(self, order: str) -> tuple[int, ...]:
        """Return its sort key in a list of that ``order``: newest or oldest conversation first."""
        return self.path if order == "oldest" else (-self.path[0], *self.path[1:])

    @property
    def shown(self) -> bool:
        """Whether it is published, or the tombstone of a published descendant."""
        length = len(self.path)
        return any(each.state == "published" and each.path[:length] == self.path for each in self.thread.comments)

    def sees_text(self, viewer: str | None) -> bool:
        """Whether ``viewer`` (a token, a role or None) sees the text in any state."""
        may_see = viewer == "moderator" or (viewer == self.author and self.state != "deleted")
        return may_see and self.body is not None

    def out(self, viewer: str | None = None) -> Json:
        """Return the comment as ``viewer`` sees it."""
        sees_text = self.sees_text(viewer)
        whole = sees_text or self.state == "published"
        out = {
            "id": self.id,
            "parent_id": self.parent_id,
            "depth": len(self.path) - 1,
            "state": self.state if whole else "deleted",
            "author": {"name": self.name, "url": None, "role": self.role, "avatar": None} if whole else None,
            "html": f"<p>{self.body}</p>" if whole else None,
            "created_at": iso(self.created_at),
            "edited_at": iso(self.edited_at) if whole else None,
            "revision": self.revision,
        }
        return out | {"body": self.body} if sees_text else out

    def facts(self) -> Json:
        """Return the part of the comment that an event holds."""
        return {
            "id": self.id,
            "parent_id": self.parent_id,
            "depth": len(self.path) - 1,
            "state": self.state,
            "created_at": iso(self.created_at),
            "edited_at": iso(self.edited_at),
            "revision": self.revision,
        }

    def text_at(self, revision: int) -> Json:
        """Return the text that an event about ``revision`` has now."""
        withheld = WITHHELD.get(self.state) or (None if revision == self.revision else "superseded")
        public = self.out() if withheld is None else {"author": None, "html": None}
        author = public["author"] and public["author"] | {"subject": None}
        return {"author": author, "html": public["html"], "text_withheld": withheld, "parent": self._parent()}

    def _parent(self) -> Json | None:
        """Return the parent as events have it; with its author while it is published."""
        if self.parent_id is None:
            return None
        parent = next(each for each in self.thread.comments if each.id == self.parent_id)
        author = {"name": parent.name, "subject": None} if parent.state == "published" else None
        return {"id": self.parent_id, "author": author}

    def for_author(self) -> Json:
        """Return the comment as its author sees it on its own."""
        reasons = self.status_reasons()
        return self.out(self.author) | ({"status_reasons": reasons} if reasons else {})

    def status_reasons(self) -> list[str]:
        """Return the reasons for its author why it is not published."""
        if self.state == "rejected" or (self.state == "spam" and self.reports is None):
            return [REASONS["rejected"]]
        if self.state not in {"pending", "spam"}:
            return []
        return list(dict.fromkeys(REASONS.get(rule, REASONS["review"]) for rule in effective(self.findings))) or [
            REASONS["review"]
        ]


SHADOW = " in shadow"


def effective(findings: list[str]) -> list[str]:
    """Return the rules of ``findings`` that are not in shadow."""
    return [rule for rule in findings if not rule.endswith(SHADOW)]


def without_statement(seen: Json, comment: CommentModel) -> Json:
    """Return what the author sees, without the statement, after a check that it is there when it must be."""
    statement = seen.pop("statement", None)
    assert (statement is not None) == (comment.state != "published" and comment.body is not None)
    if statement:
        is_answered = comment.state != "pending"
        appeal = ("answered" if is_answered else "filed") if "appeal" in comment.findings else "possible"
        assert statement["appeal"] == appeal
        assert (statement["outcome"] == "held") <= (comment.state == "pending")
    return seen


@dataclass(eq=False)
class ThreadModel:
    """A thread; ``fields`` are those that a host sets, by their names on the wire, with times decoded."""

    article: str
    fields: Json
    closing: tuple[str, datetime | None]
    closed_at: datetime | None = None
    close_reason: str | None = None
    comments: list[CommentModel] = field(default_factory=list)
    stored_posts: dict[str, tuple[datetime, str, Json]] = field(default_factory=dict)
    sequence: int = 0
    closure: str | None = None  # the closure by a filter that closed it, and the reason it had before
    reason_before: str | None = None

    @property
    def count(self) -> int:
        return sum(comment.state == "published" for comment in self.comments)

    def listed(self, viewer: str | None, order: str) -> list[CommentModel]:
        """Return all comments on the pages of ``viewer``: the shown ones, and their own pending ones."""
        own = [comment for comment in self.comments if comment.author == viewer and comment.state == "pending"]
        seen = {comment.id: comment for comment in [*own, *(each for each in self.comments if each.shown)]}
        return sorted(seen.values(), key=lambda comment: comment.key(order))

    def is_embargoed(self, now: datetime) -> bool:
        return bool(self.fields["published_at"] and self.fields["published_at"] > now)
