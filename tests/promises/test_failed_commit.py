"""Promise 3, the other way round: a write that fails to commit is not acknowledged and leaves no trace."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, Engine, event

from tests.builders import ASite, Json, a_comment, a_thread
from tests.promises.checks import verify_errors, whole_log


class DiskFull(Exception):
    """The error of a failing commit."""


@contextmanager
def failing_commits() -> Iterator[None]:
    """Every commit in this block fails."""

    def refuse(_connection: Connection) -> None:
        raise DiskFull

    event.listen(Engine, "commit", refuse)
    try:
        yield
    finally:
        event.remove(Engine, "commit", refuse)


async def test_posts_that_fail_to_commit_are_not_acknowledged(own_site: ASite) -> None:
    thread = await a_thread(own_site)
    with failing_commits():
        answers = await asyncio.gather(*(thread.post(f"Post {number}.") for number in range(5)))
    assert {answer.status_code for answer in answers} == {500}
    assert await thread.pages() == []
    assert (await thread.post("And now?")).status_code == 201
    assert len(await whole_log(own_site)) == 2
    assert await verify_errors(own_site.app) == []


@pytest.mark.parametrize("operation", ["close", "register", "decide", "edit", "delete"])
async def test_a_change_that_fails_to_commit_is_not_acknowledged(own_site: ASite, operation: str) -> None:
    thread = await a_thread(own_site)
    posted = await a_comment(thread, "Tea.")
    before = await thread.read(), await thread.pages(), await whole_log(own_site)
    comment, author = f"/comments/{posted['comment']['id']}", posted["author_token"]
    seen = {"id": posted["comment"]["id"], "revision": 1}
    requests: dict[str, tuple[str, str, str, Json | None]] = {
        "close": ("POST", f"{thread.path}/close", "host", None),
        "register": ("PUT", thread.path, "host", {"title": "Another title"}),
        "decide": ("POST", "/decisions", "moderator", {"action": "spam", "comments": [seen]}),
        "edit": ("PATCH", comment, author, {"body": "Coffee."}),
        "delete": ("DELETE", comment, author, None),
    }
    method, path, by, body = requests[operation]
    with failing_commits():
        assert (await own_site.call(method, path, by=by, json=body)).status_code == 500
    assert (await thread.read(), await thread.pages(), await whole_log(own_site)) == before
    assert (await own_site.call(method, path, by=by, json=body)).status_code < 300
    assert len(await whole_log(own_site)) == 3
    assert await verify_errors(own_site.app) == []
