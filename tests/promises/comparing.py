"""What is looked at after each step of a life: everything that anybody can see, held against the model."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle

from tests.builders import Json
from tests.promises.model import AComment, ALivingThread
from tests.promises.moderated_life import ModeratedLife
from tests.promises.world import SiteInWorld


@dataclass(eq=False)
class Walk:
    """A reader who pages to the end while the thread lives on; ``always`` is what was there all the while."""

    thread: ALivingThread
    order: str
    limit: int
    viewer: str | None
    cursor: str | None = None
    met: list[AComment] = field(default_factory=list)
    always: list[AComment] | None = None


class Comparison:
    """Reads a site over HTTP and compares it with its model."""

    def __init__(self, life: ModeratedLife, site: SiteInWorld) -> None:
        self._life, self._site = life, site
        self._position = self._decided = 0
        self._keys: dict[str, Json] = {}
        self._told: dict[str, Json] = {}
        self._kept: dict[tuple[str, str], tuple[str, Json]] = {}
        self._limits, self._orders = cycle([2, 3, 5]), cycle(["oldest", "newest", "newest", "oldest"])
        self._compared: dict[str, int] = {}

    def compare(self, walks: list[Walk], *, whole: bool = False) -> None:
        """Compare everything; ``walks`` are those that go on.

        What is said to be unchanged is compared in one reading, unless the ``whole`` is asked for.
        """
        self._compare_log()
        self._compare_counts()
        self._compare_queue()
        self._compare_decisions()
        for thread in self._life.threads.values():
            self._compare_thread(thread)
            if not thread.embargoed(self._life.now()):
                self._compare_what_is_kept(thread)
                if whole or self._compared.get(thread.article) != thread.sequence:
                    self._compare_pages(thread)
                    self._compare_pending(thread)
                    self._compared[thread.article] = thread.sequence
        for walk in walks:
            listed = walk.thread.listed(walk.viewer, walk.order)
            walk.always = [comment for comment in listed if walk.always is None or comment in walk.always]

    def _compare_log(self) -> None:
        """Promise 5: each change told its one event, and the numbers have no gap.

        Closes that one transaction finds due in several threads come in any order, so only a thread's own is compared.
        """
        log = self._site.read("/events", by="host", after=self._position, limit=1000)
        told = log["events"]
        by_reader = [event for event in told if event["type"].startswith("reader.")]
        assert [event.pop("position") for event in told] == [*range(self._position + 1, len(self._life.log) + 1)]
        assert len({event.pop("id") for event in told}) == len(told)
        expected = self._life.log[self._position :]
        for event in told:
            event["data"].pop("report", None)
        assert _by_thread(told) == _by_thread(expected)
        assert [(event["type"], event["data"]["ban"]["id"]) for event in by_reader] == [
            (event["type"], event["ban"]) for event in expected if "ban" in event
        ]
        self._position = log["head"]
        for event in told:
            if event in by_reader:
                continue
            thread = event["data"]["thread"]
            assert (
                event["sequence"]
                == thread["sequence"]
                == self._told.get(thread["article"], {"sequence": 0})["sequence"] + 1
            )
            self._told[thread["article"]] = thread

    def _compare_queue(self) -> None:
        """What waits and what was reported is counted exactly, and handed out oldest first with who has it."""
        for state in ("pending", "reported"):
            waiting = self._life.waiting(state)
            page = self._site.read("/queue", by="moderator", state=state, limit=2)
            assert page[state] == len(waiting)
            assert [each["comment"]["id"] for each in page["comments"]] == [comment.id for comment in waiting[:2]]
            claimed = [self._life.claimed_by(comment) is not None for comment in waiting[:2]]
            assert [each["claim"] is not None for each in page["comments"]] == claimed

    def _compare_decisions(self) -> None:
        """Each decision is in the log once, whoever made it; nothing else is."""
        expected = self._life.decisions[self._decided :]
        told = self._site.read("/decisions", by="admin", limit=len(expected) + 1)["decisions"]
        assert len(told) == len(expected) + (self._decided > 0)
        for decision, given in zip(expected[::-1], told, strict=False):
            assert {name: given[name] for name in decision if name != "by"} | {"by": decision["by"]} == decision
            self._keys[decision["by"]] = self._keys.get(decision["by"], given["decided_by"])
            assert given["decided_by"] == self._keys[decision["by"]]
        assert len({by["id"] for by in self._keys.values()}) == len(self._keys)
        self._decided = len(self._life.decisions)

    def _compare_counts(self) -> None:
        articles = [*self._life.threads, "nobody-knows-it"]
        counts = self._site.read("/counts", article=articles)["counts"]
        assert [count["article"] for count in counts] == articles
        for count in counts:
            thread = self._life.threads.get(count["article"])
            if thread is None or thread.embargoed(self._life.now()):
                assert (count["reply_count"], count["label"], count["state"]) == (0, "No replies", None)
            else:
                assert count.items() <= self._life.out(thread).items()

    def _compare_thread(self, thread: ALivingThread) -> None:
        """What the API says is what the model says, and what somebody knows who has only read the log."""
        out = self._life.out(thread)
        assert self._site.read(f"/threads/{thread.article}", by="host") == out
        told = self._told[thread.article]
        closing = told["closing"]["at"]
        if told["state"] == "open" and closing and datetime.fromisoformat(closing) <= self._life.now():
            reason = out["close_reason"]  # is told with the close itself
            told = told | {
                "state": "closed",
                "closed_at": closing,
                "notice": "Comments are closed.",
                "close_reason": reason,
            }
        assert told == out
        response = self._site.call("GET", f"/threads/{thread.article}")
        assert response.status_code == (404 if thread.embargoed(self._life.now()) else 200)
        if thread.embargoed(self._life.now()):
            assert self._site.call("GET", f"/threads/{thread.article}/comments").status_code == 404

    def _compare_pages(self, thread: ALivingThread) -> None:
        """Promise 1: whoever pages to the end meets as many published comments as are counted."""
        authors = [comment.author for comment in thread.comments if comment.state == "pending"][:1]
        for viewer in (None, *authors, "moderator"):
            walk = Walk(thread, next(self._orders), next(self._limits), viewer)
            while not self.turns_page(walk):
                pass
            assert sum(comment.state == "published" for comment in walk.met) == thread.count

    def turns_page(self, walk: Walk) -> bool:
        """Read the next page of a walk; whether it was the last.

        Those met before say where it begins, whatever became of them since.
        """
        thread = walk.thread
        path, query = f"/threads/{thread.article}/comments", {"order": walk.order, "limit": walk.limit}
        query |= {"cursor": walk.cursor} if walk.cursor else {}
        if thread.embargoed(self._life.now()):
            assert self._site.call("GET", path, by=walk.viewer, params=query).status_code == 404
            return True
        page = self._site.read(path, by=walk.viewer, **query)
        after = walk.met[-1].key(walk.order) if walk.met else (-(2**32),)
        rest = [each for each in thread.listed(walk.viewer, walk.order) if each.key(walk.order) > after]
        assert page["comments"] == [comment.out(walk.viewer) for comment in rest[: walk.limit]]
        assert page["thread"] == self._life.out(thread)
        assert (page["next"] is None) == (len(rest) <= walk.limit)
        walk.met += rest[: walk.limit]
        walk.cursor = page["next"]
        if walk.cursor is None:
            assert set(walk.always or ()) <= set(walk.met)
            assert len(set(walk.met)) == len(walk.met)
        return walk.cursor is None

    def _compare_what_is_kept(self, thread: ALivingThread) -> None:
        """Promise 7: what was read before and is said to be unchanged is what a reader would see now."""
        order = next(self._orders)
        tag, kept = self._kept.get((thread.article, order), ("", {}))
        path = f"/threads/{thread.article}/comments"
        response = self._site.call("GET", path, params={"order": order, "limit": 200}, headers={"If-None-Match": tag})
        if response.status_code == 200:
            kept = response.json()
            self._kept[thread.article, order] = response.headers["etag"], kept
        assert kept["comments"] == [comment.out() for comment in thread.listed(None, order)]
        assert kept["thread"] | {"sequence": thread.sequence} == self._life.out(thread)
        age = timedelta(seconds=int(response.headers["cache-control"].removeprefix("public, max-age=")))
        closes_at = self._life.closes_at(thread)
        assert age <= timedelta(seconds=5)
        assert self._life.is_closed(thread) or closes_at is None or self._life.now() + age <= closes_at

    def _compare_pending(self, thread: ALivingThread) -> None:
        """Promise 6: a pending comment is there for its author and for moderators, and nobody else knows of it."""
        pending = [comment for comment in thread.comments if comment.state == "pending"]
        for comment in pending[-1:]:
            stranger = next((each.author for each in thread.comments if each.author != comment.author), None)
            for viewer in (None, stranger, "host"):
                response = self._site.call("GET", f"/comments/{comment.id}", by=viewer)
                assert response.status_code == (200 if comment.shown else 404)
                assert str(comment.words) not in response.text
            for viewer in (comment.author, "moderator"):
                found = self._site.read(f"/comments/{comment.id}", by=viewer)
                assert [each["rule"] for each in found["comment"].pop("findings", [])] == (
                    comment.found if viewer == "moderator" else []
                )
                assert found["comment"] == (comment.own() if viewer == comment.author else comment.out(viewer))


def _by_thread(events: list[Json]) -> list[Json]:
    of_threads = [event for event in events if not event["type"].startswith("reader.")]
    return sorted(of_threads, key=lambda event: (event["data"]["thread"]["article"], event["sequence"]))
