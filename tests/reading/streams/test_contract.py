"""Stream messages are valid by the contract."""

import re

from tests.builders import ASite, a_comment, a_thread, decide, events_of
from tests.contract.lint import contract, resolve, strictly
from tests.integrations.articles.articles import send_event, share_webhook_secret
from tests.reading.streams.stream_client import SseParser, StreamMessage, open_stream
from tests.reading.streams.test_streams import delete, edit

DOCUMENT = contract()
OPERATION = DOCUMENT["paths"]["/v1/sites/{site}/threads/{article}/stream"]["get"]
STREAM = OPERATION["responses"]["200"]["content"]["text/event-stream"]
KINDS = dict(re.findall(r"^\| `([a-z.]+)` \| .* \| `(\w+)` \|$", OPERATION["description"], re.MULTILINE))


def faults(received: StreamMessage) -> list[str]:
    """Return the errors of a message by the contract's schema."""
    schema = {"$ref": f"#/components/schemas/{KINDS[received.event]}"}
    return [error.message for error in strictly(DOCUMENT, schema).iter_errors(received.data)]


def test_the_example_has_every_message_and_each_is_valid() -> None:
    [example] = STREAM["examples"].values()
    received = SseParser().parse(resolve(DOCUMENT, example)["value"])
    assert {each.event for each in received} == set(KINDS)
    assert [faults(each) for each in received] == [[]] * len(received)


async def test_every_message_is_valid_by_the_contract(site: ASite) -> None:
    await share_webhook_secret(site)
    thread = await a_thread(site)
    async with open_stream(thread, query="sequence=0") as listener:
        posted, other = await a_comment(thread), await a_comment(thread, "Another.")
        await edit(site, posted, "Better said.")
        # Before the deletion, after which no text is sent.
        received = [await listener.next_message() for _ in range(3)]
        await delete(site, posted)
        await decide(site, "spam", other["comment"])
        await thread.close(reason="Late.")
        await thread.reopen()
        await send_event(site, "withdrawn", thread.article)
        received += await listener.read_to_end()
    assert {each.event for each in received} == set(KINDS)
    assert [faults(each) for each in received] == [[]] * len(received)


async def test_a_logged_event_has_the_previous_state(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread)
    await decide(site, "reject", posted["comment"])
    _, arrived, rejected = [event["data"] for event in await events_of(site)]
    assert "previous_state" not in arrived
    assert rejected["previous_state"] == "published"
