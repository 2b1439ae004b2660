"""Steps of the state machine that concern the whole site: it is closed and reopened, and has opening hours."""

from abc import abstractmethod
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.builders import Json
from tests.promises.closure_model import ClosureModel
from tests.promises.moderation_steps import ModerationSteps, moderators, picks
from tests.promises.site_status_model import HOURS
from tests.promises.synchronous_app import SynchronousApp
from tests.promises.thread_model import ThreadModel, iso

posts = st.lists(
    st.tuples(picks, picks, st.sampled_from([None, "k{}", "a-key-that-is-long-{}"])), min_size=1, max_size=4
)


class SiteSteps(ModerationSteps):
    """Closes and reopens the site, by the API and by its hours; mostly readers post into it meanwhile."""

    app: ClassVar[SynchronousApp]
    settings: Json
    model: ClosureModel

    def thread(self, pick: int) -> ThreadModel:
        """Pick a thread."""
        threads = list(self.model.threads.values())
        return threads[pick % len(threads)]

    @property
    def site_closures(self) -> list[Json]:
        return [each for each in self.model.closures if each["scope"] == "site"]

    @abstractmethod
    def post(self, pick: int, posts: list[tuple[int, int, str | None]]) -> None:
        """Post into a thread."""

    def set(self, **settings: Any) -> None:
        """Change some settings of the site."""
        self.settings |= settings
        self.site.set(**self.settings)

    @rule()
    def sweep(self) -> None:
        self.model.close_due(self.model.threads.values())
        self.model.write_end_of_closure()
        self.model.write_switch_of_hours()
        self.model.end_due_closures()
        self.model.watch_attendance()
        self.app.sweep()

    @rule(
        outside=st.sampled_from(["close", "hold"]),
        early=st.sampled_from([0, 0.000001, -60, None]),
        pick=picks,
        posts=posts,
        kept=st.sampled_from([False, False, True]),
    )
    def keep_hours(self, outside: str, early: float | None, pick: int, posts: list[Any], kept: bool) -> None:
        """Set opening hours; wait until they next begin or end, the last instant before or a minute after; post."""
        self.set_hours(outside)
        if early is not None:
            wait = self.model.switches_of_hours()[1] - self.model.now()
            self.app.clock.move(seconds=wait.total_seconds() - early)
        self.post(pick, posts)
        self.sweep()
        if not kept:
            self.set_hours(None)

    def set_hours(self, outside: str | None) -> None:
        self.model.outside_hours = outside
        self.set(opening_hours=outside and HOURS, outside_hours=outside or "hold")

    @rule(
        seconds=st.sampled_from([None, 60, 3600]),
        reason=st.sampled_from([None, "The vote ends."]),
        by=moderators,
        pick=picks,
        posts=posts,
        reopened=st.sampled_from([True, True, False]),
    )
    def stop(
        self, seconds: int | None, reason: str | None, by: str, pick: int, posts: list[Any], reopened: bool
    ) -> None:
        until = self.later(seconds)
        body = {"reason": reason, "until": iso(until)}
        answer = self.site.call("POST", "/close", by=by, json=body).json()
        threads = sum(not self.model.is_closed_itself(thread) for thread in self.model.threads.values())
        given: Any = {"reason": reason, "until": until, "threads": threads, "id_": answer["closure"]["id"]}
        closure = self.model.close_site(**given, by=by)
        assert answer == {"threads": closure["threads"], "closure": closure}
        thread = self.thread(pick)
        assert self.site.read(f"/threads/{thread.article}", by="host") == self.model.out(thread)
        self.post(pick, posts)
        if reopened:
            self.reopen_site(None, by)

    @precondition(lambda self: self.site_closures)
    @rule(pick=st.sampled_from([None, 0, 1]), by=moderators)
    def reopen_site(self, pick: int | None, by: str) -> None:
        """Undo the closure in force, or an earlier one, which changes nothing."""
        closure = None if pick is None else self.site_closures[-1 - pick % len(self.site_closures)]["id"]
        answer = self.site.call("POST", "/reopen", by=by, json={"id": closure})
        expected = self.model.reopen_site(closure, by=by)
        assert answer.status_code == 404 if expected is None else answer.json() == expected
