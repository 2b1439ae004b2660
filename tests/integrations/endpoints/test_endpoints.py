"""Admins manage webhook endpoints, list deliveries and redeliver events."""

import json
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from service.integrations.endpoints import delivery_retention as retention
from service.integrations.endpoints.endpoint_clients import EndpointClients
from service.integrations.endpoints.model import EndpointRow
from service.platform.outbound.safe_client import Address, Targets
from service.platform.storage.engine import Database
from tests.builders import ASite, Clock, Json, a_comment, a_site, a_thread, events_of
from tests.integrations.endpoints.a_receiver import OK, Received, a_receiver, an_answer
from tests.integrations.endpoints.deliveries import (
    a_worker,
    an_endpoint,
    attempts_of,
    change,
    deliveries_of,
    endpoint_of,
)
from tests.platform.outbound.test_safe_client import resolve
from tests.samples import sample_cases


async def test_the_secret_is_shown_once_and_kept_sealed(site: ASite) -> None:
    async with a_receiver() as host, a_worker(site):
        endpoint, secret = await an_endpoint(site, host.origin)
        assert secret.startswith("whsec_") and len(secret) == 50
        listed = await site.call("GET", "/endpoints", by="admin")
        assert secret.removeprefix("whsec_") not in listed.text + json.dumps(await endpoint_of(site, endpoint))
        database: Database = site.app.state.database
        async with database.read() as connection:
            sealed = await connection.scalars(select(EndpointRow.secret))
            assert not any(secret.encode() in each for each in sealed)


async def test_a_secret_may_be_the_hosts_own(site: ASite) -> None:
    own = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    async with a_receiver() as host, a_worker(site):
        assert await an_endpoint(site, host.origin, secret=own) == (await _only(site), own)


async def _only(site: ASite) -> str:
    [endpoint] = (await site.call("GET", "/endpoints", by="admin")).json()["endpoints"]
    found: str = endpoint["id"]
    return found


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"url": "ftp://cms.example/"}, "/url"),
        ({"url": "https://user:pass@cms.example/"}, "/url"),
        ({"url": "https://192.0.2.1/", "types": ["comment.shouted"]}, "/types/0"),
        ({"url": "https://192.0.2.1/", "types": ["*", "comment"]}, "/types/1"),
        ({"url": "https://192.0.2.1/", "types": []}, "/types"),
        ({"url": "https://192.0.2.1/", "description": " "}, "/description"),
        ({"url": "https://192.0.2.1/", "secret": "whsec_" + "A" * 28}, "/secret"),
        ({"url": "https://192.0.2.1/", "secret": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "/secret"),
        ({"url": "https://192.0.2.1/", "secret": "whsec_" + "A" * 37}, "/secret"),
    ],
)
async def test_an_invalid_endpoint_is_refused_with_its_pointer(site: ASite, body: Json, pointer: str) -> None:
    refused = await site.call("POST", "/endpoints", by="admin", json=body)
    assert (refused.status_code, refused.json()["pointer"]) == (422, pointer), refused.text


async def test_an_endpoints_url_has_a_canonical_origin_and_its_own_path(site: ASite) -> None:
    async with a_worker(site):
        for url in ("HTTPS://192.0.2.1:443/%7eA//b/./c?d=%2f", "https://0xC0.0.0x201/%7eA//b/./c?d=%2f"):
            created = await site.call("POST", "/endpoints", by="admin", json={"url": url})
            assert created.json()["endpoint"]["url"] == "https://192.0.2.1/%7eA//b/./c?d=%2f"


async def test_an_endpoint_at_a_private_address_is_refused(site: ASite, monkeypatch: pytest.MonkeyPatch) -> None:
    webhooks: EndpointClients = site.app.state.endpoint_clients
    careful = EndpointClients(webhooks.secrets, Targets(allow_private=False, resolve=resolve))
    monkeypatch.setattr(site.app, "state", msgspec.structs.replace(site.app.state, endpoint_clients=careful))
    async with a_worker(site):
        for case in sample_cases("webhooks/target-urls.json"):
            answered = await site.call("POST", "/endpoints", by="admin", json={"url": case["url"]})
            assert answered.status_code == (201 if case["expect"].startswith("allow") else 422), case
        unknown = await site.call("POST", "/endpoints", by="admin", json={"url": "https://nowhere.example/"})
        assert (unknown.status_code, unknown.json()["detail"]) == (422, "Its host has no address.")


async def test_a_name_that_later_resolves_to_a_private_address_is_not_connected_to(
    site: ASite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its address is public at registration and private at the connection."""
    addresses = ["93.184.215.14"]

    async def rebind(_host: str, _port: int) -> Sequence[Address]:
        return [ip_address(addresses[0])]

    webhooks: EndpointClients = site.app.state.endpoint_clients
    careful = EndpointClients(webhooks.secrets, Targets(allow_private=False, resolve=rebind))
    monkeypatch.setattr(site.app, "state", msgspec.structs.replace(site.app.state, endpoint_clients=careful))
    async with a_receiver() as host, a_worker(site) as worker:
        port = host.origin.rpartition(":")[2]
        endpoint, _ = await an_endpoint(site, f"http://rebinding.example:{port}/")
        addresses[0] = "127.0.0.1"
        await a_thread(site)
        await worker.work()
        [attempt] = await attempts_of(site, endpoint, 1)
        assert (attempt["error"], host.received) == ("address-refused", [])
        test_result = await site.call("POST", f"/endpoints/{endpoint}/test", by="admin")
        assert test_result.json()["error"] == "address-refused"


async def test_endpoints_are_listed_page_by_page(site: ASite) -> None:
    async with a_receiver() as host, a_worker(site):
        made = [(await an_endpoint(site, f"{host.origin}/{number}"))[0] for number in range(5)]
        found, query = [], "?limit=2"
        while query:
            page = (await site.call("GET", f"/endpoints{query}", by="admin")).json()
            found += [each["id"] for each in page["endpoints"]]
            query = page["next"] and f"?limit=2&cursor={page['next']}"
        assert found == made


async def test_changes_of_url_and_types_apply_from_the_next_event_on(site: ASite) -> None:
    async with a_receiver() as host, a_worker(site) as worker:
        endpoint, _ = await an_endpoint(site, f"{host.origin}/before")
        await a_thread(site)
        await worker.work()
        await change(site, endpoint, url=f"{host.origin}/after", types=["comment.*"], description="Moved")
        await a_comment(await a_thread(site))
        await worker.work()
        assert [(each.path, each.content["type"]) for each in host.received] == [
            ("/before", "thread.created"),
            ("/after", "comment.published"),
        ]
        changed = await endpoint_of(site, endpoint)
        assert (changed["types"], changed["description"]) == (["comment.*"], "Moved")


async def test_deliveries_are_listed_page_by_page_and_by_state(site: ASite, the_clock: Clock) -> None:
    answers = {1: OK, 2: an_answer(500), 3: OK}

    def answer(message: Received) -> bytes:
        return answers[message.content["position"]]

    async with a_receiver(answer) as host, a_worker(site, schedule=[]) as worker:
        endpoint, _ = await an_endpoint(site, host.origin)
        for _ in range(3):
            await a_thread(site)
        await worker.work()
        states = [(each["position"], each["state"]) for each in await deliveries_of(site, endpoint)]
        assert states == [(1, "delivered"), (2, "failed"), (3, "delivered")]
        assert [each["position"] for each in await deliveries_of(site, endpoint, state="failed")] == [2]
        first = (await site.call("GET", f"/endpoints/{endpoint}/deliveries?limit=2", by="admin")).json()
        rest = await site.call("GET", f"/endpoints/{endpoint}/deliveries?limit=2&cursor={first['next']}", by="admin")
        assert [each["position"] for each in first["deliveries"] + rest.json()["deliveries"]] == [3, 2, 1]
        assert rest.json()["next"] is None


async def test_failed_deliveries_are_redelivered_with_the_same_id(site: ASite, the_clock: Clock) -> None:
    broken = [True]

    def answer(message: Received) -> bytes:
        return an_answer(500) if broken[0] and message.content["position"] != 2 else OK

    async with a_receiver(answer) as host, a_worker(site, schedule=[]) as worker:
        endpoint, _ = await an_endpoint(site, host.origin)
        for _ in range(4):
            await a_thread(site)
        await worker.until(lambda: len(host.received) == 4)
        await worker.work()
        broken[0] = False
        the_clock.move(hours=1)
        since = the_clock.instant
        for failed_since, count in ((since, 0), (since - timedelta(hours=2), 3)):
            body = {"failed_since": failed_since.isoformat()}
            again = await site.call("POST", f"/endpoints/{endpoint}/redeliver", by="admin", json=body)
            assert (again.status_code, again.json()) == (202, {"redelivered": count, "next": None})
        before = len(host.received)
        await worker.until(lambda: len(host.received) == before + 3)
        await worker.work()
        ids = {event["position"]: event["id"] for event in await events_of(site)}
        sent = {(each.content["position"], each.headers["webhook-id"]) for each in host.received[before:]}
        assert sent == {(position, ids[position]) for position in (1, 3, 4)}
        assert {each["state"] for each in await deliveries_of(site, endpoint)} == {"delivered"}


async def test_a_redelivered_range_includes_events_that_were_never_sent(site: ASite) -> None:
    async with a_receiver() as host, a_worker(site) as worker:
        for _ in range(3):
            await a_thread(site)
        endpoint, _ = await an_endpoint(site, host.origin)
        await a_thread(site)
        await worker.work()
        assert [each["position"] for each in host.contents] == [4]
        body = {"first": 2, "last": 4}
        again = await site.call("POST", f"/endpoints/{endpoint}/redeliver", by="admin", json=body)
        assert again.json() == {"redelivered": 3, "next": None}
        await worker.work()
        assert sorted(each["position"] for each in host.contents) == [2, 3, 4, 4]
        attempts = await attempts_of(site, endpoint, 4)
        assert len(attempts) == 2


async def test_redelivery_needs_a_position_or_a_time(site: ASite) -> None:
    async with a_receiver() as host, a_worker(site):
        endpoint, _ = await an_endpoint(site, host.origin)
        refused = await site.call("POST", f"/endpoints/{endpoint}/redeliver", by="admin", json={"last": 4})
        assert (refused.status_code, refused.json()["pointer"]) == (422, "/first")


async def test_deliveries_are_pruned_after_the_sites_retention(own_site: ASite, the_clock: Clock) -> None:
    await own_site.set(delivery_retention_days=2)
    async with a_receiver() as host, a_worker(own_site) as worker:
        endpoint, _ = await an_endpoint(own_site, host.origin)
        await a_thread(own_site)
        await worker.work()
        the_clock.move(days=1.5)
        await a_thread(own_site)
        await worker.work()
        await own_site.sweep()
        assert len(await deliveries_of(own_site, endpoint)) == 2
        the_clock.move(days=1)
        await own_site.sweep()
        assert [each["position"] for each in await deliveries_of(own_site, endpoint)] == [2]


async def test_a_redelivery_during_pruning_is_sent(
    own_site: ASite, the_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, read_old = [an_answer(500), OK], retention._old
    async with a_receiver(lambda _: answers.pop(0)) as host, a_worker(own_site, schedule=[]) as worker:
        endpoint, _ = await an_endpoint(own_site, host.origin)
        await a_thread(own_site)
        await worker.work()
        the_clock.move(days=31)
        redelivered: list[int] = []

        async def redeliver_meanwhile(*given: Any) -> list[int]:
            old = await read_old(*given)
            if old and not redelivered:
                again = await own_site.call("POST", f"/endpoints/{endpoint}/redeliver", by="admin", json={"first": 1})
                redelivered.append(again.json()["redelivered"])
            return old

        monkeypatch.setattr(retention, "_old", redeliver_meanwhile)
        await own_site.sweep()
        await worker.work()
        assert redelivered == [1]
        assert [each["position"] for each in host.contents] == [1, 1]


async def test_no_site_can_access_the_endpoints_of_another(site: ASite) -> None:
    async with a_receiver() as host, a_worker(site), a_site(site.app) as other:
        endpoint, _ = await an_endpoint(site, host.origin)
        for method, path, body in (
            ("GET", "", None),
            ("PATCH", "", {"state": "paused"}),
            ("DELETE", "", None),
            ("POST", "/rotate", {}),
            ("POST", "/test", None),
            ("POST", "/redeliver", {"first": 1}),
            ("GET", "/deliveries", None),
            ("GET", "/deliveries/1", None),
        ):
            answered = await other.call(method, f"/endpoints/{endpoint}{path}", by="admin", json=body)
            assert answered.status_code == 404, path
        assert (await endpoint_of(site, endpoint))["state"] == "active"


async def test_every_change_of_an_endpoint_is_in_the_decision_log_without_its_url(site: ASite) -> None:
    made = (await site.call("POST", "/endpoints", by="admin", json={"url": "http://127.0.0.1:9/token"})).json()
    path = f"/endpoints/{(endpoint := made['endpoint']['id'])}"
    await site.call("PATCH", path, by="admin", json={"state": "paused", "description": "Ours"})
    await site.call("PATCH", path, by="admin", json={})
    await site.call("POST", f"{path}/rotate", by="admin")
    await site.call("DELETE", path, by="admin")
    await site.call("DELETE", path, by="admin")
    decisions = (await site.call("GET", "/decisions", by="moderator")).json()["decisions"]
    assert [(each["action"], each["reason"], each["decided_by"]["kind"]) for each in decisions] == [
        ("remove-endpoint", endpoint, "key"),
        ("change-endpoint", f"{endpoint}: secret", "key"),
        ("change-endpoint", f"{endpoint}: description, state", "key"),
        ("add-endpoint", endpoint, "key"),
    ]
