"""``onereply webhooks``: tools for developers of webhook receivers. They need no installation or database."""

import asyncio
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from secrets import token_hex

import click
import uvicorn

from service.cli.check_receiver import ReceiverCheck, RuleResult
from service.cli.listener import address_of, listen_or_stop
from service.cli.received import Unreadable, excerpt, parse_event, read_saved, sent_at, verify_message
from service.cli.receiver import Receiver
from service.integrations.endpoints.send_attempt import TIMEOUT_SECONDS
from service.platform import clock
from service.platform.http.server_limits import LimitedProtocol
from service.platform.outbound.safe_client import Targets
from service.platform.outbound.webhook_signatures import (
    ID,
    TOLERANCE,
    InvalidWebhookSecret,
    SignatureMismatch,
    Signer,
    check_secret,
)
from service.platform.text.web_urls import is_web_url

MAX_FILE = 1_000_000
FILE = click.Path(exists=True, dir_okay=False, allow_dash=True)

# Not an argument, because other users of the machine could see it.
secret_option = click.option(
    "--secret-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with one secret, or two on separate lines. Default: a prompt, or standard input.",
)


@click.group("webhooks")
def command() -> None:
    """Receive and verify webhooks during development."""


@command.command("listen")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=9000, show_default=True, type=click.IntRange(0, 65535), help="The port to listen on.")
@click.option(
    "--status",
    default=204,
    show_default=True,
    type=click.IntRange(200, 599),
    help="The status code for verified messages.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print the body of each verified message on one line; everything else goes to standard error.",
)
@secret_option
def listen(host: str, port: int, status: int, as_json: bool, secret_file: Path | None) -> None:
    """Receive webhooks at any path, verify each and print one line for it. Stop with Ctrl-C."""
    signer = Signer(*_secrets(secret_file))
    receiver = Receiver(
        signer,
        status=status,
        print_line=lambda line: click.echo(line, err=as_json),
        print_body=click.echo if as_json else lambda _: None,
    )
    listener = listen_or_stop(host, port)
    click.echo(f"Listening at {address_of(listener)}/ until Ctrl-C.", err=True)
    config = uvicorn.Config(
        receiver.app(), log_config=None, access_log=False, server_header=False, http=LimitedProtocol, lifespan="off"
    )
    with suppress(KeyboardInterrupt):  # Uvicorn raises it again after it has stopped
        uvicorn.Server(config).run(sockets=[listener])


@command.command("verify")
@click.argument("file", type=FILE)
@click.option("--headers", "head", type=FILE, help="A file with the headers, if FILE contains only the body.")
@click.option("--at", metavar="TIME", help="Verify as of this time, such as 2026-11-24T12:00:00Z.")
@click.option("--any-time", is_flag=True, help="Accept a message of any age.")
@secret_option
def verify(file: str, head: str | None, at: str | None, any_time: bool, secret_file: Path | None) -> None:
    """Verify a message saved in FILE: its headers, a blank line and its unchanged body. “-” is standard input.

    Without --at or --any-time, the message must be less than five minutes old, as for a live receiver.
    """
    if at and any_time:
        raise click.UsageError("Give --at or --any-time, not both.")
    if secret_file is None and "-" in (file, head):
        raise click.UsageError("Standard input is the message: give the secret with --secret-file.")
    signer = Signer(*_secrets(secret_file))
    try:
        received = read_saved(_content(file), head=_content(head) if head else None)
    except Unreadable as error:
        raise click.ClickException(str(error)) from None
    sent = sent_at(received.headers) or clock.now()
    now = sent if any_time else _instant(at) if at else clock.now()
    try:
        received = verify_message(signer, received, now=now)
    except SignatureMismatch as reason:
        old = f" It was sent at {_time_text(sent)}; use --any-time to ignore its age."
        raise click.ClickException(f"Not verified. {reason}{old if abs(now - sent) > TOLERANCE else ''}") from None
    message_id = excerpt(received.headers[ID])
    click.echo(f"Verified: {excerpt(parse_event(received.body).type)}, {message_id}, sent at {_time_text(sent)}.")


@command.command("check")
@click.argument("url")
@click.option("--shows", metavar="URL", help="A page of the receiver with the article's lines; {article} is its id.")
@click.option("--article", help="The article of the messages. Default: a new id.")
@click.option(
    "--patience",
    default=5.0,
    show_default=True,
    type=click.FloatRange(0, 60),
    help="Seconds until the page shows a message that was accepted.",
)
@secret_option
def check(url: str, shows: str | None, article: str | None, patience: float, secret_file: Path | None) -> None:
    """Check the receiver at URL: play every event type, badly signed, twice, slowly and in the wrong order.

    Use a receiver in development: it stores what it gets, and then ignores real events about the article. The exit
    status is 0 only if all three rules held.
    """
    for given, name in ((url, "URL"), (shows, "--shows")):
        if given and not is_web_url(given.replace("{article}", "")):
            raise click.BadParameter("Must be an absolute http or https URL.", param_hint=name)
    signer = Signer(*_secrets(secret_file)[:1])

    async def run() -> tuple[list[RuleResult], int]:
        async with Targets(allow_private=True).client(timeout_seconds=TIMEOUT_SECONDS) as client:
            subject = article or f"onereply-check-{token_hex(6)}"
            checking = ReceiverCheck(client, url, signer, article=subject, shows=shows, patience_seconds=patience)
            return await checking.check(), checking.sent

    results, sent = asyncio.run(run())
    click.echo(f"Sent {sent} messages to {url}.")
    for number, result in enumerate(results, 1):
        click.echo(f"{number}. {result}")
    if any(result.faults != [] for result in results):
        sys.exit(1)


def _instant(text: str) -> datetime:
    with suppress(ValueError):
        if (instant := datetime.fromisoformat(text)).tzinfo:
            return instant
    raise click.BadParameter("Must be a time with a time zone, such as 2026-11-24T12:00:00Z.", param_hint="--at")


def _content(file: str) -> bytes:
    with click.open_file(file, "rb") as opened:
        content: bytes = opened.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise click.ClickException(f"{file} is longer than {MAX_FILE:,} bytes, the limit.")
    return content


def _time_text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _secrets(file: Path | None) -> list[str]:
    """Read the secrets from ``file``, a prompt or standard input; an invalid one stops the command and is not shown."""
    if file:
        texts = file.read_text("utf-8", "replace").split()
    elif sys.stdin.isatty():
        texts = [click.prompt("Secret (whsec_…)", hide_input=True)]
    else:
        texts = sys.stdin.buffer.readline().decode("utf-8", "replace").split()
    try:
        return [check_secret(text) for text in texts or [""]]
    except InvalidWebhookSecret as error:
        raise click.ClickException(str(error)) from None
