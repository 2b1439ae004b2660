"""What a receiver responded about a comment is kept only while the comment is public as it was delivered."""

import pytest
from sqlalchemy import text

from service.integrations.endpoints import endpoint_concurrency
from tests.builders import ASite, a_comment, a_thread, decide
from tests.integrations.endpoints.a_receiver import OK, a_receiver, an_answer
from tests.integrations.endpoints.deliveries import a_worker, an_endpoint, attempts_of
from tests.integrations.event_log.test_event_texts import WAYS, WORDS, delete


async def stored(site: ASite, endpoint: str) -> list[str | None]:
    async with site.app.state.database.read() as connection:
        rows = await connection.execute(text("SELECT endpoint_id, response FROM attempts ORDER BY position, id"))
        return [row.response for row in rows if str(row.endpoint_id).replace("-", "") == endpoint.replace("-", "")]


async def test_a_response_is_unreadable_at_once_and_erased_by_the_next_sweep(site: ASite) -> None:
    """All ways at once, because a sweep is over every site of the database that tests share."""
    async with a_receiver(lambda message: an_answer(200, message.body)) as host, a_worker(site) as worker:
        endpoint, _ = await an_endpoint(site, host.origin, types=["comment.published"])
        posted = {way: await a_comment(await a_thread(site), WORDS) for way in WAYS}
        await worker.work()
        await site.sweep()
        positions = {content["data"]["comment"]["id"]: content["position"] for content in host.contents}
        for way, (remove, _) in WAYS.items():
            position = positions[posted[way]["comment"]["id"]]
            assert "555 0100" in (await attempts_of(site, endpoint, position))[0]["response"], way
            await remove(site, posted[way])
            assert (await attempts_of(site, endpoint, position))[0]["response"] is None, way
        kept = await stored(site, endpoint)
        assert len(kept) == len(WAYS) and all("555 0100" in (response or "") for response in kept)
        await site.sweep()
        assert await stored(site, endpoint) == [None] * len(WAYS)


async def test_a_response_that_arrives_after_the_deletion_is_not_stored(site: ASite) -> None:
    """Also not a response to the event of the deletion: the receiver may still know the text."""
    async with a_receiver(lambda _: an_answer(200, WORDS.encode())) as host, a_worker(site) as worker:
        endpoint, _ = await an_endpoint(site, host.origin, types=["comment.published", "comment.deleted"])
        posted = await a_comment(await a_thread(site), WORDS)
        await worker.deliverer.poll()
        await worker.settle()
        await delete(site, posted)
        await worker.work()
        assert [each["type"] for each in host.contents] == ["comment.published", "comment.deleted"]
        assert await stored(site, endpoint) == [None, None]


async def test_responses_about_other_comments_stay(site: ASite) -> None:
    async with a_receiver(lambda _: an_answer(200, b"Stored.")) as host, a_worker(site) as worker:
        endpoint, _ = await an_endpoint(site, host.origin, types=["comment.published"])
        thread = await a_thread(site)
        one, _other = await a_comment(thread, "One."), await a_comment(thread, "Other.")
        await worker.work()
        await decide(site, "reject", one["comment"])
        await site.sweep()
        assert await stored(site, endpoint) == [None, "Stored."]


async def test_a_delivery_that_waited_is_sent_without_a_text_deleted_meanwhile(
    site: ASite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_concurrency, "MAX_CONCURRENT", 1)
    answers = iter(["hang"])
    async with a_receiver(lambda _: next(answers, OK)) as host, a_worker(site) as worker:
        await an_endpoint(site, host.origin, types=["comment.published"])
        thread = await a_thread(site)
        await a_comment(thread, "First.")
        posted = await a_comment(thread, WORDS)
        await worker.until(lambda: bool(host.received) and [queue.held for queue in worker.queues] == [2])
        await delete(site, posted)
        monkeypatch.setattr(endpoint_concurrency, "MAX_QUEUED_SECONDS", 0.0)
        await worker.deliverer.poll()
        host.released.set()
        await worker.work()
        assert [each["data"]["comment"]["text_withheld"] for each in host.contents] == [None, "deleted"]
        assert "555 0100" not in repr(host.contents)
