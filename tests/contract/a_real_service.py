"""A service as a host sets it up, from the command line, that serves over HTTP on a port of its own."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import SECRET_KEY
from tests.installing import run
from tests.promises.service_process import Server, serving

SITE = "gazette"
ARTICLES = {"moscow-conference": "publish", "new-tram-line": "hold"}  # and their modes
FIRST = "moscow-conference"
ROLES = ("host", "moderator", "admin")
MODERATOR, PASSWORD = "Maria", "nine trams to the depot"


@dataclass
class RealService:
    """Where it is, what proves who asks, and one comment of the reader's."""

    server: Server
    url: str
    tokens: dict[str, str]
    comment: str

    async def contract(self, folder: Path) -> Path:
        """A file below ``folder`` with the contract as it is served."""
        async with self.server.client() as client:
            served = await client.get("/openapi.json")
        file = folder / "openapi.json"
        file.write_bytes(served.content)
        return file


@asynccontextmanager
async def a_real_service(database_url: str) -> AsyncIterator[RealService]:
    """A process that serves the site ``gazette``: an article with a comment, and one whose comments are held."""
    tokens = await asyncio.to_thread(_set_up, database_url)
    async with serving(database_url) as server, server.client() as client:
        for article, mode in ARTICLES.items():
            body = {"title": article, "url": f"https://gazette.example/2026/11/{article}", "mode": mode}
            path, by_host = f"/v1/sites/{SITE}/threads/{article}", {"Authorization": f"Bearer {tokens['host']}"}
            assert (await client.put(path, json=body, headers=by_host)).status_code == 201
        post = {"author": {"name": "Ada"}, "body": "Well said."}
        posted = (await client.post(f"/v1/sites/{SITE}/threads/{FIRST}/comments", json=post)).json()
        tokens["reader"] = posted["author_token"]
        for caller in ("session", "session to end"):
            begun = await client.post(f"/v1/sites/{SITE}/sessions", json={"name": MODERATOR, "password": PASSWORD})
            tokens[caller] = begun.json()["token"]
        yield RealService(server, str(client.base_url).rstrip("/"), tokens, posted["comment"]["id"])


def _set_up(database_url: str) -> dict[str, str]:
    """Migrate, add the site, a moderator and a key of each role; the keys."""
    onereply(database_url, "migrate")
    # Without limits: thousands of requests in a minute.
    onereply(database_url, "site", "add", SITE, "--name", "The Gazette", "--preset", "open")
    onereply(database_url, "moderator", "add", SITE, MODERATOR, "--role", "admin", typed=PASSWORD)
    return {role: onereply(database_url, "key", "add", SITE, "--role", role) for role in ROLES}


def onereply(database_url: str, *arguments: str, typed: str = "") -> str:
    """The last line that a command prints, told ``typed``."""
    variables = {"ONEREPLY_DATABASE_URL": database_url, "ONEREPLY_SECRET_KEY": SECRET_KEY}
    command = (sys.executable, "-c", "from service.cli import main; main()", *arguments)
    return run(command, typed=typed, **variables).splitlines()[-1]
