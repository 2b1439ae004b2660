"""The webhook body of every event type matches the contract."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
import pytest

from service.integrations.endpoints import payload
from service.integrations.endpoints.payload import (
    TEST,
    TRUNCATE_ORDER,
    EndpointTestMessage,
    EndpointUnderTest,
    Message,
    webhook_body,
)
from service.integrations.event_log.event_texts import add_texts
from service.integrations.event_log.wire import EventOut
from service.platform.events.event_types import EventType
from service.platform.events.read_log import read_events
from service.platform.outbound.webhook_signatures import ID, SIGNATURE, TIMESTAMP
from service.platform.sites.edit_site import find_site
from tests.builders import Action, ASite, Clock, Json, a_comment, a_thread, decide
from tests.contract.lint import contract, resolve, strictly, webhooks
from tests.integrations.articles.articles import send_event, share_webhook_secret
from tests.integrations.endpoints.a_receiver import a_receiver, an_answer
from tests.integrations.endpoints.deliveries import a_worker, an_endpoint
from tests.integrations.imports import exports
from tests.integrations.imports.test_import_archive import import_file
from tests.moderation.measures.test_reader_measures import a_ban

DOCUMENT = contract()
SENT = {name: operation for _, name, operation in webhooks(DOCUMENT) if name != "comment.screening"}  # no event

Cause = Callable[[ASite], Awaitable[object]]


async def update(site: ASite) -> None:
    thread = await a_thread(site)
    await site.call("PUT", thread.path, by="host", json={"title": "Another title", "url": "https://gazette.example/1"})


async def reopen(site: ASite) -> None:
    await (await a_thread(site, closed=True)).reopen()


async def import_one(site: ASite) -> None:
    await import_file(site, exports.an_export(exports.an_item(exports.a_comment())).read())


async def post(site: ASite, *, mode: str = "publish") -> Json:
    return await a_comment(await a_thread(site, mode=mode), "> Who?\n\n*Ada*, she said.", url="https://ada.example")


async def edit(site: ASite) -> None:
    posted = await post(site)
    path = f"/comments/{posted['comment']['id']}"
    await site.call("PATCH", path, by=posted["author_token"], json={"body": "Better said."})


async def decide_own(site: ASite, *actions: Action) -> None:
    comment = (await post(site))["comment"]
    for action in actions:
        [comment] = await decide(site, action, comment)


async def report(site: ASite) -> None:
    comment = (await post(site))["comment"]
    body = {"reason": "abuse", "note": "It is about my sister."}
    await site.call("POST", f"/comments/{comment['id']}/reports", json=body)


async def ban(site: ASite) -> Json:
    comment = (await post(site))["comment"]
    return await a_ban(site, kind="reader", comment=comment["id"], reason="Insults.", until="2999-12-01T00:00:00Z")


async def unban(site: ASite) -> None:
    await site.call("DELETE", f"/bans/{(await ban(site))['id']}", by="moderator")


async def disable(site: ASite) -> None:
    async with a_receiver(lambda _: an_answer(410)) as host, a_worker(site) as worker:
        await an_endpoint(site, f"{host.origin}/hooks")
        await a_thread(site)
        await worker.work()


async def send_events(site: ASite, *kinds: str, **data: Any) -> None:
    """Publish an article, then send events of ``kinds``."""
    await share_webhook_secret(site)
    await send_event(site, "published", title="A title")
    for kind in kinds:
        await send_event(site, kind, **data)


async def end_hours(site: ASite) -> None:
    await site.set(opening_hours="Mo 00:00-01:00")  # the pinned clock shows a Tuesday
    await site.sweep()


async def close_and_reopen(site: ASite) -> None:
    for call in ("/close", "/reopen"):
        assert (await site.call("POST", call, by="host")).is_success


CAUSES: dict[str, Cause] = {
    "thread.created": a_thread,
    "thread.updated": update,
    "thread.closed": lambda site: a_thread(site, closed=True),
    "thread.reopened": reopen,
    "thread.withdrawn": lambda site: send_events(site, "withdrawn"),
    "thread.restored": lambda site: send_events(site, "withdrawn", "restored"),
    "thread.moved": lambda site: send_events(site, "updated", article="b", previous_article="a"),
    "thread.imported": import_one,
    "thread.deleted": lambda site: send_events(site, "deleted"),
    "comment.published": post,
    "comment.held": lambda site: post(site, mode="hold"),
    "comment.edited": edit,
    "comment.rejected": lambda site: decide_own(site, "reject"),
    "comment.spam": lambda site: decide_own(site, "spam"),
    "comment.deleted": lambda site: decide_own(site, "delete"),
    "comment.restored": lambda site: decide_own(site, "delete", "restore"),
    "comment.featured": lambda site: decide_own(site, "feature"),
    "comment.unfeatured": lambda site: decide_own(site, "feature", "unfeature"),
    "report.filed": report,
    "reader.banned": ban,
    "reader.unbanned": unban,
    "endpoint.disabled": disable,
    "site.closed": lambda site: site.call("POST", "/close", by="host"),
    "site.reopened": close_and_reopen,
    "site.updated": end_hours,
}


def schema_of(sent: str) -> Json:
    schema: Json = SENT[sent]["requestBody"]["content"]["application/json"]["schema"]
    return schema


def misfits(body: bytes) -> list[str]:
    """The places where ``body`` does not match the contract."""
    message: Json = msgspec.json.decode(body)
    errors = strictly(DOCUMENT, schema_of(message["type"])).iter_errors(message)
    return [f"{error.json_path}: {error.message}" for error in errors]


async def newest(site: ASite) -> EventOut:
    """The newest event in the site's log, with its texts."""
    async with site.app.state.database.read() as connection:
        its_site = await find_site(connection, site.slug)
        events = await read_events(connection, its_site.id, after=0, limit=1000)
        return (await add_texts(connection, events))[-1]


@pytest.mark.parametrize("type_", CAUSES)
async def test_each_body_matches_the_contract(site: ASite, the_clock: Clock, type_: str) -> None:
    await CAUSES[type_](site)
    event = await newest(site)
    assert event.type == type_
    assert misfits(webhook_body(site.slug, event)) == []


async def test_a_truncated_body_matches_the_contract(site: ASite) -> None:
    await a_comment(await a_thread(site), "& " * 4_999)
    body = webhook_body(site.slug, await newest(site))
    assert msgspec.json.decode(body)["truncated"] == ["comment.html"]
    assert misfits(body) == []


def test_a_test_message_matches_the_contract(the_clock: Clock) -> None:
    for description in ("The newsroom's CMS", None):
        endpoint = EndpointUnderTest(UUID(int=1), "https://cms.example/hooks", description)
        assert misfits(payload.test_body("gazette", UUID(int=2), at=the_clock.now(), endpoint=endpoint)) == []


def test_each_type_is_tested_here() -> None:
    assert list(CAUSES) == list(EventType)


def test_each_type_has_its_entry_in_the_contract_in_order_and_the_contract_has_no_other() -> None:
    assert list(SENT) == [*EventType, TEST]
    schemas = [schema_of(type_)["$ref"] for type_ in SENT]
    assert len(set(schemas)) == len(schemas)


@pytest.mark.parametrize("type_", SENT)
def test_an_entry_is_for_one_type_and_has_an_example(type_: str) -> None:
    schema = resolve(DOCUMENT, schema_of(type_))
    assert schema["properties"]["type"] == {"const": type_}
    struct = EndpointTestMessage if type_ == TEST else Message
    assert list(schema["properties"]) == list(struct.__struct_fields__)
    optional = {field.name for field in msgspec.structs.fields(struct) if field.default is msgspec.UNSET}
    assert set(schema["required"]) == set(struct.__struct_fields__) - optional
    [example] = SENT[type_]["requestBody"]["content"]["application/json"]["examples"].values()
    assert resolve(DOCUMENT, example)["value"]["type"] == type_
    noun, _, participle = type_.partition(".")
    assert SENT[type_]["operationId"] == noun + participle.capitalize()


@pytest.mark.parametrize("type_", EventType)
def test_an_event_always_has_its_subject(type_: str) -> None:
    noun = type_.partition(".")[0]
    schema = resolve(DOCUMENT, schema_of(type_))
    of_a_thread = noun in {"thread", "comment", "report"}
    beside = {"thread": [], "comment": ["comment"], "report": ["comment", "report"]}
    required = (
        ["thread", *beside[noun]]
        if of_a_thread
        else [{"reader": "ban", "endpoint": "endpoint", "site": "site" if type_ == "site.updated" else "closure"}[noun]]
    )
    required += ["previous_article"] if type_ == "thread.moved" else []
    assert resolve(DOCUMENT, schema["properties"]["data"])["required"] == required
    assert schema["properties"]["sequence"]["type"] == ("integer" if of_a_thread else "null")


def test_the_contract_lists_the_texts_that_may_be_truncated() -> None:
    cut = resolve(DOCUMENT, schema_of("thread.created"))["properties"]["truncated"]
    assert cut["items"]["enum"] == [f"{noun}.{member}" for noun, member in TRUNCATE_ORDER]


def test_the_contract_has_the_headers_of_the_specification_and_410() -> None:
    for operation in SENT.values():
        assert set(operation["responses"]) == {"2XX", "410", "default"}
    for item in DOCUMENT["webhooks"].values():
        assert [resolve(DOCUMENT, each)["name"] for each in item["parameters"]] == [ID, TIMESTAMP, SIGNATURE]


def test_a_body_that_breaks_the_contract_is_found() -> None:
    [example] = SENT["thread.closed"]["requestBody"]["content"]["application/json"]["examples"].values()
    message: Json = resolve(DOCUMENT, example)["value"]
    thread = message["data"]["thread"]
    wrongs: list[Json] = [
        {"sequence": None},
        {"timestamp": "yesterday"},
        {"id": "1"},
        {"data": {}},
        {"data": {"thread": {**thread, "state": "shut"}}},
        {"data": {"thread": {**thread, "more": 1}}},
        {"truncated": []},
        {"truncated": ["thread.title"]},
    ]
    for wrong in wrongs:
        assert misfits(msgspec.json.encode({**message, **wrong})) != [], wrong
