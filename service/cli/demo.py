"""``onereply demo``: serves a demo thread within a minute; ``make run`` calls it."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

import click

from service.cli.command_context import settings_or_stop, with_any_database
from service.cli.demo_threads import SITE, load_demo
from service.cli.listener import listen_or_stop
from service.cli.serve import serve
from service.platform.access.api_keys import add_key
from service.platform.sites.edit_site import find_site
from service.platform.storage.engine import Database
from service.platform.storage.revisions import migrate
from service.settings import PREFIX

VAR = Path("var")


@click.command("demo")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="The port to listen on.")
def command(port: int) -> None:
    """Serve a demo with three threads (closed, open, empty) from a local database under var/."""
    VAR.mkdir(exist_ok=True)
    os.environ.setdefault(f"{PREFIX}SECRET_KEY", _stored("secret-key", lambda: secrets.token_urlsafe(32)))
    os.environ.setdefault(f"{PREFIX}WEBHOOKS_ALLOW_PRIVATE", "true")  # a demo's webhook receiver runs on this machine
    settings = settings_or_stop()

    async def work(database: Database) -> str | None:
        await migrate(database)
        if not await load_demo(database):
            return None
        async with database.write() as connection:
            return await add_key(connection, (await find_site(connection, SITE)).id, "host")

    new_key = with_any_database(work, settings)
    key = _stored("demo-host-key", lambda: new_key or "", replace=new_key is not None)
    click.echo(_welcome(f"http://127.0.0.1:{port}", key))
    with listen_or_stop("127.0.0.1", port) as listener:
        serve(settings, listener, workers=1)


def _stored(name: str, make: Callable[[], str], *, replace: bool = False) -> str:
    """Return the secret stored in the file ``name`` under var/; create it on first use."""
    path = VAR / name
    if replace or not path.exists():
        path.touch(mode=0o600)
        path.write_text(make() + "\n")
    return path.read_text().strip()


def _welcome(origin: str, key: str) -> str:
    threads = f"{origin}/v1/sites/{SITE}/threads"
    return f"""
One Reply serves its demo. Press Ctrl+C to stop.

  All threads           {origin}/
  The reference thread  {origin}/{SITE}/moscow-conference
  In a page of yours    {origin}/{SITE}/new-tram-line/embed
  The API               {origin}/docs

Read the reference thread, post a reply to another one, then close that:

  curl {threads}/moscow-conference/comments

  curl {threads}/new-tram-line/comments \\
    -H 'Content-Type: application/json' -d '{{"author": {{"name": "Ada"}}, "body": "At last!"}}'

  curl {threads}/new-tram-line/close -X POST \\
    -H 'Authorization: Bearer {key}'
"""
