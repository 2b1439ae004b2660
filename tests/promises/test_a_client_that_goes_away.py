"""Promises 3 and 4 for clients that do not wait for their answer: what they asked for is done whole or not at all."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any

import httpx2
import pytest

from tests.builders import ASite, a_comment, a_thread
from tests.promises.crossing import held_up, until_waiting
from tests.promises.proving import findings, prove_count, whole_log

KEY = "a-key-of-more-than-16"
Request = Coroutine[Any, Any, httpx2.Response]


async def test_its_post_is_committed_all_the_same_and_known_by_its_key(own_site: ASite) -> None:
    thread = await a_thread(own_site)
    async with held_up(own_site, posts=1):
        client = asyncio.create_task(thread.post("Is anybody there?", key=KEY))
        await until_waiting(own_site, 1)
        client.cancel()
        assert isinstance((await asyncio.gather(client, return_exceptions=True))[0], asyncio.CancelledError)
    again = await thread.post("Is anybody there?", key=KEY)
    assert again.status_code == 201
    await prove_count(thread, {again.json()["comment"]["id"]})
    assert [event["type"] for event in await whole_log(own_site)] == ["thread.created", "comment.published"]


async def test_it_takes_none_of_those_along_who_share_its_transaction(own_site: ASite) -> None:
    thread = await a_thread(own_site)
    async with held_up(own_site, posts=10):
        clients = [asyncio.create_task(thread.post(f"Client {number}.", key=f"k{number}")) for number in range(10)]
        await until_waiting(own_site, 10)
        for client in clients[::2]:
            client.cancel()
    stayed = [(await client).status_code for client in clients[1::2]]
    assert stayed == [201] * 5
    assert (await thread.read())["reply_count"] == 10
    assert await findings(own_site.app) == []


async def cut_off_everywhere(site: ASite, *, step: int) -> None:
    """Each of the requests that write is cut off as soon as it begins, some turns of the loop later, and so on."""
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
        while await cut_off(write(), after_turns=turns):
            turns += step
            async with asyncio.timeout(3):
                title = await site.call("PUT", thread.path, by="host", json={"title": f"{write.__name__} {turns}"})
            assert title.status_code == 200
        assert turns > 0
    await whole_log(site)
    assert await findings(site.app) == []
    gc.collect()  # a connection that was being made may lie about; better here than in the next test


# The driver of PostgreSQL does not close what was cut off while it connected; that falls to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_a_request_cut_off_anywhere_is_done_or_not_done_and_holds_nobody_up(
    own_site: ASite, dialect: str
) -> None:
    await cut_off_everywhere(own_site, step=13 if dialect == "sqlite" else 97)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_a_request_cut_off_at_any_turn_is_done_or_not_done(own_site: ASite, dialect: str) -> None:
    await cut_off_everywhere(own_site, step=1 if dialect == "sqlite" else 7)


async def cut_off(request: Request, *, after_turns: int) -> bool:
    """Cancel a request after some turns of the loop; whether it had not ended before."""
    task = asyncio.create_task(request)
    for _ in range(after_turns):
        await asyncio.sleep(0)
    if task.done():
        return False
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return True
