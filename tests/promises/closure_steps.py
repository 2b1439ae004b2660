"""Steps of the state machine: threads are closed by a filter, nobody decides, and measures on more than a reader."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.builders import Json
from tests.promises.moderation_steps import moderators, picks
from tests.promises.site_model import SECTIONS, marks_of
from tests.promises.site_steps import SiteSteps, posts
from tests.promises.synchronous_app import SECRET
from tests.promises.thread_model import iso

Posts = list[tuple[int, int, str | None]]
EMAILS = (SECRET, SECRET, "Eva@Mail.secret.example", "otto@elsewhere.example", None)
ADDRESSES = (None, None, "198.51.100.7", "198.51.100.9")
TARGETS = (
    *(("email", SECRET.upper()), ("email", "eva@mail.SECRET.example"), ("domain", "secret.example")),
    *(("domain", "@mail.secret.example"), ("address", "198.51.100.7"), ("address", "198.51.100.1/24")),
)


class ClosureSteps(SiteSteps):
    """Closes threads by a filter and undoes that, leaves the site alone, and bans e-mails, domains and addresses."""

    @rule(
        criteria=st.fixed_dictionaries(
            {},
            optional={
                "section": st.sampled_from([*SECTIONS, "none"]),
                "published_before": st.sampled_from([-3600, 0, 60]),
                "quiet_since": st.sampled_from([-3600, -60, 0, 60]),
            },
        ).filter(bool),
        seconds=st.sampled_from([None, None, 60, 3600]),
        reason=st.sampled_from([None, "Too many at once."]),
        by=moderators,
        pick=picks,
        posts=posts,
        reopened=st.sampled_from([True, True, False]),
    )
    def stop_some(
        self,
        criteria: Json,
        seconds: int | None,
        reason: str | None,
        by: str,
        pick: int,
        posts: Posts,
        reopened: bool,
    ) -> None:
        """Close the threads that match a filter; readers post meanwhile; mostly undo it."""
        given: dict[str, Any] = {"section": None, "published_before": None, "quiet_since": None} | criteria
        given |= {name: self.later(given[name]) for name in ("published_before", "quiet_since")}
        sent = {name: iso(value) if name != "section" else value for name, value in given.items()}
        until, threads = self.later(seconds), self.model.matching(**given)
        sent["reason"] = reason
        body = sent | {"until": iso(until)}
        tried = self.site.call("POST", "/close", by=by, json=body | {"dry_run": True}).json()
        assert tried == {"threads": len(threads), "closure": None}
        answer = self.site.call("POST", "/close", by=by, json=body).json()
        id_ = answer["closure"]["id"]
        closure = self.model.close_threads(threads, sent, until=until, id_=id_, by=by)
        assert answer == {"threads": len(threads), "closure": closure}
        self.post(pick, posts)
        if reopened:
            self.reopen_some(0, by)

    @precondition(lambda self: any(each["scope"] == "threads" for each in self.model.closures))
    @rule(pick=st.integers(0, 3), by=moderators)
    def reopen_some(self, pick: int, by: str) -> None:
        """Undo a closure by a filter, perhaps once more."""
        closures = [each for each in self.model.closures if each["scope"] == "threads"]
        closure = closures[-1 - pick % len(closures)]
        answer = self.site.call("POST", "/reopen", by=by, json={"id": closure["id"]})
        assert (answer.status_code, answer.json()) == (200, self.model.reopen_threads(closure, by=by))

    @rule(
        queue=st.sampled_from([0, 0, 1, 3]),
        minutes=st.sampled_from([1, 60]),
        pick=picks,
        posts=posts,
        kept=st.sampled_from([False, False, True]),
    )
    def leave(self, queue: int, minutes: int, pick: int, posts: Posts, kept: bool) -> None:
        """Let nobody decide for a while; readers go on posting."""
        self.attend(queue, minutes)
        self.post(pick, posts)
        self.app.clock.move(minutes=minutes)
        self.sweep()
        self.post(pick, posts)
        self.sweep()
        if not kept:
            self.attend(None, minutes)
            self.sweep()

    def attend(self, queue: int | None, minutes: int) -> None:
        self.model.unattended_queue, self.model.unattended_minutes = queue, minutes
        self.set(unattended_queue=queue, unattended_minutes=minutes)

    @rule(
        whom=st.sampled_from(TARGETS),
        action=st.sampled_from(["ban", "hold", "trust"]),
        seconds=st.sampled_from([None, 60, 3600]),
        by=moderators,
        pick=picks,
        posts=posts,
    )
    def take_wider_measure(
        self, whom: tuple[str, str], action: str, seconds: int | None, by: str, pick: int, posts: Posts
    ) -> None:
        """Ban or hold an e-mail, a domain or an address; none of them can be trusted."""
        (kind, value), until = whom, self.later(seconds)
        body = {"kind": kind, "value": value, "action": action, "until": iso(until)}
        response = self.site.call("POST", "/measures", by=by, json=body)
        assert response.status_code == (422 if action == "trust" else 201)
        if action != "trust":
            [mark] = _mark(kind, value)
            self.model.take_measure(action, mark, until, id_=response.json()["id"], by=by)
            assert SECRET not in response.text
        self.post(pick, posts)

    @precondition(lambda self: self.comments)
    @rule(pick=picks, kind=st.sampled_from(["email", "domain"]), by=moderators, where=picks)
    def hold_author(self, pick: int, kind: str, by: str, where: int) -> None:
        """Hold the e-mail or the domain of a comment's author; a deleted comment has none."""
        comment = self.comment(pick, lambda comment: comment.email is not None)
        body = {"action": "hold", "kind": kind, "comment": comment.id}
        response = self.site.call("POST", "/measures", by=by, json=body)
        assert response.status_code == (201 if comment.email else 422)
        if comment.email:
            value = comment.email if kind == "email" else comment.email.rpartition("@")[2]
            [mark] = _mark(kind, value)
            self.model.take_measure("hold", mark, None, id_=response.json()["id"], by=by)
            self.post_by(comment.author, where)


def _mark(kind: str, value: str) -> list[tuple[str, str]]:
    """Return the mark of a target, as measures on authors have it."""
    if kind == "email":
        return [mark for mark in marks_of(None, value) if mark[0] == "email"]
    if kind == "domain":
        return [("domain", value.removeprefix("@").lower())]
    return [("address", value.replace(".1/24", ".0/24"))]
