"""The example receiver in the webhook guide works unchanged."""

import runpy
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from service.integrations.endpoints.payload import webhook_body
from service.integrations.event_log.event_texts import add_texts
from service.integrations.event_log.wire import EventOut
from service.platform.events.read_log import read_events
from service.platform.outbound.webhook_signatures import ID, SIGNATURE, Signer, make_secret
from service.platform.sites.edit_site import find_site
from service.reading.docs.guides import FOLDER
from tests.builders import ASite, a_comment, a_thread
from tests.integrations.articles.articles import send_event, share_webhook_secret
from tests.moderation.measures.test_reader_measures import a_ban
from tests.reading.docs.documents import blocks_of

GUIDE = FOLDER / "webhooks.md"
SECRET = make_secret()


class Receiver:
    """The guide's receiver and a client of it."""

    def __init__(self, code: dict[str, Any], client: httpx2.AsyncClient) -> None:
        self.threads = code["threads"]
        self._client = client

    async def send(self, site: ASite, event: EventOut, *, secret: str = SECRET, **wrong: str) -> int:
        """The status that it answers to an event."""
        body = webhook_body(site.slug, event)
        headers = Signer(secret).headers(str(event.id), datetime.now(UTC), body) | wrong
        return (await self._client.post("/hooks", content=body, headers=headers)).status_code


@pytest.fixture
async def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
    [code] = blocks_of(GUIDE, "python")
    (tmp_path / "receiver.py").write_text(code)
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    run = runpy.run_path(str(tmp_path / "receiver.py"))
    transport = httpx2.ASGITransport(app=run["app"])
    async with httpx2.AsyncClient(transport=transport, base_url="https://cms.example") as client:
        yield Receiver(run, client)


async def log_of(site: ASite) -> list[EventOut]:
    async with site.app.state.database.read() as connection:
        its_site = await find_site(connection, site.slug)
        events = await read_events(connection, its_site.id, after=0, limit=1000)
        return await add_texts(connection, events)


async def test_it_ends_with_the_current_state_in_any_order_and_with_repetitions(
    site: ASite, receiver: Receiver
) -> None:
    thread = await a_thread(site)
    comment = (await a_comment(thread))["comment"]
    await a_ban(site, kind="reader", comment=comment["id"])
    await thread.close()
    log = await log_of(site)
    for event in [*reversed(log), *log, log[0]]:
        assert await receiver.send(site, event) == 204
    assert receiver.threads == {thread.article: await thread.read(by="host")}


async def test_it_follows_an_article_to_an_id_with_a_higher_sequence(site: ASite, receiver: Receiver) -> None:
    """The thread under that id is set aside, though its sequence is higher."""
    await share_webhook_secret(site)
    thread, other = await a_thread(site, article="a"), await a_thread(site, article="b")
    await a_comment(thread)
    await other.close()
    await other.reopen()
    await send_event(site, "updated", "b", previous_article="a")
    await a_comment(thread)
    for event in await log_of(site):
        assert await receiver.send(site, event) == 204
    assert receiver.threads["b"] == await other.read(by="host")


async def test_it_refuses_messages_without_a_valid_signature(site: ASite, receiver: Receiver) -> None:
    await a_thread(site)
    [event] = await log_of(site)
    assert await receiver.send(site, event, secret=make_secret()) == 401
    for wrong in ({ID: "another"}, {SIGNATURE: "v1"}, {SIGNATURE: "v1,!"}, {SIGNATURE: ""}):
        assert await receiver.send(site, event, **wrong) == 401
    assert receiver.threads == {}
    assert await receiver.send(site, event) == 204
