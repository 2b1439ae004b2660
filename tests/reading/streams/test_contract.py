"""What a stream sends is what the contract says."""

import re

from tests.builders import ASite, a_comment, a_thread, decide, events_of
from tests.contract.lint import contract, resolve, strictly
from tests.integrations.articles.articles import send_event, share_webhook_secret
from tests.reading.streams.listening import Heard, Parser, listening
from tests.reading.streams.test_streams import edit, take_back

DOCUMENT = contract()
OPERATION = DOCUMENT["paths"]["/v1/sites/{site}/threads/{article}/stream"]["get"]
STREAM = OPERATION["responses"]["200"]["content"]["text/event-stream"]
KINDS = dict(re.findall(r"^\| `([a-z.]+)` \| .* \| `(\w+)` \|$", OPERATION["description"], re.MULTILINE))


def faults(heard: Heard) -> list[str]:
    """What of a message is not as the contract has it."""
    schema = {"$ref": f"#/components/schemas/{KINDS[heard.event]}"}
    return [error.message for error in strictly(DOCUMENT, schema).iter_errors(heard.data)]


def test_the_example_has_every_message_and_each_fits() -> None:
    [example] = STREAM["examples"].values()
    heard = Parser().parse(resolve(DOCUMENT, example)["value"])
    assert {each.event for each in heard} == set(KINDS)
    assert [faults(each) for each in heard] == [[]] * len(heard)


async def test_every_message_is_as_the_contract_says(site: ASite) -> None:
    await share_webhook_secret(site)
    thread = await a_thread(site)
    async with listening(thread, query="sequence=0") as listener:
        posted, other = await a_comment(thread), await a_comment(thread, "Another.")
        await edit(site, posted, "Better said.")
        heard = [await listener.hear() for _ in range(3)]  # of what is taken back by then no words would be sent
        await take_back(site, posted)
        await decide(site, "spam", other["comment"])
        await thread.close(reason="Late.")
        await thread.reopen()
        await send_event(site, "withdrawn", thread.article)
        heard += await listener.hear_all()
    assert {each.event for each in heard} == set(KINDS)
    assert [faults(each) for each in heard] == [[]] * len(heard)


async def test_an_event_of_the_log_says_what_a_comment_was_before(site: ASite) -> None:
    thread = await a_thread(site)
    posted = await a_comment(thread)
    await decide(site, "reject", posted["comment"])
    _, arrived, rejected = [event["data"] for event in await events_of(site)]
    assert "previous_state" not in arrived
    assert rejected["previous_state"] == "published"
