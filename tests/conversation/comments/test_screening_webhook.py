"""A site's screening webhook is asked before a post is stored; its answer, or the lack of one, decides as stated."""

import asyncio
import json
import runpy
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog

from service.app import App
from service.conversation.comments.remote_checks import RemoteChecks
from service.conversation.comments.screening_webhook import ScreeningRequest, ScreeningWebhook
from service.platform import clock
from service.platform.outbound.safe_client import Targets
from service.platform.outbound.webhook_signatures import Signer, make_secret
from service.platform.sites.edit_site import find_site
from service.platform.sites.site_secrets import set_secret
from service.reading.docs.guides import FOLDER
from tests.browser.app_server import serving
from tests.builders import ASite, AThread, Clock, Json, a_comment, a_site, a_thread, decide, found_in, set_rules
from tests.conftest import SECRET_KEY
from tests.contract.lint import contract, resolve, strictly
from tests.integrations.endpoints.a_receiver import AReceiver, Received, a_receiver, an_answer
from tests.promises.test_query_counts import watched
from tests.reading.docs.documents import blocks_of

EXAMPLE = Path(__file__).parents[2] / "host" / "screening" / "receiver.py"
SECRET = make_secret()
LONG = 20.0  # seconds; no test waits this long


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


def finds(*findings: Json) -> Any:
    """An answer with ``findings``."""
    return lambda _received: an_answer(200, json.dumps({"findings": findings}).encode())


async def use_webhook(site: ASite, url: str, *, settings: Json | None = None, **rules: Any) -> None:
    """Let the site ask the webhook at ``url``."""
    async with site.app.state.database.write() as connection:
        found = await find_site(connection, site.slug)
        await set_secret(connection, found, "screening-webhook", SECRET, secret_key=SECRET_KEY)
    changed = {"screening_webhook_url": url, **(settings or {})}
    response = await site.call("PATCH", "/settings", by="admin", json=changed)
    assert response.status_code == 200, response.text
    await set_rules(site, **{"screening_webhook": True, **rules})


@asynccontextmanager
async def timeout_of(app: App, seconds: float, *, allow_private: bool = True) -> AsyncIterator[None]:
    """Make ``app`` wait this long for webhooks."""
    state = app.state
    find_secret = partial(state.secrets.find, name="screening-webhook")
    targets = Targets(allow_private=allow_private)
    webhook = ScreeningWebhook(state.database, targets, find_secret=find_secret, seconds=seconds)
    checks = RemoteChecks(state.database, state.remote_checks.akismet, webhook)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "state", msgspec.structs.replace(state, remote_checks=checks))
        yield
    await webhook.close()


@pytest.fixture
async def receiver(app: App) -> AsyncIterator[AReceiver]:
    """A webhook that finds nothing unless a test says so; the app waits long for it."""
    async with a_receiver(finds()) as receiver, timeout_of(app, LONG):
        yield receiver


async def findings_of(site: ASite, comment: Json, **headers: str) -> list[Json]:
    seen = await site.call("GET", f"/comments/{comment['id']}", by="moderator", headers=headers)
    found: list[Json] = seen.json()["comment"]["findings"]
    return found


async def test_the_draft_is_sent_signed_and_without_address_or_email(site: ASite, receiver: AReceiver) -> None:
    await use_webhook(site, f"{receiver.origin}/screen")
    thread = await a_thread(site, url="https://gazette.example/moscow")
    first = await a_comment(thread, "Well said.")
    token = first["author_token"]
    await site.call(
        "POST",
        f"{thread.path}/comments",
        by=token,
        json={
            "body": "See [this](https://a.example/?b=1&c=2) *now*",
            "author": {"name": "Zoë", "email": "zoe@example.org", "url": "https://zoe.example/"},
            "parent_id": first["comment"]["id"],
        },
        headers={"User-Agent": "Browser/1.0", "Referer": "https://gazette.example/moscow"},
    )
    request = receiver.received[1]
    assert Signer(SECRET).verify(request.headers, request.body, now=clock.now()) == request.content["id"]
    [schema] = [item["post"] for name, item in contract()["webhooks"].items() if name == "comment.screening"]
    body_schema = schema["requestBody"]["content"]["application/json"]["schema"]
    assert [*strictly(contract(), resolve(contract(), body_schema)).iter_errors(request.content)] == []
    data = request.content["data"]
    assert data["article"] == {
        "id": thread.article,
        "title": thread.registered["title"],
        "url": "https://gazette.example/moscow",
        "section": None,
    }
    assert data["comment"]["links"] == ["https://a.example/?b=1&c=2"]
    assert data["comment"]["parent_id"] == first["comment"]["id"]
    author = data["author"]
    assert author["id"] is not None
    assert (author["name"], author["role"]) == ("Zoë", "guest")
    assert author["record"] == {"published": 1, "pending": 0, "rejected": 0, "spam": 0, "deleted": 0}
    assert receiver.contents[0]["data"]["author"]["id"] is None
    everything = (
        b"".join(each.body for each in receiver.received) + repr([each.headers for each in receiver.received]).encode()
    )
    for private in (b"zoe@example.org", b"127.0.0.1/", b"Browser/1.0"):
        assert private not in everything
    assert "cookie" not in request.headers and "referer" not in request.headers
    await use_webhook(site, f"{receiver.origin}/screen", settings={"screening_webhook_email": True})
    await thread.post("Once more.", email="zoe@example.org")
    assert receiver.contents[2]["data"]["author"]["email"] == "zoe@example.org"
    assert msgspec.json.decode(receiver.received[2].body, type=ScreeningRequest).site == site.slug


async def test_each_action_has_its_effect_and_moderators_see_all_findings(site: ASite, receiver: AReceiver) -> None:
    await use_webhook(site, receiver.origin)
    thread = await a_thread(site)
    messages = {"en": "Too long.", "de": "Zu lang.", "pt-BR": "Muito longo."}
    note = {"action": "publish", "code": "seen", "score": 0.25, "more": 1}
    for action, status, state in (("publish", 201, "published"), ("hold", 202, "pending"), ("spam", 202, "spam")):
        receiver.answer = finds(note, {"action": action, "code": "long.text", "message": messages})
        posted = await thread.post(f"To {action}")
        assert posted.status_code == status
        comment = posted.json()["comment"]
        found = await findings_of(site, comment, **{"Accept-Language": "de"})
        assert [(each["rule"], each["action"], each["matched"], each["score"]) for each in found] == [
            ("screening_webhook", "publish", "seen", 0.25),
            ("screening_webhook", action, "long.text", None),
        ]
        assert found[1]["message"] == "Zu lang."
        listed = await site.call("GET", "/queue?state=any&rule=screening_webhook&order=newest", by="moderator")
        assert listed.json()["comments"][0]["comment"]["id"] == comment["id"]
        assert listed.json()["comments"][0]["comment"]["state"] == state
    receiver.answer = finds(note, {"action": "reject", "code": "long.text", "message": messages})
    expected = {"de": "Zu lang.", "pt": "Muito longo.", "pt-BR": "Muito longo.", "ja": "Too long."}
    for language, detail in expected.items():
        body: Json = {"body": "To reject", "author": {"name": "Ada"}}
        headers = {"Accept-Language": language}
        refused = await site.call("POST", f"{thread.path}/comments", json=body, headers=headers)
        problem = refused.json()
        assert (refused.status_code, problem["rule"]) == (422, "screening_webhook")
        assert (problem["detail"], problem["draft"]["body"]) == (detail, "To reject")
    receiver.answer = finds({"action": "reject", "code": "silent"})
    assert (await thread.post("Silently")).json()["detail"] == "It did not pass this site's check."
    receiver.answer = finds({"action": "spam", "code": "silent"})
    assert (await thread.post("Spam")).json()["comment"]["status_reasons"] == [
        "A moderator looks at it before it appears."
    ]


async def test_the_author_reads_the_message_only_if_the_site_explains(site: ASite, receiver: AReceiver) -> None:
    receiver.answer = finds({"action": "hold", "code": "a", "message": {"en": "\u202eA \u0000 <b>reason</b>"}})
    thread = await a_thread(site)
    for explains, reason in ((True, "A <b>reason</b>"), (False, "A moderator looks at it before it appears.")):
        await use_webhook(site, receiver.origin, explain_to_author=explains)
        held = (await thread.post("Held")).json()
        assert " ".join(held["comment"]["status_reasons"][0].split()) == reason
    page = await site.client.get(f"/{site.slug}/{thread.article}")
    assert "<b>reason" not in page.text


async def test_an_edit_is_screened_too_and_replaces_the_findings(site: ASite, receiver: AReceiver) -> None:
    await use_webhook(site, receiver.origin)
    receiver.answer = finds({"action": "publish", "code": "first"})
    posted = await a_comment(await a_thread(site))
    path, token = f"/comments/{posted['comment']['id']}", posted["author_token"]
    receiver.answer = finds({"action": "reject", "code": "no", "message": {"de": "Nein."}})
    refused = await site.call("PATCH", path, by=token, json={"body": "Worse"}, headers={"Accept-Language": "de"})
    assert (refused.status_code, refused.json()["detail"]) == (422, "Nein.")
    receiver.answer = finds({"action": "hold", "code": "second"})
    assert (await site.call("PATCH", path, by=token, json={"body": "Better"})).json()["state"] == "pending"
    assert [each["matched"] for each in await findings_of(site, posted["comment"])] == ["second"]
    assert receiver.contents[2]["data"]["comment"]["body"] == "Better"
    await site.call("DELETE", path, by=token)
    assert await findings_of(site, posted["comment"]) == []


OK = b"HTTP/1.1 200 OK\r\n"
FINE: Json = {"action": "hold", "code": "a"}
INVALID: list[Json] = [
    {"action": "burn", "code": "a"},
    {"action": "hold"},
    {"action": "hold", "code": ""},
    {"action": "hold", "code": "a\n"},
    {"action": "hold", "code": "a", "score": 1.5},
    {"action": "hold", "code": "a", "score": "1"},
    {"action": "hold", "code": "a", "message": "text"},
    {"action": "hold", "code": "a", "message": {"en": "x" * 301}},
]
BAD_ANSWERS: dict[str, Any] = {
    "two gigabytes": OK + b"content-length: 2000000000\r\n\r\n" + b" " * 200_000,
    "a redirect": an_answer(307, b'{"findings": []}', location="/elsewhere"),
    "not found": an_answer(404, b'{"findings": []}'),
    "an error": an_answer(503),
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "broken JSON": an_answer(200, b'{"findings": ['),
    "no UTF-8": an_answer(200, b'{"findings": [{"action": "hold", "code": "\xff"}]}'),
    "a deep nest": an_answer(200, b'{"more": ' + b"[" * 60_000),
    "no findings": an_answer(200, b"{}"),
    "packed": an_answer(200, b"\x1f\x8b", content_encoding="gzip"),
    "no HTTP": b"hello\r\n\r\n",
    "nothing": None,
    **{f"an invalid finding {number}": finds(FINE, each)(None) for number, each in enumerate(INVALID)},
    "too many findings": finds(*[FINE] * 21)(None),
}


def _answer(answer: Any, _received: Received) -> Any:
    return answer


async def test_a_bad_answer_holds_or_publishes_as_set(app: App, logged: list[Any]) -> None:
    async with a_receiver() as receiver, timeout_of(app, LONG):
        for case, answer in BAD_ANSWERS.items():
            receiver.answer = partial(_answer, answer)
            for action, status in (("hold", 202), ("publish", 201)):
                async with a_site(app) as site:
                    await use_webhook(site, receiver.origin, on_screening_webhook_failure=action)
                    asked = len(receiver.received)
                    posted = await (await a_thread(site)).post("Unheard words")
                    assert posted.status_code == status, case
                    found = ["on_screening_webhook_failure"] if action == "hold" else []
                    assert await found_in(site, posted.json()["comment"]) == found, case
                    assert len(receiver.received) == asked + 1, case
    reasons = [line["reason"] for line in logged if line["event"] == "screening-webhook-failed"]
    assert len(reasons) == 2 * len(BAD_ANSWERS)
    assert reasons[:4] == ["response too long"] * 2 + ["status 307"] * 2
    assert "Unheard" not in repr(logged) and SECRET not in repr(logged)


async def test_a_slow_unreachable_private_or_missing_webhook_is_no_answer(app: App, logged: list[Any]) -> None:
    async with a_receiver() as gone:
        pass
    async with a_receiver(lambda _received: "hang") as slow:
        for url, private, reason in (
            (slow.origin, True, "TimeoutError"),
            (gone.origin, True, "ConnectError"),
            ("http://127.0.0.1:1", False, "PrivateTarget"),
        ):
            async with a_site(app) as site:
                await use_webhook(site, url)
                async with timeout_of(app, 0.2 if url == slow.origin else LONG, allow_private=private):
                    posted = await a_comment(await a_thread(site))
                assert await found_in(site, posted["comment"]) == ["on_screening_webhook_failure"]
            assert [line["reason"] for line in logged if line["event"] == "screening-webhook-failed"][-1] == reason
    for settings, missing in (({}, "URL"), ({"screening_webhook_url": "https://192.0.2.1/"}, "secret")):
        async with a_site(app, **settings) as site:
            await set_rules(site, screening_webhook=True)
            assert (await (await a_thread(site)).post()).status_code == 202
        assert [line["missing"] for line in logged if line["event"] == "screening-webhook-skipped"][-1] == missing


async def test_calls_pause_after_five_failures_of_this_site_only(
    site: ASite, app: App, receiver: AReceiver, the_clock: Clock
) -> None:
    await use_webhook(site, receiver.origin)
    thread = await a_thread(site)
    receiver.answer = lambda _received: an_answer(500)
    for _ in range(7):
        assert (await thread.post()).status_code == 202
    assert len(receiver.received) == 5
    async with a_site(app) as other:
        await use_webhook(other, receiver.origin)
        await (await a_thread(other)).post()
        assert len(receiver.received) == 6
    receiver.answer = finds()
    the_clock.move(seconds=30)
    assert [(await thread.post()).status_code for _ in range(2)] == [201, 201]
    assert len(receiver.received) == 8


async def test_fifty_calls_run_at_once_and_no_other_post_waits(site: ASite, app: App, receiver: AReceiver) -> None:
    await use_webhook(site, receiver.origin)
    thread = await a_thread(site)
    receiver.answer = lambda _received: "hang"
    waiting = [asyncio.create_task(thread.post(f"Comment {number}")) for number in range(50)]
    while len(receiver.received) < 50:  # noqa: ASYNC110 - the receiver has no event for this
        await asyncio.sleep(0.01)
    assert await found_in(site, (await thread.post()).json()["comment"]) == ["on_screening_webhook_failure"]
    async with a_site(app) as other:
        assert (await (await a_thread(other)).post()).status_code == 201
    assert (await thread.close()).status_code == 200
    receiver.released.set()
    assert {answer.json()["type"] for answer in await asyncio.gather(*waiting)} == {"/problems/thread-closed"}


async def test_it_is_not_asked_when_off_or_refused_and_off_costs_no_statement(site: ASite, receiver: AReceiver) -> None:
    thread, closed = await a_thread(site), await a_thread(site, closed=True)
    await use_webhook(site, receiver.origin)
    assert (await closed.post()).status_code == 409
    await set_rules(site)
    assert (await thread.post("Off again")).status_code == 201
    assert receiver.received == []
    with watched() as plain:
        await thread.post("Without")
    await set_rules(site, screening_webhook=True)
    with watched() as asked:
        await thread.post("With")
    sites = [each for each in asked if "FROM site" in each.sql]
    assert len(asked) - len(sites) > len([each for each in plain if "FROM site" not in each.sql])
    assert len(receiver.received) == 1


async def test_in_shadow_it_is_recorded_and_nothing_follows(site: ASite, receiver: AReceiver) -> None:
    await use_webhook(site, receiver.origin, shadow=["screening_webhook"])
    thread = await a_thread(site)
    receiver.answer = finds({"action": "reject", "code": "no", "message": {"en": "Secret."}})
    posted = await thread.post("A")
    assert posted.status_code == 201
    assert [(each["action"], each["shadow"]) for each in await findings_of(site, posted.json()["comment"])] == [
        ("reject", True)
    ]
    receiver.answer = lambda _received: an_answer(500)
    failed = await thread.post("B")
    assert failed.status_code == 201
    assert await found_in(site, failed.json()["comment"]) == ["on_screening_webhook_failure"]
    await decide(site, "spam", posted.json()["comment"])
    path = "/rules/agreement?rule=screening_webhook&since=2020-01-01T00:00:00Z"
    agreement = (await site.call("GET", path, by="moderator")).json()
    assert (agreement["compared"], agreement["found"], agreement["agreed"]) == (1, 1, 1)


async def test_it_is_tried_on_the_newest_fifty_comments_without_effect(site: ASite, receiver: AReceiver) -> None:
    thread = await a_thread(site)
    for number in range(52):
        await a_comment(thread, f"Comment {number}")
    await use_webhook(site, receiver.origin, screening_webhook=False)

    def answer(received: Received) -> bytes:
        is_odd = int(received.content["data"]["comment"]["body"].split()[1]) % 2
        found = [{"action": "spam", "code": "odd", "message": {"en": "Odd."}}] if is_odd else []
        return an_answer(200, json.dumps({"findings": found}).encode())

    receiver.answer = answer
    body: Json = {"rules": {"screening_webhook": True}}
    tried = (await site.call("POST", "/rules/try", by="moderator", json=body)).json()
    assert (tried["checked"], tried["asked"], tried["changed"]) == (52, 50, 25)
    assert tried["after"] == {"publish": 27, "hold": 0, "spam": 25, "reject": 0}
    assert tried["examples"][0]["findings"][0]["message"] == "Odd."
    assert {each["data"]["is_trial"] for each in receiver.contents} == {True}
    untried = (await site.call("POST", "/rules/try", by="moderator", json={"rules": {}})).json()
    assert (untried["asked"], len(receiver.received)) == (0, 50)


async def test_the_url_must_be_public(site: ASite, app: App) -> None:
    async with timeout_of(app, LONG, allow_private=False):
        for url in ("http://127.0.0.1/", "http://localhost:80", "https://10.0.0.1/a"):
            refused = await site.call("PATCH", "/settings", by="admin", json={"screening_webhook_url": url})
            assert (refused.status_code, refused.json()["pointer"]) == (422, "/screening_webhook_url"), url
    for wrong in ("ftp://a.example/", "https://u:p@a.example/", "https://a.example/#x", "a.example", 1):
        refused = await site.call("PATCH", "/settings", by="admin", json={"screening_webhook_url": wrong})
        assert refused.json()["pointer"] == "/screening_webhook_url", wrong
    assert (await site.call("PATCH", "/settings", by="moderator", json={})).status_code == 403
    cleared = await site.call("PATCH", "/settings", by="admin", json={"screening_webhook_url": None})
    assert cleared.json()["screening_webhook_url"] is None


async def test_the_example_in_the_guide_works(site: ASite, monkeypatch: pytest.MonkeyPatch) -> None:
    assert EXAMPLE.read_text() in blocks_of(FOLDER / "moderate.md", "python")
    monkeypatch.setenv("SCREENING_SECRET", SECRET)
    async with serving(runpy.run_path(str(EXAMPLE))["app"]) as port:
        await use_webhook(site, f"http://127.0.0.1:{port}/screen")
        thread: AThread = await a_thread(site)
        expected: dict[str, list[str]] = {
            "Well said.": [],
            "He lives at 12 Mill Road.": ["address"],
            "AT LAST": ["shouting-newcomer"],
        }
        for body, codes in expected.items():
            posted = await a_comment(thread, body)
            assert [each["matched"] for each in await findings_of(site, posted["comment"])] == codes
        await use_webhook(site, f"http://127.0.0.1:{port}/screen")
        async with site.app.state.database.write() as connection:
            found = await find_site(connection, site.slug)
            await set_secret(connection, found, "screening-webhook", make_secret(), secret_key=SECRET_KEY)
        site.app.state.gate.sites.evict(site.slug)
        assert await found_in(site, (await a_comment(thread, "Forged"))["comment"]) == ["on_screening_webhook_failure"]
