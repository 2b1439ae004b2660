"""Compare everything that any caller can see with the model, after each step."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle

from tests.builders import Json
from tests.promises.moderated_site_model import ModeratedSiteModel
from tests.promises.synchronous_app import SynchronousSite
from tests.promises.thread_model import SHADOW, CommentModel, ThreadModel, without_statement


@dataclass(eq=False)
class PageReader:
    """A reader who pages to the end while the thread changes; ``always`` are the comments listed the whole time."""

    thread: ThreadModel
    order: str
    limit: int
    viewer: str | None
    cursor: str | None = None
    seen: list[CommentModel] = field(default_factory=list)
    always: list[CommentModel] | None = None


class Comparison:
    """Reads a site over HTTP and compares it with its model."""

    def __init__(self, model: ModeratedSiteModel, site: SynchronousSite) -> None:
        self._model, self._site = model, site
        self._position = self._decided = 0
        self._keys: dict[str, Json] = {}
        self._latest: dict[str, Json] = {}
        self._cached: dict[tuple[str, str], tuple[str, Json]] = {}
        self._limits, self._orders = cycle([2, 3, 5]), cycle(["oldest", "newest", "newest", "oldest"])
        self._compared: dict[str, int] = {}

    def compare(self, readers: list[PageReader], *, whole: bool = False) -> None:
        """Compare everything; ``readers`` have not reached the end yet.

        Pages of an unchanged thread are compared only if ``whole``.
        """
        self._compare_log()
        if whole:
            self._compare_whole_log()
            self._compare_measures()
            closures = self._site.read("/closures", by="moderator", limit=200)["closures"]
            assert closures == self._model.closures[::-1]
        self._compare_counts()
        self._compare_queue()
        self._compare_decisions()
        for thread in self._model.threads.values():
            self._compare_thread(thread)
            if not thread.is_embargoed(self._model.now()):
                self._compare_cached(thread)
                if whole or self._compared.get(thread.article) != thread.sequence:
                    self._compare_pages(thread)
                    self._compare_pending(thread)
                    self._compared[thread.article] = thread.sequence
        for reader in readers:
            listed = reader.thread.listed(reader.viewer, reader.order)
            reader.always = [comment for comment in listed if reader.always is None or comment in reader.always]

    def _compare_log(self) -> None:
        """Promise 5: each change has one event, and the numbers have no gaps.

        Due closes of several threads in one transaction come in any order, so events are compared by thread.
        """
        log = self._site.read("/events", by="host", after=self._position, limit=1000)
        events = log["events"]
        assert [event.pop("position") for event in events] == [*range(self._position + 1, len(self._model.log) + 1)]
        assert len({event.pop("id") for event in events}) == len(events)
        expected = self._model.log_now(self._position)
        for event in events:
            event["data"].pop("report", None)
            if "ban" in event["data"]:
                event["data"]["ban"] = {"id": event["data"]["ban"]["id"]}
        assert _by_thread(events) == _by_thread(expected)
        assert _of_site(events) == _of_site(expected)
        self._position = log["head"]
        for event in events:
            if "thread" not in event["data"]:
                continue
            thread = event["data"]["thread"]
            assert (
                event["sequence"]
                == thread["sequence"]
                == self._latest.get(thread["article"], {"sequence": 0})["sequence"] + 1
            )
            self._latest[thread["article"]] = thread

    def _compare_whole_log(self) -> None:
        """Promise 7: every event, read again, has only the text that is public now."""
        events = self._site.read("/events", by="host", limit=1000)["events"]
        about = [each["data"]["comment"] for each in events if "comment" in each["data"]]
        expected = [each["data"]["comment"] for each in self._model.log_now(0)[:1000] if "comment" in each["data"]]
        assert sorted(about, key=_revision) == sorted(expected, key=_revision)

    def _compare_measures(self) -> None:
        """The measures in force are listed, newest first."""
        expected = [each for each in self._model.measures[::-1] if each.is_in_force(self._model.now())]
        measures = self._site.read("/measures", by="moderator", limit=200)["measures"]
        assert [(each["id"], each["action"]) for each in measures] == [(each.id, each.action) for each in expected]

    def _compare_queue(self) -> None:
        """The queue counts pending and reported comments exactly, and lists them oldest first with their claims."""
        for state in ("pending", "reported"):
            queued = self._model.queued(state)
            page = self._site.read("/queue", by="moderator", state=state, limit=2)
            assert page[state] == len(queued)
            assert [each["comment"]["id"] for each in page["comments"]] == [comment.id for comment in queued[:2]]
            claimed = [self._model.claimant(comment) is not None for comment in queued[:2]]
            assert [each["claim"] is not None for each in page["comments"]] == claimed

    def _compare_decisions(self) -> None:
        """Each decision is in the log once, with its author, and nothing else is."""
        expected = self._model.decisions[self._decided :]
        logged = self._site.read("/decisions", by="admin", limit=len(expected) + 1)["decisions"]
        assert len(logged) == len(expected) + (self._decided > 0)
        for decision, given in zip(expected[::-1], logged, strict=False):
            assert {name: given[name] for name in decision if name != "by"} | {"by": decision["by"]} == decision
            self._keys[decision["by"]] = self._keys.get(decision["by"], given["decided_by"])
            assert given["decided_by"] == self._keys[decision["by"]]
        assert len({by["id"] for by in self._keys.values()}) == len(self._keys)
        self._decided = len(self._model.decisions)

    def _compare_counts(self) -> None:
        articles = [*self._model.threads, "nobody-knows-it"]
        counts = self._site.read("/counts", article=articles)["counts"]
        assert [count["article"] for count in counts] == articles
        for count in counts:
            thread = self._model.threads.get(count["article"])
            if thread is None or thread.is_embargoed(self._model.now()):
                assert (count["reply_count"], count["label"], count["state"]) == (0, "No replies", None)
            else:
                assert count.items() <= self._model.out(thread).items()

    def _compare_thread(self, thread: ThreadModel) -> None:
        """The thread in the API equals the model, and the thread in the latest event."""
        out = self._model.out(thread)
        assert self._site.read(f"/threads/{thread.article}", by="host") == out
        latest = self._latest[thread.article]
        closing = latest["closing"]["at"]
        if latest["state"] == "open" and closing and datetime.fromisoformat(closing) <= self._model.now():
            reason = out["close_reason"]  # in the close event only
            latest = latest | {
                "state": "closed",
                "closes_at": None,
                "closed_at": closing,
                "notice": "Comments are closed.",
                "close_reason": reason,
            }
        # Readers may be told of its closing since, and the site may have been closed or reopened.
        changes_alone = ["closes_at", "notice"] if latest["state"] == "open" else []
        if latest["closed_by_site"] or out["closed_by_site"]:
            changes_alone = ["state", "closed_at", "closed_by_site", "close_reason", "closes_at", "notice"]
        latest = latest | {name: out[name] for name in changes_alone}
        assert latest == out
        response = self._site.call("GET", f"/threads/{thread.article}")
        assert response.status_code == (404 if thread.is_embargoed(self._model.now()) else 200)
        if thread.is_embargoed(self._model.now()):
            assert self._site.call("GET", f"/threads/{thread.article}/comments").status_code == 404

    def _compare_pages(self, thread: ThreadModel) -> None:
        """Promise 1: the pages together have as many published comments as the count."""
        authors = [comment.author for comment in thread.comments if comment.state == "pending"][:1]
        for viewer in (None, *authors, "moderator"):
            reader = PageReader(thread, next(self._orders), next(self._limits), viewer)
            while not self.read_page(reader):
                pass
            assert sum(comment.state == "published" for comment in reader.seen) == thread.count

    def read_page(self, reader: PageReader) -> bool:
        """Read a reader's next page; return whether it was the last.

        It starts after the last comment seen, even if that has changed since.
        """
        thread = reader.thread
        path, query = f"/threads/{thread.article}/comments", {"order": reader.order, "limit": reader.limit}
        query |= {"cursor": reader.cursor} if reader.cursor else {}
        if thread.is_embargoed(self._model.now()):
            assert self._site.call("GET", path, by=reader.viewer, params=query).status_code == 404
            return True
        page = self._site.read(path, by=reader.viewer, **query)
        after = reader.seen[-1].key(reader.order) if reader.seen else (-(2**32),)
        rest = [each for each in thread.listed(reader.viewer, reader.order) if each.key(reader.order) > after]
        assert page["comments"] == [comment.out(reader.viewer) for comment in rest[: reader.limit]]
        assert page["thread"] == self._model.out(thread)
        assert (page["next"] is None) == (len(rest) <= reader.limit)
        reader.seen += rest[: reader.limit]
        reader.cursor = page["next"]
        if reader.cursor is None:
            assert set(reader.always or ()) <= set(reader.seen)
            assert len(set(reader.seen)) == len(reader.seen)
        return reader.cursor is None

    def _compare_cached(self, thread: ThreadModel) -> None:
        """Promise 8: after a 304 the earlier response is still correct."""
        order = next(self._orders)
        tag, cached = self._cached.get((thread.article, order), ("", {}))
        path = f"/threads/{thread.article}/comments"
        response = self._site.call("GET", path, params={"order": order, "limit": 200}, headers={"If-None-Match": tag})
        if response.status_code == 200:
            cached = response.json()
            self._cached[thread.article, order] = response.headers["etag"], cached
        assert cached["comments"] == [comment.out() for comment in thread.listed(None, order)]
        assert cached["thread"] | {"sequence": thread.sequence} == self._model.out(thread)
        age = timedelta(seconds=int(response.headers["cache-control"].removeprefix("public, max-age=")))
        now, closes_at = self._model.now(), self._model.closes_at(thread)
        assert age <= timedelta(seconds=5)
        changes = [*self._model.status_changes(), *([closes_at] if closes_at else [])]
        assert all(at <= now or now + age <= at for at in changes)

    def _compare_pending(self, thread: ThreadModel) -> None:
        """Promise 6: only its author and moderators see a pending comment."""
        pending = [comment for comment in thread.comments if comment.state == "pending"]
        for comment in pending[-1:]:
            stranger = next((each.author for each in thread.comments if each.author != comment.author), None)
            for viewer in (None, stranger, "host"):
                response = self._site.call("GET", f"/comments/{comment.id}", by=viewer)
                assert response.status_code == (200 if comment.shown else 404)
                assert str(comment.body) not in response.text
            for viewer in (comment.author, "moderator"):
                seen = self._site.read(f"/comments/{comment.id}", by=viewer)
                findings = seen["comment"].pop("findings", [])
                assert [each["rule"] + (SHADOW if each["shadow"] else "") for each in findings] == (
                    comment.findings if viewer == "moderator" else []
                )
                if viewer == comment.author:
                    assert without_statement(seen["comment"], comment) == comment.for_author()
                else:
                    assert seen["comment"] == comment.out(viewer)


def _revision(comment: Json) -> tuple[str, int]:
    return comment["id"], comment["revision"]


def _by_thread(events: list[Json]) -> list[Json]:
    of_threads = [event for event in events if "thread" in event["data"]]
    return sorted(of_threads, key=lambda event: (event["data"]["thread"]["article"], event["sequence"]))


def _of_site(events: list[Json]) -> list[Json]:
    return [event for event in events if "thread" not in event["data"]]
