"""How long one call takes that judges 500 comments of a busy thread."""

from statistics import median
from time import perf_counter
from typing import Any
from urllib.request import Request, urlopen

import msgspec

MANY = 500


def told(origin: str, key: str) -> str:
    """A line: the median of three calls over the same comments, whose first is the slowest that they can be."""
    comments = some_comments(origin, key)
    seconds = []
    for action in ("reject", "restore", "reject"):
        began = perf_counter()
        results = call(origin, key, "/decisions", {"action": action, "comments": comments})["results"]
        seconds.append(perf_counter() - began)
        comments = [{"id": each["id"], "revision": each["revision"]} for each in results]
    return f"{len(comments)} decisions at once: {median(seconds) * 1000:.0f} ms"


def some_comments(origin: str, key: str) -> list[dict[str, Any]]:
    """The first published comments of the hot thread, as a decision names them."""
    comments: list[dict[str, Any]] = []
    page = {"next": ""}
    while len(comments) < MANY and page["next"] is not None:
        cursor = f"&cursor={page['next']}" if page["next"] else ""
        page = call(origin, key, f"/threads/hot/comments?limit=200{cursor}")
        comments += [{"id": each["id"], "revision": each["revision"]} for each in page["comments"]]
    return comments[:MANY]


def call(origin: str, key: str, path: str, body: object = None, *, site: str = "bench") -> Any:
    """The JSON that the service answers a moderator."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    sent = None if body is None else msgspec.json.encode(body)
    with urlopen(Request(f"{origin}/v1/sites/{site}{path}", sent, headers), timeout=60) as answer:
        return msgspec.json.decode(answer.read())
