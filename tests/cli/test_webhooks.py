"""The tools for developers of receivers: one listens, one verifies a saved message."""

import asyncio
import json
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx2
import msgspec
import pytest
from click.testing import CliRunner, Result

from service.cli import main
from service.integrations.endpoints.payload import webhook_body
from service.integrations.event_log.wire import EventOut
from service.platform.outbound.webhook_signatures import SIGNATURE, TIMESTAMP, Signer, make_secret
from tests.builders import ASite, Json, a_comment, a_thread
from tests.cli.test_commands import done, stopped
from tests.contract.lint import contract, resolve, webhooks
from tests.integrations.endpoints.deliveries import a_worker, an_endpoint, change
from tests.samples import sample_cases

SECRET, OTHER = make_secret(), make_secret()
THREAD = {"article": "moscow-conference", "label": "One reply", "title": "Moscow", "sequence": 2}
AUTHOR = {"name": "Ada\x1b[31m", "url": None}


def a_body(**data: object) -> bytes:
    raw = msgspec.Raw(msgspec.json.encode({"thread": THREAD, **data}))
    return webhook_body("gazette", EventOut(UUID(int=1), "comment.published", 7, 2, datetime.now(UTC), raw))


BODY = a_body(comment={"author": AUTHOR, "html": "<p>Да, &lt;so&gt; <em>it</em> is.</p>"})


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    return file


def saved(tmp_path: Path, body: bytes = BODY, *, secret: str = SECRET, at: datetime | None = None) -> Path:
    """A file with a message as received over HTTP."""
    headers = Signer(secret).headers("msg_1", at or datetime.now(UTC), body)
    head = "\r\n".join(f"{name.title()}: {value}" for name, value in headers.items())
    file = tmp_path / "message"
    file.write_bytes(f"POST /hooks:1 HTTP/1.1\r\nHost: cms.example\r\n{head}\r\n\r\n".encode() + body)
    return file


def run(*arguments: object, typed: str | bytes | None = None) -> Result:
    """The command line, which needs no installation for this."""
    result = CliRunner(env={"ONEREPLY_SECRET_KEY": None}).invoke(main, ["webhooks", *map(str, arguments)], input=typed)
    assert SECRET not in result.output and OTHER not in result.output
    return result


def test_a_saved_message_is_verified(tmp_path: Path, secret_file: Path) -> None:
    printed = done(run("verify", saved(tmp_path), "--secret-file", secret_file))
    assert re.fullmatch(r"Verified: comment\.published, msg_1, sent at 20[0-9T:-]+Z\.\n", printed)


def test_it_is_read_from_standard_input_or_the_secret_is(tmp_path: Path, secret_file: Path) -> None:
    message = saved(tmp_path)
    assert "Verified" in done(run("verify", "-", "--secret-file", secret_file, typed=message.read_bytes()))
    assert "Verified" in done(run("verify", message, typed=f"{SECRET}\n"))
    refused = run("verify", "-", typed=message.read_bytes())
    assert refused.exit_code == 2 and "--secret-file" in refused.stderr


def test_headers_may_be_in_a_file_of_their_own(tmp_path: Path, secret_file: Path) -> None:
    head, _, body = saved(tmp_path).read_bytes().partition(b"\r\n\r\n")
    (tmp_path / "head").write_bytes(head.replace(b"\r", b""))
    (tmp_path / "body").write_bytes(body)
    arguments = ("--headers", tmp_path / "head", "--secret-file", secret_file)
    assert "Verified" in done(run("verify", tmp_path / "body", *arguments))
    assert "--headers" in stopped(run("verify", tmp_path / "body", "--secret-file", secret_file))


def test_a_newline_that_an_editor_put_at_the_end_does_no_harm(tmp_path: Path, secret_file: Path) -> None:
    for end in (b"\n", b"\r\n"):
        message = saved(tmp_path)
        message.write_bytes(message.read_bytes() + end)
        assert "Verified" in done(run("verify", message, "--secret-file", secret_file))
    length = f"Content-Length: {len(BODY)}\r\nHost:".encode()
    message.write_bytes(saved(tmp_path).read_bytes().replace(b"Host:", length) + b"\n\n-- the next one --\n")
    assert "Verified" in done(run("verify", message, "--secret-file", secret_file))


def test_a_message_that_does_not_match_its_signature_fails(tmp_path: Path, secret_file: Path) -> None:
    by_another, changed = saved(tmp_path, secret=OTHER).read_bytes(), saved(tmp_path).read_bytes()
    for content in (by_another, changed.replace(b"One reply", b"No replies")):
        (tmp_path / "message").write_bytes(content)
        result = run("verify", tmp_path / "message", "--secret-file", secret_file)
        assert stopped(result) == "Not verified. None of its signatures matches the secret."
        assert result.exit_code == 1


def test_either_secret_of_a_file_verifies(tmp_path: Path, secret_file: Path) -> None:
    secret_file.write_text(f"{OTHER}\n{SECRET}\n")
    for secret in (OTHER, SECRET):
        assert "Verified" in done(run("verify", saved(tmp_path, secret=secret), "--secret-file", secret_file))


def test_an_old_message_is_refused_without_a_time_to_verify_at(tmp_path: Path, secret_file: Path) -> None:
    message = saved(tmp_path, at=datetime(2026, 1, 1, 12, 0, tzinfo=UTC))
    arguments = (message, "--secret-file", secret_file)
    output = stopped(run("verify", *arguments))
    assert "five minutes" in output and "2026-01-01T12:00:00Z" in output and "--any-time" in output
    assert "Verified" in done(run("verify", *arguments, "--any-time"))
    assert "Verified" in done(run("verify", *arguments, "--at", "2026-01-01T15:04:59+03:00"))
    assert "five minutes" in stopped(run("verify", *arguments, "--at", "2026-01-01T12:05:01Z"))
    for wrong in (
        ("--at", "yesterday"),
        ("--at", "2026-01-01T12:00:00"),
        ("--at", "2026-01-01T12:00:00Z", "--any-time"),
    ):
        assert run("verify", *arguments, *wrong).exit_code == 2


def test_every_test_vector_verifies_or_fails_as_expected(tmp_path: Path, secret_file: Path) -> None:
    vectors: list[Json] = sample_cases("webhooks/standard-webhooks-vectors.json")
    for vector in vectors:
        if not vector["secret"].startswith("whsec_"):
            continue
        secret_file.write_text(vector["secret"])
        (tmp_path / "head").write_text("".join(f"{name}: {value}\n" for name, value in vector["headers"].items()))
        (tmp_path / "body").write_text(vector["body"])
        at = datetime.fromtimestamp(vector["now"], UTC).isoformat()
        arguments = ("--headers", tmp_path / "head", "--secret-file", secret_file, "--at", at)
        assert (run("verify", tmp_path / "body", *arguments).exit_code == 0) == vector["valid"], vector["name"]


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"\xff\x00\n\n\xff", b"{}", b"a\nb\n\nc", b"POST / HTTP/1.1\n\n" + b"x" * 1_000_001]
)
def test_an_unreadable_message_is_one_line(tmp_path: Path, secret_file: Path, content: bytes) -> None:
    (tmp_path / "garbage").write_bytes(content)
    assert stopped(run("verify", tmp_path / "garbage", "--secret-file", secret_file))


@pytest.mark.parametrize("secret", ["", "swordfish", "whsec_c2hvcnQ="])
def test_an_invalid_webhook_secret_is_refused_and_not_shown(tmp_path: Path, secret_file: Path, secret: str) -> None:
    secret_file.write_text(secret)
    for arguments in (("verify", saved(tmp_path)), ("listen", "--port", "0")):
        output = stopped(run(*arguments, "--secret-file", secret_file))
        assert "whsec_" in output and (not secret or secret not in output)


class Listening:
    """A process that listens, and a client of it."""

    def __init__(self, process: Process, client: httpx2.AsyncClient) -> None:
        self.process, self.client = process, client

    async def send(
        self,
        body: bytes = BODY,
        message_id: str = "msg_1",
        *,
        secret: str = SECRET,
        headers: dict[str, str] | None = None,
    ) -> int:
        """The status that it answers to a message."""
        signed = Signer(secret).headers(message_id, datetime.now(UTC), body)
        return (await self.client.post("/hooks", content=body, headers={**signed, **(headers or {})})).status_code

    async def line(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout
        return (await self.process.stdout.readline()).decode()


@asynccontextmanager
async def listening(secret_file: Path, *arguments: str) -> AsyncIterator[Listening]:
    """A process that listens until the end of the block; on Ctrl-C it ends well, and its log has no traceback."""
    command = (sys.executable, "-c", "from service.cli import main; main()", "webhooks", "listen", "--port", "0")
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = await asyncio.create_subprocess_exec(
        *command, "--secret-file", str(secret_file), *arguments, env=environment, stdout=PIPE, stderr=PIPE
    )
    assert process.stderr and process.stdout
    url = re.search(r"http://\S+/", (await process.stderr.readline()).decode())
    try:
        assert url
        async with httpx2.AsyncClient(base_url=url[0], timeout=30) as client:
            yield Listening(process, client)
        process.send_signal(signal.SIGINT)
        _, output = await process.communicate()
        assert (process.returncode, "Traceback" in output.decode()) == (0, False), output.decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_verified_message_is_printed_in_one_line_and_recognised_when_repeated(secret_file: Path) -> None:
    async with listening(secret_file) as receiver:
        assert await receiver.send() == 204
        expected = (
            "comment.published · moscow-conference · One reply · Ada [31m: Да, <so> it is. · position 7 · sequence 2"
        )
        assert re.fullmatch(rf"\d\d:\d\d:\d\d verified · {re.escape(expected)}\n", await receiver.line())
        assert await receiver.send() == 204
        assert "verified again · comment.published" in await receiver.line()
        assert await receiver.send(a_body(previous_article="moscow", comment=[1], more=None), "msg_2") == 204
        assert "verified · comment.published · moscow-conference · One reply · position 7" in await receiver.line()


async def test_the_services_messages_are_verified(site: ASite, secret_file: Path) -> None:
    endpoint, secret = await an_endpoint(site, "http://127.0.0.1:9/")
    await asyncio.to_thread(secret_file.write_text, secret)
    async with listening(secret_file) as receiver, a_worker(site) as worker:
        await change(site, endpoint, url=f"{receiver.client.base_url}/hooks")
        thread = await a_thread(site)
        await worker.work()
        assert f"verified · thread.created · {thread.article} · No replies · " in await receiver.line()
        await a_comment(thread, "Well said.")
        await worker.work()
        assert "· One reply · Ada: Well said. · position 2 · sequence 2" in await receiver.line()
        assert (await site.call("POST", f"/endpoints/{endpoint}/test", by="admin")).status_code == 200
        assert "verified · endpoint.test · " in await receiver.line()


async def test_an_unverified_message_is_refused_with_the_reason(secret_file: Path) -> None:
    async with listening(secret_file) as receiver:
        assert await receiver.send(secret=OTHER) == 401
        assert "refused · None of its signatures matches the secret." in await receiver.line()
        assert await receiver.send(headers={TIMESTAMP: "1795521600"}) == 401
        assert "five minutes" in await receiver.line()
        assert await receiver.send(headers={SIGNATURE: ""}) == 401
        assert "It must have the headers" in await receiver.line()
        assert await receiver.send(b"x" * 64_001) == 413
        assert "longer than 64,000 bytes" in await receiver.line()
        assert await receiver.send(b"no JSON") == 204
        assert "verified · no type" in await receiver.line()


async def test_it_answers_with_the_given_status_and_prints_bodies_as_json(secret_file: Path) -> None:
    async with listening(secret_file, "--status", "503", "--json") as receiver:
        assert await receiver.send(secret=OTHER) == 401
        assert await receiver.send() == 503
        assert json.loads(await receiver.line()) == json.loads(BODY)
        pretty = json.dumps({"type": "some.thing", "data": [1, 2]}, indent=2)
        assert await receiver.send(pretty.encode(), "msg_2") == 503
        assert json.loads(await receiver.line()) == json.loads(pretty)


async def test_garbage_does_not_stop_it(secret_file: Path) -> None:
    async with listening(secret_file) as receiver:
        url = receiver.client.base_url
        for garbage in (
            b"\x16\x03\x01\x00",
            b"GET / HTTP/9\r\n\r\n",
            b"POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nbroken",
        ):
            _, writer = await asyncio.open_connection(url.host, url.port)
            writer.write(garbage)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        assert await receiver.send() == 204


async def test_each_type_of_the_contract_is_printed_in_one_line(secret_file: Path) -> None:
    document = contract()
    async with listening(secret_file) as receiver:
        for _, name, operation in webhooks(document):
            [example] = operation["requestBody"]["content"]["application/json"]["examples"].values()
            body = msgspec.json.encode(resolve(document, example)["value"])
            assert await receiver.send(body, name) == 204
            line = await receiver.line()
            assert f"verified · {name} · " in line and "None" not in line


def test_a_port_in_use_is_one_line(secret_file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"Port {port} " in stopped(run("listen", "--port", port, "--secret-file", secret_file))
