"""A client gets missed events first, none twice, with comments as they are now."""

import pytest

from service.reading.streams import catch_up
from tests.builders import ASite, a_comment, a_thread, decide
from tests.integrations.articles.articles import send_event, share_webhook_secret
from tests.integrations.imports import exports
from tests.integrations.imports.test_import_archive import import_file
from tests.reading.streams.stream_client import open_stream
from tests.reading.streams.test_streams import delete, edit, end_of, names


async def test_a_client_with_a_page_gets_the_events_since_then(site: ASite) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "Seen.")
    page = await thread.page()
    await a_comment(thread, "Missed.")
    async with open_stream(thread, query=f"sequence={page['thread']['sequence']}") as listener:
        missed = await listener.catch_up()
        await a_comment(thread, "Live.")
        live = await listener.next_message()
    assert [each.data["comment"]["html"] for each in (*missed, live)] == ["<p>Missed.</p>", "<p>Live.</p>"]


async def test_a_reconnecting_client_gets_the_events_since_the_last_id(site: ASite) -> None:
    thread, other = await a_thread(site), await a_thread(site)
    async with open_stream(thread) as listener:
        await a_comment(thread, "Received.")
        received = await listener.next_message()
    for number in range(3):
        await a_comment(other)
        await a_comment(thread, f"Missed {number}.")
    # The id is more exact than the sequence of the page that was loaded.
    async with open_stream(thread, query="sequence=0", last_event_id=received.id) as again:
        missed = await again.catch_up()
    assert [each.data["comment"]["html"] for each in missed] == [f"<p>Missed {number}.</p>" for number in range(3)]


async def test_a_client_without_an_event_can_reconnect_too(site: ASite) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "Before.")
    async with open_stream(thread) as listener:
        assert await listener.catch_up() == []
        position = listener.parser.last_id
    await a_comment(thread, "Missed.")
    async with open_stream(thread, last_event_id=position) as again:
        assert [each.data["comment"]["html"] for each in await again.catch_up()] == ["<p>Missed.</p>"]


async def test_a_client_without_a_sequence_gets_only_new_events(site: ASite) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "Before.")
    async with open_stream(thread) as listener:
        assert names(await listener.read_until(await end_of(thread))) == ["thread.closed"]


async def test_many_batches_of_events_are_sent_in_order(site: ASite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catch_up, "_SINCE", catch_up._SINCE.limit(2))
    thread = await a_thread(site)
    start = thread.registered["sequence"]
    for number in range(5):
        await a_comment(thread, f"{number}.")
    async with open_stream(thread, query=f"sequence={start}") as listener:
        missed = await listener.catch_up()
    assert [each.data["thread"]["reply_count"] for each in missed] == [1, 2, 3, 4, 5]


async def test_deleted_text_is_not_sent_to_later_clients(site: ASite) -> None:
    thread = await a_thread(site)
    start = thread.registered["sequence"]
    posted = [await a_comment(thread, f"Regretted {number}.") for number in range(3)]
    await delete(site, posted[0])
    await decide(site, "reject", posted[1]["comment"])
    await edit(site, posted[2], "Better.")
    async with open_stream(thread, query=f"sequence={start}") as listener:
        missed = await listener.catch_up()
    assert "Regretted" not in str(missed)
    assert names(missed) == ["comment.published", "comment.removed", "comment.removed", "comment.edited"]
    assert missed[0].data["comment"]["html"] == missed[-1].data["comment"]["html"] == "<p>Better.</p>"


async def test_after_an_article_is_restored_the_stream_continues(site: ASite) -> None:
    await share_webhook_secret(site)
    thread = await a_thread(site)
    posted = await a_comment(thread)
    async with open_stream(thread) as listener:
        await send_event(site, "withdrawn", thread.article)
        [gone] = await listener.read_to_end()
    await decide(site, "reject", posted["comment"])
    await send_event(site, "restored", thread.article)
    async with open_stream(thread, last_event_id=gone.id) as again:
        missed = await again.catch_up()
    assert names(missed) == ["comment.removed", "thread.updated"]
    assert missed[0].data["comment"] == {"id": posted["comment"]["id"]}


async def test_a_client_that_missed_a_withdrawal_and_restoration_gets_thread_gone(site: ASite) -> None:
    await share_webhook_secret(site)
    thread = await a_thread(site)
    for kind in ("withdrawn", "restored"):
        await send_event(site, kind, thread.article)
    async with open_stream(thread, query=f"sequence={thread.registered['sequence']}") as listener:
        assert names(await listener.read_to_end()) == ["thread.gone"]


async def test_a_client_that_missed_too_many_events_must_reload(site: ASite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catch_up, "MAX_MISSED", 2)
    thread = await a_thread(site)
    start = thread.registered["sequence"]
    for number in range(3):
        await a_comment(thread, f"{number}.")
    async with open_stream(thread, query=f"sequence={start}") as listener:
        [reload] = await listener.catch_up()
        await a_comment(thread, "Live.")
        live = await listener.next_message()
    assert (reload.event, reload.data["reload"], reload.data["thread"]["reply_count"]) == ("thread.updated", True, 3)
    assert live.data["comment"]["html"] == "<p>Live.</p>"
    async with open_stream(thread, last_event_id=reload.id) as again, open_stream(thread, last_event_id="1") as old:
        assert names(await again.catch_up()) == ["comment.published"]
        assert [received.data["reload"] for received in await old.catch_up()] == [True]


async def test_an_import_makes_clients_reload(site: ASite) -> None:
    thread = await a_thread(site, article="1")
    async with open_stream(thread) as listener:
        await import_file(site, exports.an_export(exports.an_item(exports.a_comment())).read())
        received = await listener.next_message()
    data = received.data
    assert (received.event, data["reload"], data["thread"]["reply_count"]) == ("thread.updated", True, 1)


@pytest.mark.parametrize("last_id", ["soon", "-1", "1.5", "9" * 30])
async def test_an_invalid_last_event_id_is_refused(site: ASite, last_id: str) -> None:
    thread = await a_thread(site)
    answer = await site.call("GET", f"{thread.path}/stream", headers={"Last-Event-ID": last_id})
    assert (answer.status_code, answer.json()["header"]) == (400, "Last-Event-ID")


async def test_a_client_ahead_of_the_log_gets_only_new_events(site: ASite) -> None:
    thread = await a_thread(site)
    async with open_stream(thread, query="sequence=9999") as one, open_stream(thread, last_event_id="9" * 18) as other:
        await a_comment(thread)
        assert [(await each.next_message()).event for each in (one, other)] == ["comment.published"] * 2
