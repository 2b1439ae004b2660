"""Webhook endpoints in the desk: made, changed, tested, resent and deleted by an admin without a script."""

import re
from typing import Any

import pytest

from service.desk.administration import endpoint_page
from service.integrations.endpoints import redeliver
from tests.builders import ASite, a_thread
from tests.desk.a_desk_client import ADesk, sign_in, text_of
from tests.desk.form_of_page import form_of
from tests.integrations.endpoints.a_receiver import OK, Received, a_receiver, an_answer
from tests.integrations.endpoints.deliveries import a_worker, an_endpoint, endpoint_of


async def log_of(site: ASite) -> list[tuple[str, str, str]]:
    listed = (await site.call("GET", "/decisions", by="moderator")).json()["decisions"]
    return [(each["action"], each["reason"], each["decided_by"]["name"]) for each in listed]


def secret_in(page: str) -> str:
    [secret] = re.findall(r"whsec_[A-Za-z0-9+/=]+", page.replace("&#43;", "+"))
    return str(secret)


async def filled(desk: ADesk, path: str, **changes: Any) -> list[tuple[str, str]]:
    return form_of((await desk.get(path)).text, path, **changes)


async def test_an_endpoint_is_made_and_its_secret_shown_once(site: ASite) -> None:
    desk = await sign_in(site, "Ada", role="admin")
    async with a_receiver() as host:
        fields = await filled(desk, "webhooks", url=host.origin, types=["comment.*", "site.closed"], held_text="on")
        made = await desk.send("webhooks", fields)
        assert made.status_code == 201
        secret = secret_in(made.text)
        [listed] = (await site.call("GET", "/endpoints", by="admin")).json()["endpoints"]
        assert (listed["types"], listed["held_text"]) == (["comment.*", "site.closed"], True)
        page = await desk.get(f"webhooks/{listed['id']}")
        assert secret not in page.text
        assert host.origin in text_of(await desk.get("webhooks"))
        assert await log_of(site) == [("add-endpoint", listed["id"], "Ada")]


async def test_an_endpoint_that_can_not_be_made_is_explained_at_its_field(site: ASite) -> None:
    desk = await sign_in(site, role="admin")
    for field, wrong in (
        ("url", "ftp://a.example/"),
        ("url", ""),
        ("types", ["comment.eaten"]),
        ("secret", "whsec_short"),
        ("description", "x" * 501),
    ):
        fields = await filled(desk, "webhooks", **{"url": "http://127.0.0.1:9/", "description": "Ours", field: wrong})
        refused = await desk.send("webhooks", fields)
        assert refused.status_code == 422, field
        assert f'id="{field}-error"' in refused.text, field
        assert 'value="Ours"' in refused.text or field == "description"
        assert "whsec_short" not in refused.text
    assert (await site.call("GET", "/endpoints", by="admin")).json()["endpoints"] == []


async def test_an_endpoint_is_changed_paused_and_deleted_and_the_log_says_so(site: ASite) -> None:
    desk = await sign_in(site, "Ada", role="admin")
    async with a_receiver() as host:
        endpoint, secret = await an_endpoint(site, host.origin)
        path = f"webhooks/{endpoint}"
        fields = await filled(desk, path, description="Ours", types=["thread.*"])
        await desk.follow(await desk.send(path, fields))
        await desk.follow(await desk.send(path, {"state": "paused"}))
        stored = await endpoint_of(site, endpoint)
        assert (stored["description"], stored["types"], stored["state"]) == ("Ours", ["thread.*"], "paused")
        rotated = await desk.send(f"{path}/rotate")
        assert secret_in(rotated.text) != secret
        wrong = await desk.send(path, {"url": "http://a b/", "description": "Typed"})
        assert wrong.status_code == 422
        assert 'value="Typed"' in wrong.text
        assert (await desk.send(path, {"state": "eaten"})).status_code == 422
        gone = await desk.follow(await desk.send(f"{path}/delete"))
        assert "The endpoint is deleted." in text_of(gone)
        for sent in (await desk.get(path), await desk.send(path, {}), await desk.send(f"{path}/delete")):
            assert sent.status_code == 404
    assert [each[:2] for each in await log_of(site) if each[2] == "Ada"] == [
        ("remove-endpoint", endpoint),
        ("change-endpoint", f"{endpoint}: secret"),
        ("change-endpoint", f"{endpoint}: state"),
        ("change-endpoint", f"{endpoint}: types, description"),
    ]


async def test_a_test_message_shows_the_receivers_answer(site: ASite) -> None:
    desk = await sign_in(site, role="admin")
    async with a_receiver(lambda _: an_answer(418, b"I am a <b>teapot</b>")) as host:
        endpoint, _ = await an_endpoint(site, host.origin)
        tested = await desk.send(f"webhooks/{endpoint}/test")
        assert "The receiver’s answer: 418" in text_of(tested)
        assert "I am a &lt;b&gt;teapot&lt;/b&gt;" in tested.text
        assert len(host.received) == 1


async def test_failed_deliveries_are_seen_and_resent(site: ASite) -> None:
    broken = [True]

    def answer(message: Received) -> bytes:
        return an_answer(500) if broken[0] and message.content["position"] != 2 else OK

    desk = await sign_in(site, role="admin")
    async with a_receiver(answer) as host, a_worker(site, schedule=[]) as worker:
        endpoint, _ = await an_endpoint(site, host.origin)
        for _ in range(4):
            await a_thread(site)
        await worker.until(lambda: len(host.received) == 4)
        await worker.work()
        path = f"webhooks/{endpoint}"
        failed = await desk.get(f"{path}?state=failed")
        assert re.findall(r"/deliveries/(\d+)", failed.text) == ["4", "3", "1"]
        attempts = text_of(await desk.get(f"{path}/deliveries/3"))
        assert "500" in attempts
        broken[0] = False
        for fields, count in (({"position": "3"}, 1), ({}, 2), ({}, 0)):
            before = len(host.received)
            page = await desk.follow(await desk.send(f"{path}/resend", fields))
            assert f"Resent: {count}" in text_of(page)
            await worker.until(lambda: len(host.received) == before + count)  # noqa: B023  # called at once
            await worker.work()
        assert "There are no deliveries." in text_of(await desk.get(f"{path}?state=failed"))
        assert "Delivered of latest attempts 4 / 7" in text_of(await desk.get(path))


async def test_more_failures_than_are_resent_at_once_are_counted_and_resent_by_another_form(
    site: ASite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redeliver, "MAX_REDELIVERIES", 2)
    monkeypatch.setattr(endpoint_page, "MAX_PARTS", 2)
    desk = await sign_in(site, role="admin")
    async with a_receiver(lambda _: an_answer(500)) as host, a_worker(site, schedule=[]) as worker:
        endpoint, _ = await an_endpoint(site, host.origin)
        for _ in range(7):
            await a_thread(site)
        await worker.until(lambda: len(host.received) == 7)
        await worker.work()
        path = f"webhooks/{endpoint}"
        page = await desk.follow(await desk.send(f"{path}/resend"))
        assert "Resent: 4 Failed deliveries that were not resent yet: 3." in text_of(page)
        await worker.until(lambda: len(host.received) == 11)
        await worker.work()
        rest = re.findall(r'name="first" value="(\d+)"', page.text)
        assert rest == ["5"]
        page = await desk.follow(await desk.send(f"{path}/resend", {"first": rest[0]}))
        assert "Resent: 3" in text_of(page) and "not resent yet" not in text_of(page)
        await worker.until(lambda: len(host.received) == 14)
        await worker.work()
        assert [each.content["position"] for each in host.received[11:]] == [5, 6, 7]


async def test_what_does_not_exist_is_not_found(site: ASite) -> None:
    desk = await sign_in(site, role="admin")
    async with a_receiver() as host:
        endpoint, _ = await an_endpoint(site, host.origin)
        for path in ("webhooks/x", f"webhooks/{endpoint}/deliveries/1", f"webhooks/{endpoint}/deliveries/x"):
            assert (await desk.get(path)).status_code == 404, path
        assert (await desk.send(f"webhooks/{endpoint}/resend", {"position": "x"})).status_code == 422
        assert (await desk.get(f"webhooks/{endpoint}?state=eaten")).status_code == 422
