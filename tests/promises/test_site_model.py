"""Promises 1, 2, 4, 5, 6 and 8 in any order of requests: after each step a site equals a plain model."""

from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test

from tests.builders import Json
from tests.promises.closure_model import ClosureModel
from tests.promises.closure_steps import ADDRESSES, EMAILS, ClosureSteps
from tests.promises.model_comparison import Comparison, PageReader
from tests.promises.moderation_steps import moderators, picks
from tests.promises.site_model import LOOK_ALIKES, SECTIONS, STAFF_NAME
from tests.promises.site_steps import posts
from tests.promises.synchronous_app import SECRET, synchronous_app
from tests.promises.thread_model import ThreadModel, iso, without_statement

ARTICLES = ("a1", "a2")
STAFF_PICK = 7  # every seventh post is by a moderator
NAMES = ("Ada", "Ada", "Ada", *sorted(LOOK_ALIKES))
SETTINGS: Json = {"max_depth": 2, "close_after_days": 2, "edit_window_seconds": 300, "sections": SECTIONS}

seconds_from_now = st.sampled_from([None, None, 60, 3600, 100_000, -60])
changes = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["Moscow conference", "Harbour lights"]),
        "url": st.sampled_from([None, "https://gazette.example/a"]),
        "published_at": st.sampled_from([None, -3600, -170_000, 60]),
        "updated_at": st.sampled_from([None, -60, 0]),
        "closing": st.sampled_from([("auto", None), ("never", None), ("at", 3600), ("at", -60)]),
        "mode": st.sampled_from([None, "hold", "publish", "hold-first-timers"]),
        "comments_on": st.sampled_from([True, True, False]),
        "section": st.sampled_from([None, *SECTIONS]),
        "who_may_post": st.sampled_from([None, None, "anyone", "signed-in"]),
    },
)
endings = st.sampled_from(["", "", "3", "7", "12"])
rules = st.fixed_dictionaries(
    {
        "held": endings,
        "rejected": endings,
        "most": st.sampled_from([None, None, 1, 2]),
        "needed": st.integers(1, 2),
        "hides": st.booleans(),
        "staff_name": st.booleans(),
        "shadow": st.lists(st.sampled_from(["reject_words", "hold_words", "max_per_minute"]), unique=True),
    }
)


class SiteStateMachine(ClosureSteps):
    """Registers, posts, edits, decides, closes and reopens, through the API and in the model."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = AsyncExitStack()
        self.app.wait_for_tuesday()
        self.settings = dict(SETTINGS)
        self.site = self.app.enter_site(self.stack, **self.settings)
        self.site.add_moderator(STAFF_NAME)
        self.session_ends = self.app.clock.now()
        self.model = ClosureModel(self.app.clock.now, max_depth=2, edit_window=300, close_after_days=2)
        self.comparison = Comparison(self.model, self.site)
        self.bodies = (f"words{number}" for number in count())
        self.sent: list[tuple[ThreadModel, Json, str, int]] = []
        self.readers: list[PageReader] = []

    @initialize(
        first=posts,
        second=posts,
        mode=st.sampled_from(["publish", "publish", "hold", "hold-first-timers", "hold-first-timers"]),
        exempt_staff=st.booleans(),
        rules=rules,
    )
    def start(self, first: list[Any], second: list[Any], mode: str, exempt_staff: bool, rules: Json) -> None:
        self.put("a1", {})
        self.keep_hours("close", -60, 0, first[:1], kept=True)
        self.keep_hours("hold", None, 0, first[:1], kept=False)
        self.post(0, first)
        self.put("a2", {"mode": "hold"})
        self.post(1, second)
        self.stop(None, "The vote ends.", "moderator", 0, first[:1], reopened=True)
        self.post(1, [(0, STAFF_PICK, None)])
        self.set_mode(mode, exempt_staff)
        self.set_rules(rules, "moderator")
        self.post(1, [(0, STAFF_PICK, None)])
        self.take_measure(0, "hold", 3600, "moderator", 0)
        self.put("a2", {"mode": "hold-first-timers"})
        self.take_measure(15, "trust", 3600, "moderator", 1)  # of the comment before those of the moderator

    @rule(article=st.sampled_from(ARTICLES), changes=changes)
    def put(self, article: str, changes: Json) -> None:
        threshold: Json = {} if article in self.model.threads else {"title": "Moscow conference"}
        changes, body = threshold | changes, threshold | changes
        for name in {"published_at", "updated_at"} & changes.keys():
            changes[name] = self.later(changes[name])
            body[name] = iso(changes[name])
        if "closing" in changes:
            kind, at = changes["closing"][0], self.later(changes["closing"][1])
            changes["closing"], body["closing"] = (kind, at), {"kind": kind} | ({"at": iso(at)} if at else {})
        status = self.model.register(article, changes)
        answer = self.site.call("PUT", f"/threads/{article}", by="host", json=body)
        assert (answer.status_code, answer.json()) == (status, self.model.out(self.model.threads[article]))

    @rule(pick=picks, posts=posts)
    def post(self, pick: int, posts: list[tuple[int, int, str | None]]) -> None:
        for below, by, key in posts:
            thread, body = self.thread(pick), next(self.bodies)
            post: Json = {"body": body, "author": {"name": NAMES[by % len(NAMES)], "email": EMAILS[by % len(EMAILS)]}}
            if below % 4 and thread.comments:
                post["parent_id"] = thread.comments[-1 - below % len(thread.comments)].id
            poster = self.poster(by)
            address = None if poster in {"host", "staff"} else ADDRESSES[below % len(ADDRESSES)]
            self.send(thread, post, by=poster, key=key and key.format(body), address=address)

    @precondition(lambda self: self.sent)
    @rule(pick=picks, by=picks, other_words=st.sampled_from([False, False, True]))
    def post_again(self, pick: int, by: int, other_words: bool) -> None:
        thread, post, key, _ = self.sent[-1 - pick % len(self.sent)]
        self.send(thread, post | ({"body": next(self.bodies)} if other_words else {}), by=self.poster(by), key=key)

    def poster(self, pick: int) -> str | None:
        """Pick an author, or sometimes the host or a moderator."""
        if pick % STAFF_PICK == 0 and pick:
            if self.session_ends <= self.model.now():
                self.site.log_in(STAFF_NAME)
                self.session_ends = self.model.now() + timedelta(hours=1)  # it may be idle for two
            return "staff"
        return "host" if pick == 9 else self.author(pick)

    def post_by(self, author: str, pick: int) -> None:
        post: Json = {"body": next(self.bodies), "author": {"name": "Ada", "email": SECRET}}
        self.send(self.thread(pick), post, by=author, key=None)

    def send(
        self, thread: ThreadModel, post: Json, *, by: str | None, key: str | None, address: str | None = None
    ) -> None:
        action = self.model.screen_post(thread, post, key=key, by=by, address=address)
        headers = {"Idempotency-Key": key} if key else {}
        path = f"/threads/{thread.article}/comments"
        response = self.site.call("POST", path, by=by, address=address, json=post, headers=headers)
        answer = response.json()
        if action == "accept":
            token = answer["author_token"]
            accepted: Any = {"id_": answer["comment"]["id"], "author": token, "key": key}
            comment = self.model.accept(thread, post, **accepted, by=by, address=address)
            assert self.model.author_of(by) in {None, "host", token}
            assert response.status_code == (201 if comment.state == "published" else 202)
            self.sent += [(thread, post, key, response.status_code)] if key else []
        elif action == "replay":
            comment = next(each for each in thread.comments if each.id == answer["comment"]["id"])
            assert comment.id == thread.stored_posts[key or ""][1]
            assert answer["author_token"] == (comment.author if len(key or "") >= 16 else None)
            assert response.status_code == [status for *_, sent, status in self.sent if sent == key][-1]
        else:
            assert (answer["type"], answer["draft"]["body"]) == (f"/problems/{action}", post["body"])
            return
        known = answer["author_token"] is not None  # a key that can be guessed gets no more than any reader
        seen = comment.for_author() if known else comment.out() | {"state": comment.state}
        assert (without_statement(answer["comment"], comment) if known else answer["comment"]) == seen
        assert answer["thread"] == self.model.out(thread)

    @precondition(lambda self: self.comments)
    @rule(pick=picks, same=st.sampled_from([False, False, True]), stranger=st.sampled_from([False, False, True]))
    def edit(self, pick: int, same: bool, stranger: bool) -> None:
        comment = self.comment(pick, self.model.is_editable)
        others = [each.author for each in self.comments if each.author != comment.author]
        by, body = comment.author, comment.body if same and comment.body else next(self.bodies)
        if stranger and others:
            by, outcome = others[0], "not-found"
        else:
            outcome = self.model.edit(comment, body)
        response = self.site.call("PATCH", f"/comments/{comment.id}", by=by, json={"body": body})
        if outcome == "done":
            assert response.status_code == 200
            assert without_statement(response.json(), comment) == comment.for_author()
        else:
            assert response.json()["type"] == f"/problems/{outcome}"

    @precondition(lambda self: self.comments)
    @rule(pick=picks)
    def delete(self, pick: int) -> None:
        comment = self.comment(pick, lambda comment: comment.body is not None)
        self.model.delete(comment)
        assert self.site.call("DELETE", f"/comments/{comment.id}", by=comment.author).status_code == 204

    @rule(mode=st.sampled_from(["hold", "publish", "hold-first-timers"]), exempt_staff=st.booleans())
    def set_mode(self, mode: str, exempt_staff: bool) -> None:
        self.model.mode, self.model.exempt_staff = mode, exempt_staff
        self.set(mode=mode, exempt_staff=exempt_staff)

    @rule(rules=rules, by=moderators)
    def set_rules(self, rules: Json, by: str) -> None:
        """Set rules on the ending of a comment; comments are numbered, so some have each ending."""
        held, rejected = rules["held"], rules["rejected"]
        self.model.hold_ending, self.model.reject_ending, self.model.max_per_minute_per_reader = (
            held,
            rejected,
            rules["most"],
        )
        self.model.shadow, self.model.staff_name = rules["shadow"], rules["staff_name"]
        self.model.threshold, self.model.hides = rules["needed"], rules["hides"]
        body = {
            "hold_words": [f"*{held}"] if held else [],
            "reject_words": [f"*{rejected}"] if rejected else [],
            "max_per_minute_per_reader": rules["most"],
            "shadow": rules["shadow"],
            "staff_name": rules["staff_name"],
            "report_threshold": rules["needed"],
            "on_report_threshold": "hide" if rules["hides"] else "queue",
        }
        self.model.record_decision("rules", by)
        assert self.site.call("PUT", "/rules", by=by, json=body).status_code == 200

    @rule(pick=picks, seconds=seconds_from_now, reason=st.sampled_from([None, "The vote ends."]))
    def close(self, pick: int, seconds: float | None, reason: str | None) -> None:
        thread, at = self.thread(pick), self.later(seconds)
        self.model.close(thread, at, reason, by="moderator")
        body = {"at": iso(at), "reason": reason}
        answer = self.site.call("POST", f"/threads/{thread.article}/close", by="moderator", json=body)
        assert (answer.status_code, answer.json()) == (200, self.model.out(thread))

    @rule(pick=picks, seconds=seconds_from_now)
    def reopen(self, pick: int, seconds: float | None) -> None:
        thread, at = self.thread(pick), self.later(seconds)
        status = self.model.reopen(thread, at, by="host")
        answer = self.site.call("POST", f"/threads/{thread.article}/reopen", by="host", json={"at": iso(at)})
        assert answer.status_code == status
        assert status == 422 or answer.json() == self.model.out(thread)

    @rule(seconds=st.sampled_from([0.000001, 1, 30, 60, 241, 3600]))
    def wait(self, seconds: float) -> None:
        self.app.clock.move(seconds=seconds)

    @rule(pick=picks, early=st.sampled_from([0, 0.000001]))
    def wait_for_change(self, pick: int, early: float) -> None:
        """Wait until exactly the next change without a write, or until the last instant before it."""
        upcoming = sorted(at for at in self.model.times_of_change() if at > self.model.now())
        if upcoming:
            wait = upcoming[pick % min(2, len(upcoming))] - self.model.now()
            self.app.clock.move(seconds=wait.total_seconds() - early)

    @rule(pick=picks, by=picks, order=st.sampled_from(["oldest", "newest"]), limit=st.integers(1, 3))
    def start_reading(self, pick: int, by: int, order: str, limit: int) -> None:
        self.readers.append(PageReader(self.thread(pick), order, limit, self.author(by)))

    @precondition(lambda self: self.readers)
    @rule(pick=picks)
    def read_next_page(self, pick: int) -> None:
        reader = self.readers[pick % len(self.readers)]
        if self.comparison.read_page(reader):
            self.readers.remove(reader)

    @invariant()
    def the_site_equals_the_model(self) -> None:
        self.comparison.compare(self.readers)

    def teardown(self) -> None:
        self.comparison.compare(self.readers, whole=True)
        self.app.run(self.stack.aclose())
        assert self.app.verify_errors() == []


def run_state_machine(database_url: str, monkeypatch: pytest.MonkeyPatch, **given: Any) -> None:
    with synchronous_app(database_url, monkeypatch) as app:
        monkeypatch.setattr(SiteStateMachine, "app", app, raising=False)
        # A failing run is shown as it was: shrinking it can take half an hour.
        given |= {"database": None, "phases": [Phase.explicit, Phase.generate]}
        too_slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
        run_state_machine_as_test(SiteStateMachine, settings=settings(suppress_health_check=too_slow, **given))


def test_a_few_short_runs_equal_the_model(fresh_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run_state_machine(fresh_database_url, monkeypatch, max_examples=2, stateful_step_count=20, derandomize=True)


@pytest.mark.slow
def test_fixed_runs_equal_the_model(fresh_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run_state_machine(fresh_database_url, monkeypatch, max_examples=20, stateful_step_count=25, derandomize=True)


@pytest.mark.slow
def test_random_runs_equal_the_model(fresh_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run_state_machine(fresh_database_url, monkeypatch, max_examples=20, stateful_step_count=50)
