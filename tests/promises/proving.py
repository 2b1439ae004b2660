"""What must be true of a database after any storm."""

from service.app import App
from service.conversation.comments.verify_counts import verify
from service.platform.storage.engine import Database
from tests.builders import ASite, AThread, Json


async def findings(app: App) -> list[str]:
    """What ``onereply verify`` has to say."""
    database: Database = app.state.database
    async with database.read() as connection:
        return [finding async for finding in verify(connection)]


async def whole_log(site: ASite) -> list[Json]:
    """Every event of the site; their positions and each thread's sequences have no gap."""
    log: list[Json] = []
    head = 1
    while len(log) < head:
        response = await site.call("GET", f"/events?after={len(log)}&limit=1000", by="host")
        answer = response.json()
        head = answer["head"]
        assert answer["events"], response.text
        log += answer["events"]
    assert [event["position"] for event in log] == [*range(1, len(log) + 1)]
    for article in {event["data"]["thread"]["article"] for event in log}:
        told = of_thread(log, article)
        assert [event["sequence"] for event in told] == [*range(1, len(told) + 1)]
    return log


def of_thread(log: list[Json], article: str) -> list[Json]:
    """The events of a thread, in order."""
    return [event for event in log if event["data"]["thread"]["article"] == article]


async def prove_count(thread: AThread, published: set[str], *, by: str | None = None) -> None:
    """Promise 1: the count, and what a reader meets by paging to the end, are those that were ``published``.

    What another process has written a host sees at once; anybody else may be given an answer kept for a second.
    """
    for order in ("oldest", "newest"):
        met = await thread.pages(limit=200, order=order, by=by)
        assert len({comment["id"] for comment in met}) == len(met)
        assert {comment["id"] for comment in met if comment["state"] == "published"} == published
    assert (await thread.read(by=by))["reply_count"] == len(published)
