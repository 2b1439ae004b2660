"""The duration of one call with 500 decisions on comments of a busy thread."""

from statistics import median
from time import perf_counter
from typing import Any
from urllib.request import Request, urlopen

import msgspec

MANY = 500


def report(origin: str, key: str) -> str:
    """A line with the median of three calls on the same comments."""
    comments = some_comments(origin, key)
    seconds = []
    for action in ("reject", "restore", "reject"):
        began = perf_counter()
        results = call(origin, key, "/decisions", {"action": action, "comments": comments})["results"]
        seconds.append(perf_counter() - began)
        comments = [{"id": each["id"], "revision": each["revision"]} for each in results]
    return f"{len(comments)} decisions at once: {median(seconds) * 1000:.0f} ms"


def some_comments(origin: str, key: str) -> list[dict[str, Any]]:
    """The first published comments of the hot thread, with id and revision."""
    comments: list[dict[str, Any]] = []
    page = {"next": ""}
    while len(comments) < MANY and page["next"] is not None:
        cursor = f"&cursor={page['next']}" if page["next"] else ""
        page = call(origin, key, f"/threads/hot/comments?limit=200{cursor}")
        comments += [{"id": each["id"], "revision": each["revision"]} for each in page["comments"]]
    return comments[:MANY]


def call(origin: str, key: str, path: str, body: object = None, *, site: str = "bench") -> Any:
    """Call the service as a moderator; return the JSON of the answer."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    sent = None if body is None else msgspec.json.encode(body)
    with urlopen(Request(f"{origin}/v1/sites/{site}{path}", sent, headers), timeout=60) as answer:
        return msgspec.json.decode(answer.read())
