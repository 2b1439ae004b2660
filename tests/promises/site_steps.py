"""Steps of the state machine that concern the whole site: it is closed and reopened."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.promises.moderation_steps import ModerationSteps, moderators, picks
from tests.promises.thread_model import ThreadModel, iso

posts = st.lists(
    st.tuples(picks, picks, st.sampled_from([None, "k{}", "a-key-that-is-long-{}"])), min_size=1, max_size=4
)


class SiteSteps(ModerationSteps):
    """Closes and reopens the site, through the API and in the model; mostly readers post into it meanwhile."""

    def thread(self, pick: int) -> ThreadModel:
        """Pick a thread."""
        threads = list(self.model.threads.values())
        return threads[pick % len(threads)]

    def post(self, pick: int, posts: list[tuple[int, int, str | None]]) -> None:
        """Post into a thread."""
        raise NotImplementedError

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

    @precondition(lambda self: self.model.closures)
    @rule(pick=st.sampled_from([None, 0, 1]), by=moderators)
    def reopen_site(self, pick: int | None, by: str) -> None:
        """Undo the closure in force, or an earlier one, which changes nothing."""
        closure = None if pick is None else self.model.closures[-1 - pick % len(self.model.closures)]["id"]
        answer = self.site.call("POST", "/reopen", by=by, json={"id": closure})
        expected = self.model.reopen_site(closure, by=by)
        assert answer.status_code == 404 if expected is None else answer.json() == expected
