"""A plain model of a site: the expected effect of each request, without a database and without locks.

Each method applies a request to the model, appends the expected events to ``log``, and returns the expected response: a
status, or the last part of a problem's type.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from service.platform.sites.site_settings import SectionSettings
from tests.builders import Json
from tests.promises.site_status_model import SiteStatusModel
from tests.promises.thread_model import SHADOW, CommentModel, ThreadModel, effective, iso

STAFF_NAME = "Maria"
LOOK_ALIKES = {"MARIA", "M4ria", "Mаria"}
KEPT_ON_EDIT = {"staff_name", "report_threshold", "appeal"}
# The order of findings.
ORDER = [
    "reject_words",
    "hold_words",
    "max_per_minute",
    "hold_first_timers",
    "hold_reader",
    "staff_name",
    "mode",
    "report_threshold",
    "appeal",
]
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@dataclass(eq=False)
class MeasureModel:
    """A ban, hold or trust, until a time or for good; ``ended`` once a moderator has ended it.

    ``mark`` says of whom: a kind and its value, as in :func:`marks_of`.
    """

    id: str
    action: str
    mark: tuple[str, str]
    until: datetime | None
    ended: bool = False

    def is_in_force(self, now: datetime) -> bool:
        return not self.ended and (self.until is None or self.until > now)


def marks_of(author: str | None, email: str | None, address: str | None = None) -> set[tuple[str, str]]:
    """Return everything by which measures know an author: token, e-mail, its domains, and address."""
    marks = {("reader", author)} if author else set()
    if email:
        name, domain = email.rpartition("@")[0], email.rpartition("@")[2].lower()
        labels = domain.split(".")
        marks |= {("email", f"{name.lower()}@{domain}")}
        marks |= {("domain", ".".join(labels[first:])) for first in range(len(labels) - 1)}
    if address:
        marks |= {("address", address), ("address", address.rpartition(".")[0] + ".0/24")}
    return marks


# The settings of the model's sections, and the fields of a thread that are null at first.
SECTIONS = {"strict": SectionSettings(mode="hold"), "brief": SectionSettings(close_after_days=1)}
OWN_FIELDS = ("url", "section", "published_at", "updated_at", "withdrawn_at", "mode", "who_may_post")


class SiteModel(SiteStatusModel):
    """A site with its threads."""

    def __init__(self, now: Callable[[], datetime], *, max_depth: int, edit_window: int, close_after_days: int) -> None:
        super().__init__(now)
        self.max_depth, self.mode = max_depth, "publish"
        self.edit_window, self.close_after = timedelta(seconds=edit_window), timedelta(days=close_after_days)
        self.hold_ending = self.reject_ending = ""
        self.shadow: list[str] = []
        self.max_per_minute_per_reader: int | None = None
        self.threads: dict[str, ThreadModel] = {}
        self.measures: list[MeasureModel] = []
        self.exempt_staff = True
        self.staff_name = False
        self.staff_author: str | None = None  # the token of the moderator who comments, once known

    @property
    def comments(self) -> list[CommentModel]:
        return [comment for thread in self.threads.values() for comment in thread.comments]

    def author_of(self, by: str | None) -> str | None:
        """Return the author as whom ``by`` posts: a token, or None for a new guest."""
        return self.staff_author if by == "staff" else by

    def is_exempt(self, role: str) -> bool:
        return role == "moderator" and self.exempt_staff

    def measures_on(self, marks: set[tuple[str, str]]) -> set[str]:
        """Return the actions of the measures in force on an author."""
        return {each.action for each in self.measures if each.mark in marks and each.is_in_force(self.now())}

    def marks_on_post(self, post: Json, by: str | None, address: str | None) -> set[tuple[str, str]]:
        """Return the marks of whoever sends ``post``; a moderator has no e-mail, and the host is nobody."""
        author = None if by == "host" else self.author_of(by)
        return marks_of(author, None if by == "staff" else post["author"]["email"], address)

    def closing_time(self, thread: ThreadModel) -> datetime | None:
        kind, at = thread.closing
        if kind == "auto" and thread.fields["published_at"]:
            brief = thread.fields["section"] == "brief"
            at = thread.fields["published_at"] + (timedelta(days=1) if brief else self.close_after)
        return at

    def closes_at(self, thread: ThreadModel) -> datetime | None:
        return thread.closed_at or self.closing_time(thread)

    def is_closed(self, thread: ThreadModel) -> bool:
        return self.closes_all() is not None or self.is_closed_itself(thread)

    def is_closed_itself(self, thread: ThreadModel) -> bool:
        at = self.closes_at(thread)
        return at is not None and at <= self.now()

    def times_of_change(self) -> list[datetime]:
        """Return the times of changes without a write: closings, publications, ends of windows, keys and claims."""
        times_of_change: list[datetime | None] = [*self.status_changes()]
        for thread in self.threads.values():
            times_of_change += [self.closes_at(thread), thread.fields["published_at"]]
            times_of_change += [comment.created_at + self.edit_window for comment in thread.comments[-1:]]
            decided = [comment.decided[3] for comment in thread.comments if comment.decided]
            times_of_change += [decided_at + timedelta(minutes=10) for decided_at in decided[-1:]]
            times_of_change += [sent_at + DAY for sent_at, _, _ in thread.stored_posts.values()]
            times_of_change += [comment.claim[1] for comment in thread.comments if comment.claim]
        times_of_change += [measure.until for measure in self.measures]
        return [time for time in times_of_change if time]

    def out(self, thread: ThreadModel) -> Json:
        """Return the thread as everyone sees it now."""
        closed, is_closed_itself = self.is_closed(thread), self.is_closed_itself(thread)
        closing: Json = {"closed_at": None, "reason": None}
        if is_closed_itself:
            closing = {"closed_at": iso(self.closes_at(thread)), "reason": thread.close_reason}
        elif closure := self.closes_all():
            closing = closure
        label = {0: "No replies", 1: "One reply"}.get(thread.count, f"{thread.count} replies")
        announced = self.announced(thread)
        soon = f"Comments close on {announced.day} {announced:%B} at {announced:%H:%M} UTC." if announced else None
        open_notice = soon if thread.fields["comments_on"] else "Comments are off."
        fields = {name: iso(each) if isinstance(each, datetime) else each for name, each in thread.fields.items()}
        return fields | {
            "article": thread.article,
            "state": "closed" if closed else "open",
            "closing": {"kind": thread.closing[0], "at": iso(self.closing_time(thread))},
            "closes_at": iso(announced),
            "closed_at": closing["closed_at"],
            "closed_by_site": closed and not is_closed_itself,
            "close_reason": closing["reason"],
            "reply_count": thread.count,
            "label": label,
            "heading": f"{label} on “{thread.fields['title']}”",
            "notice": "Comments are closed." if closed else open_notice,
            "sequence": thread.sequence,
        }

    def announced(self, thread: ThreadModel) -> datetime | None:
        """Return the closing time that readers are told: of an open thread, within seven days."""
        at = self.closing_time(thread)
        is_open = thread.fields["comments_on"] and not self.is_closed(thread)
        return at if is_open and at and at - self.now() <= 7 * DAY else None

    def append_event(self, thread: ThreadModel, event: str, comment: CommentModel | None = None, **data_: Any) -> None:
        thread.sequence += 1
        data: Json = {"thread": self.out(thread), **data_}
        if comment:
            data["comment"] = comment.facts()
        occurred_at = thread.closed_at if event == "thread.closed" else self.now()
        self.log.append({"type": event, "sequence": thread.sequence, "occurred_at": iso(occurred_at), "data": data})

    def log_now(self, after: int) -> list[Json]:
        """Return the log after a position with its texts as they are now."""
        comments = {comment.id: comment for comment in self.comments}
        return [_with_text(event, comments) for event in self.log[after:]]

    def close_due(self, threads: Iterable[ThreadModel]) -> None:
        """Close the threads whose closing time has passed, before anything else."""
        for thread in threads:
            if thread.closed_at is None and self.is_closed_itself(thread):
                thread.closed_at = self.closes_at(thread)
                self.append_event(thread, "thread.closed")

    def register(self, article: str, changes: Json) -> int:
        changes = dict(changes)
        closing = changes.pop("closing", None)
        thread = self.threads.get(article)
        if thread is None:
            fields: Json = dict.fromkeys(OWN_FIELDS) | {"comments_on": True}
            thread = self.threads[article] = ThreadModel(article, fields | changes, closing or ("auto", None))
            self.append_event(thread, "thread.created")
            return 201
        self.close_due([thread])
        known, given = thread.fields["updated_at"], changes.get("updated_at")
        stale = known and given and given < known
        changed = any(thread.fields[name] != value for name, value in changes.items())
        if not stale and (changed or closing not in {None, thread.closing}):
            thread.fields |= changes
            if closing not in {None, thread.closing}:
                thread.close_reason = thread.close_reason if thread.closed_at else None
                thread.reason_before = None
            thread.closing = closing or thread.closing
            self.append_event(thread, "thread.updated")
        return 200

    def close(self, thread: ThreadModel, at: datetime | None, reason: str | None, *, by: str) -> None:
        self.close_due([thread])
        if thread.closed_at is not None:
            return
        if at is None or at <= self.now():
            thread.closed_at, thread.close_reason = self.now(), reason
            self.append_event(thread, "thread.closed")
            self.record_decision("close", by, article=thread.article)
        elif (thread.closing, thread.close_reason) != (("at", at), reason):
            thread.closing, thread.close_reason = ("at", at), reason
            self.append_event(thread, "thread.updated")
            self.record_decision("close", by, article=thread.article)

    def reopen(self, thread: ThreadModel, at: datetime | None, *, by: str) -> int:
        if at is not None and at <= self.now():
            return 422
        self.close_due([thread])
        was_closed = thread.closed_at is not None
        if was_closed or (at is not None and thread.closing != ("at", at)):
            thread.closing = ("at", at) if at else ("never", None)
            thread.closed_at = thread.close_reason = thread.closure = None
            self.append_event(thread, "thread.reopened" if was_closed else "thread.updated")
            self.record_decision("reopen", by, article=thread.article)
        return 200

    def screen_post(
        self, thread: ThreadModel, post: Json, *, key: str | None, by: str | None, address: str | None = None
    ) -> str:
        """Return the result of a post: ``replay``, ``accept``, or the problem that refuses it."""
        self.close_due([thread])
        if thread.is_embargoed(self.now()) and by not in {"host", "staff"}:
            return "not-found"
        sent_at, _, stored = thread.stored_posts.get(key or "", (None, "", None))
        if sent_at and self.now() - sent_at < DAY:
            return "replay" if stored == _content(post, by) else "idempotency-key-reused"
        if thread.is_embargoed(self.now()):
            return "not-published-yet"
        if self.is_closed(thread) or not thread.fields["comments_on"]:
            return "thread-closed" if self.is_closed(thread) else "comments-off"
        if thread.fields["who_may_post"] == "signed-in" and by not in {"host", "staff"}:
            return "sign-in-required"
        if "ban" in self.measures_on(self.marks_on_post(post, by, address)):
            return "banned"
        parent = next((each for each in thread.comments if each.id == post.get("parent_id")), None)
        if "parent_id" in post and (parent is None or parent.state != "published"):
            return "parent-unavailable"
        return "not-accepted" if self.is_rejected(post["body"], _role_of(by)) else "accept"

    def is_rejected(self, body: str, role: str) -> bool:
        return self._has_reject_word(body) and "reject_words" not in self.shadow and not self.is_exempt(role)

    def _has_reject_word(self, body: str) -> bool:
        return bool(self.reject_ending) and body.endswith(self.reject_ending)

    def findings_on(
        self,
        body: str,
        thread: ThreadModel,
        others: list[CommentModel],
        *,
        marks: set[tuple[str, str]],
        posted: int,
        role: str,
    ) -> list[str]:
        """Return the rules with a finding on a comment with this ``body``, which hold it unless they are in shadow.

        ``others`` are the author's other comments; ``posted`` is the number of them in the last minute.
        """
        if self.is_exempt(role):
            return []
        mode = thread.fields["mode"] or ("hold" if thread.fields["section"] == "strict" else self.mode)
        mode = "hold" if self.holds_all() else mode
        is_newcomer = not any(each.state == "published" for each in others)
        measures = self.measures_on(marks)
        is_trusted = "trust" in measures and "hold" not in measures
        applies = {
            "reject_words": self._has_reject_word(body),
            "hold_words": self.hold_ending and body.endswith(self.hold_ending),
            "max_per_minute": self.max_per_minute_per_reader and posted + 1 > self.max_per_minute_per_reader,
            "hold_first_timers": mode == "hold-first-timers" and is_newcomer and not is_trusted,
            "hold_reader": "hold" in measures,
            "mode": mode == "hold",
        }
        found = [rule for rule, applies_now in applies.items() if applies_now]
        return [rule + SHADOW if rule in self.shadow else rule for rule in found]

    def findings_on_post(self, post: Json, thread: ThreadModel, by: str | None, address: str | None) -> list[str]:
        """Return the same for a post; only a token or a session identifies its author."""
        author = self.author_of(by)
        others = [each for each in self.comments if each.author == author]
        posted = sum(self.now() - each.created_at < MINUTE for each in others)
        marks, role = self.marks_on_post(post, by, address), _role_of(by)
        findings = self.findings_on(post["body"], thread, others, marks=marks, posted=posted, role=role)
        is_borrowed = self.staff_name and role == "guest" and post["author"]["name"] in LOOK_ALIKES
        return sorted([*findings, *(["staff_name"] if is_borrowed else [])], key=order_of)

    def accept(
        self,
        thread: ThreadModel,
        post: Json,
        *,
        id_: str,
        author: str,
        key: str | None,
        by: str | None,
        address: str | None = None,
    ) -> CommentModel:
        parent = next((each for each in thread.comments if each.id == post.get("parent_id")), None)
        above = parent.path[: self.max_depth] if parent else ()
        findings = self.findings_on_post(post, thread, by, address)
        held = effective(findings)
        comment = CommentModel(
            thread=thread,
            id=id_,
            parent_id=post.get("parent_id"),
            path=(*above, len(thread.comments) + 1),
            state="pending" if held else "published",
            body=post["body"],
            author=author,
            name=STAFF_NAME if by == "staff" else post["author"]["name"],
            role=_role_of(by),
            email=None if by == "staff" else post["author"]["email"],
            created_at=self.now(),
            findings=findings,
        )
        thread.comments.append(comment)
        self.staff_author = author if by == "staff" else self.staff_author
        if key:
            thread.stored_posts[key] = (self.now(), id_, _content(post, by))
        automated: Json = {"reason": None, "automated": True} if held else {}
        self.append_event(thread, "comment.held" if held else "comment.published", comment, **automated)
        if held:
            self.record_hold(comment, before=None, revision=0)
        return comment

    def record_hold(self, comment: CommentModel, *, before: str | None, revision: int, rule: str | None = None) -> None:
        """Record that a rule, by default that of the first finding, held the comment."""
        of: Json = {"comment_id": comment.id, "before": before, "after": "pending", "revision": revision}
        self.record_decision("hold", rule or effective(comment.findings)[0], article=comment.thread.article, **of)

    def edit(self, comment: CommentModel, body: str) -> str:
        """Return ``done``, or the problem that refuses the edit."""
        if comment.thread.is_embargoed(self.now()):
            return "not-found"
        if self.is_closed(comment.thread):
            return "thread-closed"
        if "ban" in self.measures_on(marks_of(comment.author, comment.email)):
            return "banned"
        if comment.state not in {"published", "pending"}:
            return "not-editable"
        if not self.is_editable(comment):
            return "edit-window-closed"
        if body != comment.body and self.is_rejected(body, comment.role):
            return "not-accepted"
        if body != comment.body:
            others = [each for each in self.comments if each.author == comment.author and each is not comment]
            marks = marks_of(comment.author, comment.email)
            findings = self.findings_on(body, comment.thread, others, marks=marks, posted=0, role=comment.role)
            hold = effective(findings)
            kept = [rule for rule in comment.findings if rule in KEPT_ON_EDIT]
            comment.findings = sorted(findings + kept, key=order_of)
            comment.reports = comment.reports or 0
            event = "comment.held" if comment.state == "published" and hold else "comment.edited"
            comment.body, comment.edited_at = body, self.now()
            if event == "comment.held":
                self.record_hold(comment, before="published", revision=comment.revision, rule=hold[0])
            automated = True if event == "comment.held" else None
            self.change_state(comment, "pending" if hold else comment.state, event, automated=automated)
        return "done"

    def is_editable(self, comment: CommentModel) -> bool:
        in_time = self.now() < comment.created_at + self.edit_window
        return in_time and comment.state in {"published", "pending"} and not self.is_closed(comment.thread)

    def delete(self, comment: CommentModel) -> None:
        if comment.body is not None:
            self.close_due([comment.thread])
            if comment.reports:
                of: Json = {"comment_id": comment.id, "before": comment.state, "after": "deleted"}
                self.record_decision("delete", "author", article=comment.thread.article, **of)
            comment.body = comment.edited_at = comment.email = None
            comment.findings, comment.reports = [], None
            self.change_state(comment, "deleted", "comment.deleted")

    def change_state(
        self,
        comment: CommentModel,
        state: str,
        event: str,
        *,
        automated: bool | None = None,
        reason: str | None = None,
    ) -> None:
        """Change the state; ``automated`` is None if the author did it, else whether a rule decided."""
        before, comment.state = comment.state, state
        comment.revision += 1
        decided: Json = {} if automated is None else {"reason": reason, "automated": automated}
        self.append_event(comment.thread, event, comment, previous_state=before, **decided)


def order_of(finding: str) -> int:
    return ORDER.index(finding.removesuffix(SHADOW))


def _role_of(by: str | None) -> str:
    return "moderator" if by == "staff" else "guest"


def _content(post: Json, by: str | None) -> Json:
    """Return what identifies the post; a guest is identified by what they give."""
    return post | {"author": STAFF_NAME} if by == "staff" else post


def _with_text(event: Json, comments: dict[str, CommentModel]) -> Json:
    facts = event["data"].get("comment")
    if facts is None:
        return event
    with_text = facts | comments[facts["id"]].text_at(facts["revision"])
    return event | {"data": event["data"] | {"comment": with_text}}
