"""The plain model that a site's life is held against: what each request should do, with no database and no locks.

Each method does what a request should do, appends to ``log`` what should be told, and says how the request should be
answered: by a status, or by the last part of a problem's type.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.builders import Json
from tests.promises.model import AComment, ALivingThread, iso

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@dataclass(eq=False)
class ABan:
    """Whose it is, until when if not for good, and whether somebody has ended it."""

    id: str
    author: str
    until: datetime | None
    ended: bool = False

    def holds(self, now: datetime) -> bool:
        return not self.ended and (self.until is None or self.until > now)


class Life:
    """A site with its threads, and ``log``: what should have been told, in order."""

    def __init__(self, now: Callable[[], datetime], *, max_depth: int, edit_window: int, close_after_days: int) -> None:
        self.now, self.max_depth, self.mode = now, max_depth, "publish"
        self.edit_window, self.close_after = timedelta(seconds=edit_window), timedelta(days=close_after_days)
        self.held_ending = self.refused_ending = ""
        self.max_per_minute_per_reader: int | None = None
        self.threads: dict[str, ALivingThread] = {}
        self.bans: list[ABan] = []
        self.log: list[Json] = []
        self.decisions: list[Json] = []

    @property
    def comments(self) -> list[AComment]:
        return [comment for thread in self.threads.values() for comment in thread.comments]

    def is_banned(self, author: str | None) -> bool:
        return any(ban.author == author and ban.holds(self.now()) for ban in self.bans)

    def note_decision(self, action: str, by: str, **of: Any) -> None:
        self.decisions.append({"action": action, "by": by, **of})

    def closing_time(self, thread: ALivingThread) -> datetime | None:
        kind, at = thread.closing
        if kind == "auto" and thread.fields["published_at"]:
            at = thread.fields["published_at"] + self.close_after
        return at

    def closes_at(self, thread: ALivingThread) -> datetime | None:
        return thread.closed_at or self.closing_time(thread)

    def is_closed(self, thread: ALivingThread) -> bool:
        at = self.closes_at(thread)
        return at is not None and at <= self.now()

    def moments(self) -> list[datetime]:
        """When something changes by itself: closing times, publications, ends of edit windows, memories, undoing."""
        moments: list[datetime | None] = []
        for thread in self.threads.values():
            moments += [self.closes_at(thread), thread.fields["published_at"]]
            moments += [comment.created_at + self.edit_window for comment in thread.comments[-1:]]
            decided = [comment.decided[3] for comment in thread.comments if comment.decided]
            moments += [decided_at + timedelta(minutes=10) for decided_at in decided[-1:]]
            moments += [sent_at + DAY for sent_at, _, _ in thread.remembered.values()]
            moments += [comment.claim[1] for comment in thread.comments if comment.claim]
        moments += [ban.until for ban in self.bans]
        return [moment for moment in moments if moment]

    def out(self, thread: ALivingThread) -> Json:
        """The thread as everybody sees it now."""
        closed, at = self.is_closed(thread), self.closes_at(thread)
        label = {0: "No replies", 1: "One reply"}.get(thread.count, f"{thread.count} replies")
        off = None if thread.fields["comments_on"] else "Comments are off."
        fields = {name: iso(each) if isinstance(each, datetime) else each for name, each in thread.fields.items()}
        return fields | {
            "article": thread.article,
            "state": "closed" if closed else "open",
            "closing": {"kind": thread.closing[0], "at": iso(self.closing_time(thread))},
            "closed_at": iso(at) if closed else None,
            "close_reason": thread.close_reason if closed else None,
            "reply_count": thread.count,
            "label": label,
            "heading": f"{label} on “{thread.fields['title']}”",
            "notice": "Comments are closed." if closed else off,
            "sequence": thread.sequence,
        }

    def tell(self, thread: ALivingThread, event: str, comment: AComment | None = None, **told: str) -> None:
        thread.sequence += 1
        data: Json = {"thread": self.out(thread), **told}
        if comment:
            data["comment"] = comment.out() | {"state": comment.state}
        occurred_at = thread.closed_at if event == "thread.closed" else self.now()
        self.log.append({"type": event, "sequence": thread.sequence, "occurred_at": iso(occurred_at), "data": data})

    def settle(self, threads: Iterable[ALivingThread]) -> None:
        """Whoever finds the time passed tells the close, before anything else."""
        for thread in threads:
            if thread.closed_at is None and self.is_closed(thread):
                thread.closed_at = self.closes_at(thread)
                self.tell(thread, "thread.closed")

    def register(self, article: str, changes: Json) -> int:
        changes = dict(changes)
        closing = changes.pop("closing", None)
        thread = self.threads.get(article)
        if thread is None:
            fields: Json = dict.fromkeys(("url", "published_at", "updated_at", "withdrawn_at", "mode")) | {
                "comments_on": True
            }
            thread = self.threads[article] = ALivingThread(article, fields | changes, closing or ("auto", None))
            self.tell(thread, "thread.created")
            return 201
        self.settle([thread])
        known, given = thread.fields["updated_at"], changes.get("updated_at")
        stale = known and given and given < known
        changed = any(thread.fields[name] != value for name, value in changes.items())
        if not stale and (changed or closing not in {None, thread.closing}):
            thread.fields |= changes
            if closing not in {None, thread.closing} and thread.closed_at is None:
                thread.close_reason = None
            thread.closing = closing or thread.closing
            self.tell(thread, "thread.updated")
        return 200

    def close(self, thread: ALivingThread, at: datetime | None, reason: str | None, *, by: str) -> None:
        self.settle([thread])
        if thread.closed_at is not None:
            return
        if at is None or at <= self.now():
            thread.closed_at, thread.close_reason = self.now(), reason
            self.tell(thread, "thread.closed")
            self.note_decision("close", by, article=thread.article)
        elif (thread.closing, thread.close_reason) != (("at", at), reason):
            thread.closing, thread.close_reason = ("at", at), reason
            self.tell(thread, "thread.updated")
            self.note_decision("close", by, article=thread.article)

    def reopen(self, thread: ALivingThread, at: datetime | None, *, by: str) -> int:
        if at is not None and at <= self.now():
            return 422
        self.settle([thread])
        was_closed = thread.closed_at is not None
        if was_closed or (at is not None and thread.closing != ("at", at)):
            thread.closing = ("at", at) if at else ("never", None)
            thread.closed_at = thread.close_reason = None
            self.tell(thread, "thread.reopened" if was_closed else "thread.updated")
            self.note_decision("reopen", by, article=thread.article)
        return 200

    def screen_post(self, thread: ALivingThread, post: Json, *, key: str | None, by: str | None) -> str:
        """What becomes of a post: ``replay``, ``accept``, or the problem that refuses it."""
        self.settle([thread])
        if thread.embargoed(self.now()) and by != "host":
            return "not-found"
        sent_at, _, remembered = thread.remembered.get(key or "", (None, "", None))
        if sent_at and self.now() - sent_at < DAY:
            return "replay" if remembered == post else "idempotency-key-reused"
        if thread.embargoed(self.now()):
            return "not-published-yet"
        if self.is_closed(thread) or not thread.fields["comments_on"]:
            return "thread-closed" if self.is_closed(thread) else "comments-off"
        if self.is_banned(by):
            return "banned"
        parent = next((each for each in thread.comments if each.id == post.get("parent_id")), None)
        if "parent_id" in post and (parent is None or parent.state != "published"):
            return "parent-unavailable"
        return "not-accepted" if self.is_refused(post["body"]) else "accept"

    def is_refused(self, words: str) -> bool:
        return bool(self.refused_ending) and words.endswith(self.refused_ending)

    def found_in(self, words: str, thread: ALivingThread, others: list[AComment], *, posted: int) -> list[str]:
        """The rules that have a comment of these words wait for a moderator.

        ``others`` are those of the same author, ``posted`` how many of them within the minute.
        """
        mode = thread.fields["mode"] or self.mode
        found = {
            "hold_words": self.held_ending and words.endswith(self.held_ending),
            "max_per_minute": self.max_per_minute_per_reader and posted + 1 > self.max_per_minute_per_reader,
            "hold_first_timers": mode == "hold-first-timers" and not any(each.state == "published" for each in others),
            "mode": mode == "hold",
        }
        return [rule for rule, holds in found.items() if holds]

    def found_in_post(self, words: str, thread: ALivingThread, author: str | None) -> list[str]:
        """The same of a post, whose author is known by a token or by nothing."""
        others = [each for each in self.comments if each.author == author]
        posted = sum(self.now() - each.created_at < MINUTE for each in others)
        return self.found_in(words, thread, others, posted=posted)

    def accept(
        self, thread: ALivingThread, post: Json, *, id_: str, author: str, key: str | None, by: str | None
    ) -> AComment:
        parent = next((each for each in thread.comments if each.id == post.get("parent_id")), None)
        above = parent.path[: self.max_depth] if parent else ()
        held = self.found_in_post(post["body"], thread, by)
        comment = AComment(
            thread=thread,
            id=id_,
            parent_id=post.get("parent_id"),
            path=(*above, len(thread.comments) + 1),
            state="pending" if held else "published",
            words=post["body"],
            author=author,
            created_at=self.now(),
            found=held,
        )
        thread.comments.append(comment)
        if key:
            thread.remembered[key] = (self.now(), id_, post)
        self.tell(thread, "comment.held" if held else "comment.published", comment)
        return comment

    def edit(self, comment: AComment, words: str) -> str:
        """``done``, or the problem that refuses it."""
        if comment.thread.embargoed(self.now()):
            return "not-found"
        if self.is_closed(comment.thread):
            return "thread-closed"
        if self.is_banned(comment.author):
            return "banned"
        if comment.state not in {"published", "pending"}:
            return "not-editable"
        if not self.is_editable(comment):
            return "edit-window-closed"
        if words != comment.words and self.is_refused(words):
            return "not-accepted"
        if words != comment.words:
            others = [each for each in self.comments if each.author == comment.author and each is not comment]
            hold = self.found_in(words, comment.thread, others, posted=0)
            comment.found = hold + [rule for rule in comment.found if rule in {"report_threshold", "appeal"}]
            comment.reports = comment.reports or 0
            event = "comment.held" if comment.state == "published" and hold else "comment.edited"
            comment.words, comment.edited_at = words, self.now()
            self.become(comment, "pending" if hold else comment.state, event)
        return "done"

    def is_editable(self, comment: AComment) -> bool:
        in_time = self.now() < comment.created_at + self.edit_window
        return in_time and comment.state in {"published", "pending"} and not self.is_closed(comment.thread)

    def delete(self, comment: AComment) -> None:
        if comment.words is not None:
            self.settle([comment.thread])
            comment.words = comment.edited_at = None
            comment.found, comment.reports = [], None
            self.become(comment, "deleted", "comment.deleted")

    def become(self, comment: AComment, state: str, event: str) -> None:
        before, comment.state = comment.state, state
        comment.revision += 1
        self.tell(comment.thread, event, comment, previous_state=before)
