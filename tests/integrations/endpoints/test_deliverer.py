"""Events arrive at endpoints, signed and at least once."""

import asyncio
import json
from functools import partial
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import update
from standardwebhooks import Webhook

from service.integrations.endpoints import endpoint_concurrency
from service.integrations.endpoints import send_attempt as sending
from service.integrations.endpoints.endpoint_secrets import EndpointSecrets
from service.integrations.endpoints.model import EndpointRow
from service.platform.outbound.webhook_signatures import SignatureMismatch, Signer, make_secret
from tests.builders import ASite, Clock, a_comment, a_thread, events_of
from tests.integrations.endpoints.a_receiver import OK, AReceiver, Received, a_receiver, an_answer
from tests.integrations.endpoints.deliveries import (
    a_worker,
    an_endpoint,
    attempts_of,
    change,
    deliveries_of,
    endpoint_of,
)


@pytest.fixture
def site(own_site: ASite) -> ASite:
    """A site in a database of its own, because sweeps and deliverers go through all sites."""
    return own_site


async def test_every_event_arrives_signed_and_as_in_the_log(site: ASite) -> None:
    async with a_receiver() as host, a_worker(site) as worker:
        endpoint, secret = await an_endpoint(site, f"{host.origin}/hook")
        thread = await a_thread(site)
        await a_comment(thread, "Мир 👋")
        await thread.close()
        await worker.work()
        log = await events_of(site)
        assert [each.path for each in host.received] == ["/hook"] * 3
        for event, message in zip(log, host.received, strict=True):
            content = Webhook(secret).verify(message.body, message.headers)
            assert message.headers["webhook-id"] == event["id"]
            assert message.headers["content-type"] == "application/json"
            assert {name: content[name] for name in event} == event
            assert (content["timestamp"], content["site"]) == (event["occurred_at"], site.slug)
        assert [each["state"] for each in await deliveries_of(site, endpoint)] == ["delivered"] * 3
        [attempt] = await attempts_of(site, endpoint, 1)
        assert (attempt["status"], attempt["error"], attempt["response"]) == (204, None, None)
        health = (await endpoint_of(site, endpoint))["health"]
        assert (health["lag"], health["waiting"], health["failed"], health["failing_since"]) == (0, 0, 0, None)
        assert (health["recent"]["attempts"], health["recent"]["delivered"]) == (3, 3)


async def test_an_endpoint_may_get_the_headers_of_svix_too(site: ASite) -> None:
    async with a_receiver() as host, a_worker(site) as worker:
        endpoint, secret = await an_endpoint(site, f"{host.origin}/hook", svix_headers=True)
        assert (await endpoint_of(site, endpoint))["svix_headers"] is True
        await a_thread(site)
        await worker.work()
        await site.call("POST", f"/endpoints/{endpoint}/test", by="admin")
        await change(site, endpoint, svix_headers=False)
        await a_thread(site)
        await worker.work()
        *with_svix, without = host.received
        assert len(with_svix) == 2
        for message in with_svix:
            for name in ("id", "timestamp", "signature"):
                assert message.headers[f"svix-{name}"] == message.headers[f"webhook-{name}"]
            Webhook(secret).verify(message.body, message.headers)
        assert not [name for name in without.headers if name.startswith("svix-")]


async def test_each_attempt_is_counted_by_its_result(site: ASite) -> None:
    def counted() -> list[float]:
        name, results = "onereply_webhook_attempts_total", ("delivered", "failed")
        return [REGISTRY.get_sample_value(name, {"result": result}) or 0 for result in results]

    async with a_receiver() as host, a_worker(site, schedule=[]) as worker:
        before = counted()
        await an_endpoint(site, f"{host.origin}/hook")
        await an_endpoint(site, "http://127.0.0.1:9/", types=["thread.closed"])
        thread = await a_thread(site)
        await thread.close()
        await worker.work()
        assert [after - each for after, each in zip(counted(), before, strict=True)] == [2, 1]


async def test_an_endpoint_gets_subscribed_events_from_its_creation_on(site: ASite) -> None:
    async with a_receiver() as host, a_worker(site) as worker:
        thread = await a_thread(site)
        await an_endpoint(site, f"{host.origin}/comments", types=["comment.*"])
        await an_endpoint(site, f"{host.origin}/closes", types=["thread.closed", "comment.rejected"])
        await a_comment(thread)
        await thread.close()
        await worker.work()
        content = {each.path: each.content["type"] for each in host.received}
        assert (len(host.received), content) == (2, {"/comments": "comment.published", "/closes": "thread.closed"})


async def test_many_events_without_a_subscriber_are_skipped(site: ASite) -> None:
    async with a_receiver() as host, a_worker(site) as worker:
        endpoint, _ = await an_endpoint(site, host.origin, types=["thread.closed"])
        for _ in range(130):
            thread = await a_thread(site)
        await thread.close()
        await worker.work()
        assert [each["type"] for each in host.contents] == ["thread.closed"]
        assert (await endpoint_of(site, endpoint))["health"]["lag"] == 0


FAILURES = [
    pytest.param(an_answer(500, b"Oops"), (500, None), id="server error"),
    pytest.param(an_answer(404), (404, None), id="not found"),
    pytest.param(an_answer(304), (304, None), id="not modified"),
    pytest.param(an_answer(302, location="http://127.0.0.1:1/"), (302, None), id="redirect"),
    pytest.param(None, (None, "no-response"), id="connection ends"),
    pytest.param(b"NOT HTTP\r\n\r\n", (None, "no-response"), id="no HTTP"),
    pytest.param("hang", (None, "timed-out"), id="hangs"),
    pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort", (None, "timed-out"), id="never ends"),
]


@pytest.mark.parametrize(("answer", "known"), FAILURES)
async def test_an_attempt_without_2xx_is_retried(
    site: ASite, the_clock: Clock, monkeypatch: pytest.MonkeyPatch, answer: object, known: tuple[object, ...]
) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_SECONDS", 0.2)
    answers = [answer, OK]
    async with a_receiver(lambda _: answers.pop(0)) as host, a_worker(site) as worker:
        endpoint, _ = await an_endpoint(site, host.origin)
        await a_thread(site)
        await worker.work()
        [first] = await attempts_of(site, endpoint, 1)
        assert (first["status"], first["error"]) == known
        [waiting] = await deliveries_of(site, endpoint, state="waiting")
        assert waiting["attempts"] == 1
        health = (await endpoint_of(site, endpoint))["health"]
        assert health["failing_since"] and health["waiting"] == 1
        the_clock.move(seconds=4.9)
        await worker.work()
        assert len(host.received) == 1
        the_clock.move(seconds=1.3)
        await worker.work()
        before, again = (each.headers for each in host.received)
        assert before["webhook-id"] == again["webhook-id"]
        assert int(again["webhook-timestamp"]) - int(before["webhook-timestamp"]) == 6
        assert [each["state"] for each in await deliveries_of(site, endpoint)] == ["delivered"]
        assert (await endpoint_of(site, endpoint))["health"]["failing_since"] is None


async def test_an_unreachable_endpoint_is_a_failure(site: ASite) -> None:
    async with a_receiver() as host, a_worker(site) as worker:
        origin = host.origin
    async with a_worker(site) as worker:
        endpoint, _ = await an_endpoint(site, origin)
        await a_thread(site)
        await worker.work()
        [attempt] = await attempts_of(site, endpoint, 1)
        assert (attempt["status"], attempt["error"]) == (None, "unreachable")


async def test_attempts_follow_the_schedule_until_the_last_has_failed(
    site: ASite, the_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_concurrency, "BACKOFF_SECONDS", 0.0)  # which the clock of the test does not move
    async with a_receiver(lambda _: an_answer(500)) as host, a_worker(site) as worker:
        endpoint, _ = await an_endpoint(site, host.origin)
        await a_thread(site)
        await worker.work()
        waits = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
        for number, seconds in enumerate(waits, start=1):
            the_clock.move(seconds=seconds - 1)
            await worker.work()
            assert len(host.received) == number
            the_clock.move(seconds=seconds * 0.2 + 2)
            await worker.until(partial(_has_come, host, number + 1))
            await worker.work()
        [failed] = await deliveries_of(site, endpoint, state="failed")
        assert (failed["attempts"], failed["next_attempt_at"]) == (10, None)
        the_clock.move(days=30)
        await worker.work()
        assert len(host.received) == 10


def _has_come(host: AReceiver, count: int) -> bool:
    return len(host.received) == count


async def test_no_response_to_an_event_is_stored(site: ASite) -> None:
    async with a_receiver(lambda message: an_answer(200, message.body)) as host, a_worker(site) as worker:
        endpoint, _ = await an_endpoint(site, host.origin)
        await a_thread(site)
        await worker.work()
        [attempt] = await attempts_of(site, endpoint, 1)
        assert (attempt["status"], attempt["response"]) == (200, None)


async def test_a_test_message_returns_the_first_kilobyte_of_the_response(site: ASite) -> None:
    async with a_receiver(lambda _: an_answer(200, "é".encode() * 40_000)) as host, a_worker(site):
        endpoint, _ = await an_endpoint(site, host.origin)
        attempt = (await site.call("POST", f"/endpoints/{endpoint}/test", by="admin")).json()
        assert (attempt["status"], attempt["response"]) == (200, "é" * 512)


async def test_a_cookie_that_a_host_sets_is_not_sent_back(site: ASite) -> None:
    async with a_receiver(lambda _: an_answer(200, set_cookie="a=b; Path=/")) as host, a_worker(site) as worker:
        await an_endpoint(site, host.origin)
        for _ in range(2):
            await a_thread(site)
            await worker.work()
        assert [each.headers.get("cookie") for each in host.received] == [None, None]


async def test_an_endpoint_that_hangs_delays_no_other(site: ASite) -> None:
    def answer(message: Received) -> object:
        return "hang" if message.path == "/slow" else OK

    async with a_receiver(answer) as host, a_worker(site) as worker:
        await an_endpoint(site, f"{host.origin}/slow")
        await an_endpoint(site, f"{host.origin}/quick")
        for _ in range(40):
            await a_thread(site)
        await worker.until(lambda: len([each for each in host.received if each.path == "/quick"]) == 40)
        assert len([each for each in host.received if each.path == "/slow"]) <= 4
        host.released.set()


async def test_410_disables_an_endpoint_and_the_others_get_an_event(site: ASite) -> None:
    gone = [an_answer(410)]
    async with (
        a_receiver(lambda message: gone[0] if message.path.startswith("/gone") else OK) as host,
        a_worker(site) as worker,
    ):
        endpoint, _ = await an_endpoint(site, f"{host.origin}/gone?token=mine", types=["thread.*"])
        await an_endpoint(site, f"{host.origin}/other", types=["endpoint.disabled"])
        await a_thread(site)
        await worker.work()
        await worker.work()
        disabled = await endpoint_of(site, endpoint)
        assert (disabled["state"], disabled["disabled_reason"]) == ("disabled", "gone")
        content = [each.content for each in host.received if each.path == "/other"]
        assert [(each["type"], each["sequence"]) for each in content] == [("endpoint.disabled", None)]
        assert content[0]["data"]["endpoint"] == {
            "id": endpoint,
            "url": f"{host.origin}/gone",
            "reason": "gone",
            "disabled_at": disabled["disabled_at"],
        }
        await a_thread(site)
        await worker.work()
        assert len([each for each in host.received if each.path.startswith("/gone")]) == 1
        gone[0] = OK
        await change(site, endpoint, state="active")
        redelivered = await site.call("POST", f"/endpoints/{endpoint}/redeliver", by="admin", json={"first": 1})
        assert redelivered.status_code == 202
        await worker.work()
        assert [each.content["type"] for each in host.received if each.path.startswith("/gone")] == [
            "thread.created"
        ] * 3


async def test_an_endpoint_that_fails_for_five_days_is_disabled(site: ASite, the_clock: Clock) -> None:
    async with a_receiver(lambda _: an_answer(500)) as host, a_worker(site) as worker:
        endpoint, _ = await an_endpoint(site, host.origin)
        await a_thread(site)
        await worker.work()
        the_clock.move(days=4.9)
        await a_thread(site)
        await worker.until(lambda: len(host.received) >= 3)
        await worker.work()
        assert (await endpoint_of(site, endpoint))["state"] == "active"
        the_clock.move(days=0.2)
        await a_thread(site)
        await worker.until(lambda: len(host.received) >= 4)
        await worker.work()
        disabled = await endpoint_of(site, endpoint)
        assert (disabled["state"], disabled["disabled_reason"]) == ("disabled", "failing")


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("asked", ["seconds", "date"])
async def test_retry_after_delays_all_deliveries_to_the_endpoint(
    site: ASite, the_clock: Clock, status: int, asked: str
) -> None:
    after = "120" if asked == "seconds" else "Tue, 24 Nov 2026 12:02:00 GMT"
    answers = [an_answer(status, retry_after=after), OK, OK]
    async with a_receiver(lambda _: answers.pop(0)) as host, a_worker(site) as worker:
        await an_endpoint(site, host.origin)
        await a_thread(site)
        await worker.work()
        await a_thread(site)
        the_clock.move(seconds=119)
        await worker.work()
        assert len(host.received) == 1
        the_clock.move(seconds=2)
        await worker.until(lambda: len(host.received) == 3)
        await worker.work()
        assert {each.headers["webhook-id"] for each in host.received[1:]} == {
            event["id"] for event in await events_of(site)
        }


async def test_events_during_a_pause_are_delivered_after_it(site: ASite) -> None:
    async with a_receiver() as host, a_worker(site) as worker:
        endpoint, _ = await an_endpoint(site, host.origin)
        await change(site, endpoint, state="paused")
        for _ in range(3):
            await a_thread(site)
        await worker.work()
        assert (host.received, (await endpoint_of(site, endpoint))["health"]["lag"]) == ([], 3)
        await change(site, endpoint, state="active")
        await worker.work()
        assert [each["position"] for each in host.contents] == [1, 2, 3]


async def test_during_a_rotation_both_secrets_sign(site: ASite, the_clock: Clock) -> None:
    async with a_receiver() as host, a_worker(site) as worker:
        endpoint, old = await an_endpoint(site, host.origin)
        await a_thread(site)
        await worker.work()
        rotated = await site.call("POST", f"/endpoints/{endpoint}/rotate", by="admin", json={"overlap_seconds": 600})
        new = rotated.json()["secret"]
        assert new != old and new not in json.dumps(await endpoint_of(site, endpoint))
        await a_thread(site)
        await worker.work()
        the_clock.move(seconds=601)
        await a_thread(site)
        await worker.work()
        signatures = [each.headers["webhook-signature"].split() for each in host.received]
        assert [len(each) for each in signatures] == [1, 2, 1]
        for message, secrets in zip(host.received, [{old}, {old, new}, {new}], strict=True):
            given = set(message.headers["webhook-signature"].split())
            at = the_clock.instant.fromtimestamp(int(message.headers["webhook-timestamp"]), tz=the_clock.instant.tzinfo)
            wanted = {Webhook(each).sign(message.headers["webhook-id"], at, message.body.decode()) for each in secrets}
            assert given == wanted


async def test_after_two_rotations_every_secret_in_its_overlap_signs(site: ASite, the_clock: Clock) -> None:
    async with a_receiver() as host, a_worker(site) as worker:
        endpoint, secret = await an_endpoint(site, host.origin)
        secrets = [secret]
        for overlap in (600, 60, 0):
            rotated = await site.call(
                "POST", f"/endpoints/{endpoint}/rotate", by="admin", json={"overlap_seconds": overlap}
            )
            secrets.append(rotated.json()["secret"])
            await a_thread(site)
            await worker.work()
        for message, good in zip(host.received, ([0, 1], [0, 1, 2], [3]), strict=True):
            assert [number for number, each in enumerate(secrets) if _verifies(each, message, the_clock)] == good


def _verifies(secret: str, message: Received, the_clock: Clock) -> bool:
    try:
        Signer(secret).verify(message.headers, message.body, now=the_clock.now())
    except SignatureMismatch:
        return False
    return True


async def test_a_secret_sealed_with_another_key_can_be_rotated(site: ASite) -> None:
    async with a_receiver() as host, a_worker(site) as worker:
        endpoint, _ = await an_endpoint(site, host.origin)
        async with site.app.state.database.write() as connection:
            lost = EndpointSecrets("another secret key of the installation").seal(UUID(endpoint), make_secret())
            await connection.execute(update(EndpointRow).where(EndpointRow.id == UUID(endpoint)).values(secret=lost))
        test_result = await site.call("POST", f"/endpoints/{endpoint}/test", by="admin")
        assert (test_result.status_code, "rotate it" in test_result.json()["detail"]) == (422, True)
        await a_thread(site)
        await worker.work()
        assert host.received == []
        rotated = await site.call("POST", f"/endpoints/{endpoint}/rotate", by="admin")
        await worker.work()
        [message] = host.received
        Webhook(rotated.json()["secret"]).verify(message.body, message.headers)


async def test_a_test_message_is_signed_and_changes_nothing(site: ASite) -> None:
    async with a_receiver(lambda _: an_answer(418, b"Tea")) as host, a_worker(site):
        endpoint, secret = await an_endpoint(site, host.origin, description="The CMS")
        await change(site, endpoint, state="paused")
        content = await site.call("POST", f"/endpoints/{endpoint}/test", by="admin")
        assert content.status_code == 200
        assert (content.json()["status"], content.json()["response"]) == (418, "Tea")
        [message] = host.received
        content = Webhook(secret).verify(message.body, message.headers)
        assert (content["type"], content["data"]["endpoint"]["id"]) == ("endpoint.test", endpoint)
        assert await deliveries_of(site, endpoint) == []
        assert (await endpoint_of(site, endpoint))["health"]["recent"]["attempts"] == 0
        assert await events_of(site) == []


async def test_nothing_is_sent_to_an_endpoint_that_was_removed(site: ASite) -> None:
    async with a_receiver() as host, a_worker(site) as worker:
        endpoint, _ = await an_endpoint(site, host.origin)
        await a_thread(site)
        assert (await site.call("DELETE", f"/endpoints/{endpoint}", by="admin")).status_code == 204
        await worker.work()
        assert host.received == []
        assert (await site.call("GET", f"/endpoints/{endpoint}", by="admin")).status_code == 404
        await site.sweep()
        assert (await site.call("GET", "/endpoints", by="admin")).json()["endpoints"] == []


async def test_removing_an_endpoint_during_an_attempt_stops_no_other(site: ASite) -> None:
    async with (
        a_receiver(lambda message: "hang" if message.path == "/slow" else OK) as host,
        a_worker(site) as worker,
    ):
        endpoint, _ = await an_endpoint(site, f"{host.origin}/slow")
        await a_thread(site)
        await worker.until(lambda: len(host.received) == 1)
        assert (await site.call("DELETE", f"/endpoints/{endpoint}", by="admin")).status_code == 204
        await site.sweep()
        host.released.set()
        await worker.settle()
        await asyncio.sleep(0)
        await an_endpoint(site, f"{host.origin}/other")
        await a_thread(site)
        await worker.work()
        assert [each.path for each in host.received] == ["/slow", "/other"]
