"""Checks that must pass on a database after any load."""

from service.app import App
from service.conversation.comments.verify_counts import verify
from service.platform.storage.engine import Database
from tests.builders import ASite, AThread, Json


async def verify_errors(app: App) -> list[str]:
    """Return the errors that ``onereply verify`` finds."""
    database: Database = app.state.database
    async with database.read() as connection:
        return [error async for error in verify(connection)]


async def whole_log(site: ASite) -> list[Json]:
    """Read every event of the site; check that positions and each thread's sequences have no gaps."""
    log: list[Json] = []
    head = 1
    while len(log) < head:
        response = await site.call("GET", f"/events?after={len(log)}&limit=1000", by="host")
        page = response.json()
        head = page["head"]
        assert page["events"], response.text
        log += page["events"]
    assert [event["position"] for event in log] == [*range(1, len(log) + 1)]
    for article in {event["data"]["thread"]["article"] for event in log if "thread" in event["data"]}:
        events = of_thread(log, article)
        assert [event["sequence"] for event in events] == [*range(1, len(events) + 1)]
    return log


def of_thread(log: list[Json], article: str) -> list[Json]:
    """Return the events of a thread, in order."""
    return [event for event in log if "thread" in event["data"] and event["data"]["thread"]["article"] == article]


async def check_count(thread: AThread, published: set[str], *, by: str | None = None) -> None:
    """Check promise 1: the count and all pages together match the ids ``published``.

    A host sees the writes of another process at once; others may get a response cached for a second.
    """
    for order in ("oldest", "newest"):
        comments = await thread.pages(limit=200, order=order, by=by)
        assert len({comment["id"] for comment in comments}) == len(comments)
        assert {comment["id"] for comment in comments if comment["state"] == "published"} == published
    assert (await thread.read(by=by))["reply_count"] == len(published)
