"""Promises 3 and 4 for clients that disconnect early: their request is done completely or not at all."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any

import httpx2
import pytest

from tests.builders import ASite, a_comment, a_thread
from tests.promises.checks import check_count, verify_errors, whole_log
from tests.promises.shared_batch import wait_for_queue, writer_held

KEY = "a-key-of-more-than-16"
Request = Coroutine[Any, Any, httpx2.Response]


async def test_a_queued_post_of_a_gone_client_is_committed_and_found_by_its_key(own_site: ASite) -> None:
    thread = await a_thread(own_site)
    async with writer_held(own_site, posts=1):
        client = asyncio.create_task(thread.post("Is anybody there?", key=KEY))
        await wait_for_queue(own_site, 1)
        client.cancel()
        assert isinstance((await asyncio.gather(client, return_exceptions=True))[0], asyncio.CancelledError)
    again = await thread.post("Is anybody there?", key=KEY)
    assert again.status_code == 201
    await check_count(thread, {again.json()["comment"]["id"]})
    assert [event["type"] for event in await whole_log(own_site)] == ["thread.created", "comment.published"]


async def test_a_gone_client_does_not_affect_other_posts_of_the_batch(own_site: ASite) -> None:
    thread = await a_thread(own_site)
    async with writer_held(own_site, posts=10):
        clients = [asyncio.create_task(thread.post(f"Client {number}.", key=f"k{number}")) for number in range(10)]
        await wait_for_queue(own_site, 10)
        for client in clients[::2]:
            client.cancel()
    statuses = [(await client).status_code for client in clients[1::2]]
    assert statuses == [201] * 5
    assert (await thread.read())["reply_count"] == 10
    assert await verify_errors(own_site.app) == []


async def cancel_everywhere(site: ASite, *, step: int) -> None:
    """Cancel each kind of write at its start, and again after every further ``step`` turns of the loop."""
    thread = await a_thread(site)
    posted = await a_comment(thread, "Tea.")
    comment = f"/comments/{posted['comment']['id']}"

    async def decided() -> httpx2.Response:
        seen = (await site.call("GET", comment, by="moderator")).json()["comment"]
        action = "reject" if seen["state"] == "published" else "restore"
        body = {"action": action, "comments": [{"id": seen["id"], "revision": seen["revision"]}]}
        return await site.call("POST", "/decisions", by="moderator", json=body)

    def edited() -> Request:
        return site.call("PATCH", comment, by=posted["author_token"], json={"body": "Coffee."})

    writes: list[Callable[[], Request]] = [thread.post, thread.close, thread.reopen, decided, edited]
    for write in writes:
        turns = 0
        while await cancel(write(), after_turns=turns):
            turns += step
            async with asyncio.timeout(3):
                title = await site.call("PUT", thread.path, by="host", json={"title": f"{write.__name__} {turns}"})
            assert title.status_code == 200
        assert turns > 0
    await whole_log(site)
    assert await verify_errors(site.app) == []
    gc.collect()  # collect a connection that was being opened here, not in the next test


# PostgreSQL's driver does not close a connection cancelled while it opens; the garbage collector does.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_a_cancelled_request_is_done_or_not_done_and_blocks_no_other(own_site: ASite, dialect: str) -> None:
    await cancel_everywhere(own_site, step=13 if dialect == "sqlite" else 97)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_a_request_cancelled_at_any_turn_is_done_or_not_done(own_site: ASite, dialect: str) -> None:
    await cancel_everywhere(own_site, step=1 if dialect == "sqlite" else 7)


async def cancel(request: Request, *, after_turns: int) -> bool:
    """Cancel a request after some turns of the loop; return False if it had already ended."""
    task = asyncio.create_task(request)
    for _ in range(after_turns):
        await asyncio.sleep(0)
    if task.done():
        return False
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return True
