"""``onereply webhooks check`` finds which of the three rules a receiver breaks."""

import json
import runpy
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from service.cli import main
from service.cli.check_receiver import HIGHEST, ONCE, VERIFY, ReceiverCheck, RuleResult, example_messages
from service.platform import clock
from service.platform.events.event_types import EventType
from service.platform.outbound.webhook_signatures import ID, SignatureMismatch, Signer, make_secret
from service.reading.docs.guides import FOLDER
from tests.reading.docs.documents import blocks_of

SECRET = make_secret()


class BrokenReceiver:
    """A receiver that keeps the rules except those named in ``breaks``."""

    def __init__(self, *breaks: str) -> None:
        self._breaks = breaks
        self._handled: set[str] = set()
        self._positions: dict[str, int] = {}
        self.threads: dict[str, Any] = {}

    async def receive(self, request: Request) -> Response:
        body = await request.body()
        try:
            Signer(SECRET).verify(request.headers, body, now=clock.now())
        except SignatureMismatch:
            if VERIFY not in self._breaks:
                return Response(status_code=401)
        message_id, message = request.headers[ID], json.loads(body)
        if message_id in self._handled and ONCE not in self._breaks:
            return Response(status_code=204)
        self._handled.add(message_id)
        thread, position = message["data"].get("thread"), message["position"]
        if thread and (HIGHEST in self._breaks or position > self._positions.get(thread["article"], 0)):
            self.threads[thread["article"]], self._positions[thread["article"]] = thread, position
        return Response(status_code=204)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/hooks", self.receive, methods=["POST"]), page_of(self.threads)])


def page_of(threads: dict[str, Any]) -> Route:
    async def show(request: Request) -> Response:
        thread = threads.get(request.path_params["article"])
        return PlainTextResponse(thread["heading"] if thread else "No comments yet.")

    return Route("/threads/{article}", show)


async def check(app: Starlette, *, shows: str | None = "https://cms.example/threads/{article}") -> list[RuleResult]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app)) as client:
        checking = ReceiverCheck(
            client, "https://cms.example/hooks", Signer(SECRET), article="a-1", shows=shows, patience_seconds=0
        )
        return await checking.check()


def held(results: list[RuleResult]) -> dict[str, bool | None]:
    return {result.rule: None if result.faults is None else not result.faults for result in results}


def test_every_event_type_is_played() -> None:
    assert {example["type"] for example in example_messages()} == set(EventType)


async def test_the_guides_receiver_holds_to_the_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [code] = blocks_of(FOLDER / "webhooks.md", "python")
    (tmp_path / "receiver.py").write_text(code)
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    run = runpy.run_path(str(tmp_path / "receiver.py"))
    run["app"].router.routes.append(page_of(run["threads"]))
    results = await check(run["app"], shows="https://cms.example/threads/{article}")
    assert [str(result) for result in results] == [f"{rule}: held." for rule in (VERIFY, ONCE, HIGHEST)]


async def test_each_broken_rule_is_found_and_no_other() -> None:
    for broken in ((), (VERIFY,), (ONCE,), (HIGHEST,), (ONCE, HIGHEST)):
        results = held(await check(BrokenReceiver(*broken).app()))
        assert [rule for rule, is_held in results.items() if not is_held] == [*broken], broken


async def test_without_a_page_only_the_first_rule_is_checked() -> None:
    results = await check(BrokenReceiver(ONCE, HIGHEST).app(), shows=None)
    assert held(results) == {VERIFY: True, ONCE: None, HIGHEST: None}
    assert str(results[1]).endswith("not checked. Give --shows.")


async def test_a_page_that_shows_nothing_proves_nothing() -> None:
    results = held(await check(BrokenReceiver().app(), shows="https://cms.example/threads/another"))
    assert results == {VERIFY: True, ONCE: False, HIGHEST: False}


def test_the_command_says_what_broke_and_exits_with_1(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    arguments = ("webhooks", "check", "--secret-file", str(tmp_path / "secret"), "--patience", "0")
    result = CliRunner().invoke(main, [*arguments, "http://127.0.0.1:9/"])
    assert (result.exit_code, SECRET in result.output) == (1, False)
    assert "1. Verify the signature: broken. A message without a signature got ConnectError, not 4xx." in result.output
    assert "2. Handle each webhook-id once: not checked. Give --shows." in result.output
    for wrong in (("nowhere",), ("https://cms.example/", "--shows", "/threads")):
        assert CliRunner().invoke(main, [*arguments, *wrong]).exit_code == 2
