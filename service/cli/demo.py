"""``onereply demo``: serves a demo thread within a minute; ``make run`` calls it."""

import logging
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import click
import structlog

from service.app import create_app
from service.cli.command_context import settings_or_stop, with_any_database
from service.cli.demo_queue import load_queue
from service.cli.demo_threads import SITE, load_demo
from service.cli.listener import listen_or_stop
from service.cli.serve import serve
from service.platform.access.api_keys import add_key, revoke_key
from service.platform.access.moderator_accounts import add_moderator
from service.platform.access.passwords import Passwords
from service.platform.sites.edit_site import find_site
from service.platform.storage.engine import Database
from service.platform.storage.revisions import migrate
from service.settings import PREFIX, Settings

VAR = Path("var")
MODERATOR = "editor"


@click.command("demo")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="The port to listen on.")
def command(port: int) -> None:
    """Serve a demo from a local database under var/: threads (closed, open, empty), and a queue to review."""
    VAR.mkdir(exist_ok=True)
    os.environ.setdefault(f"{PREFIX}SECRET_KEY", _stored("secret-key", lambda: secrets.token_urlsafe(32)))
    os.environ.setdefault(f"{PREFIX}WEBHOOKS_ALLOW_PRIVATE", "true")  # a demo's webhook receiver runs on this machine
    settings = settings_or_stop()

    async def work(database: Database) -> tuple[str, str] | None:
        await migrate(database)
        return await _load(database, settings) if await load_demo(database) else None

    made = with_any_database(work, settings)
    key = _stored("demo-host-key", lambda: made[0] if made else "", replace=made is not None)
    password = _stored("demo-password", lambda: made[1] if made else "", replace=made is not None)
    with listen_or_stop("127.0.0.1", port) as listener:
        click.echo(_welcome(f"http://127.0.0.1:{port}", key, password))
        serve(settings, listener, workers=1)


async def _load(database: Database, settings: Settings) -> tuple[str, str]:
    """Add a host's key, a moderator, and comments to review; return the key and the moderator's password."""
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    password_hash = await Passwords().hash(password)
    async with database.write() as connection:
        site = await find_site(connection, SITE)
        host_key = await add_key(connection, site.id, "host")
        moderator_key = await add_key(connection, site.id, "moderator")
        await add_moderator(connection, site.id, MODERATOR, role="admin", password_hash=password_hash)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))  # until “serve” sets it up
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        await load_queue(app, host_key=host_key, moderator_key=moderator_key)
    async with database.write() as connection:
        await revoke_key(connection, site.id, moderator_key.split("_")[1])
    return host_key, password


def _stored(name: str, make: Callable[[], str], *, replace: bool = False) -> str:
    """Return the secret stored in the file ``name`` under var/; create it on first use."""
    path = VAR / name
    if replace or not path.exists():
        path.touch(mode=0o600)
        path.write_text(make() + "\n")
    return path.read_text().strip()


def _welcome(origin: str, key: str, password: str) -> str:
    threads = f"{origin}/v1/sites/{SITE}/threads"
    return f"""
One Reply serves its demo. Press Ctrl+C to stop.

  All threads           {origin}/
  The reference thread  {origin}/{SITE}/moscow-conference
  In a page of yours    {origin}/{SITE}/new-tram-line/embed
  The API               {origin}/docs
  The moderators’ desk  {origin}/desk/{SITE}/queue
                        Sign in as “{MODERATOR}” with the password {password}

Read the reference thread, post a reply to another one, then close that:

  curl {threads}/moscow-conference/comments

  curl {threads}/new-tram-line/comments \\
    -H 'Content-Type: application/json' -d '{{"author": {{"name": "Ada"}}, "body": "At last!"}}'

  curl {threads}/new-tram-line/close -X POST \\
    -H 'Authorization: Bearer {key}'
"""
