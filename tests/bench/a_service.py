"""A service to measure: one worker, as anybody would start it, over a fresh database with a thousand threads."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from service.sites.changing import add_site
from service.sites.settings import PRESETS
from service.storage.engine import Database
from service.storage.revisions import migrate
from service.threads.registering import register_thread
from tests.postgres import PostgreSQL

PORT = 8765
ORIGIN = f"http://127.0.0.1:{PORT}"
ARTICLES = ["hot", *map(str, range(1000))]


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """The URLs of two empty databases, by name."""
    with (
        tempfile.TemporaryDirectory(prefix="onereply-bench-") as folder,
        PostgreSQL.running(Path(folder) / "postgresql", durable=True) as server,
    ):
        yield {"SQLite": f"sqlite:///{folder}/bench.db", "PostgreSQL": server.new_database()}


async def fill(url: str) -> None:
    """Migrate, and register the articles."""
    database = Database(url)
    await migrate(database)
    async with database.write() as connection:
        site = await add_site(connection, "bench", name="Bench", locale="en", settings=PRESETS["open"])
        for article in ARTICLES:
            title = "Moscow conference calls for global counterterrorism dialogue"
            await register_thread(connection, site, article, {"title": title, "url": f"https://x.example/{article}"})
    await database.close()


@contextmanager
def serving(url: str) -> Iterator[None]:
    """One worker over the database at ``url``, filled; ready at the start of the block, gone at its end."""
    asyncio.run(fill(url))
    environment = {
        **os.environ,
        "ONEREPLY_DATABASE_URL": url,
        "ONEREPLY_SECRET_KEY": "only for measuring, never for real use",
        "ONEREPLY_LOG_LEVEL": "warning",
    }
    command = [str(Path(sys.executable).parent / "onereply"), "serve", "--port", str(PORT)]
    with subprocess.Popen(command, env=environment) as process:
        try:
            wait_until_ready()
            yield
        finally:
            process.terminate()


def wait_until_ready() -> None:
    """Until the service answers that it is; half a minute at most."""
    for _ in range(300):
        try:
            with urlopen(f"{ORIGIN}/readyz", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The service did not get ready.")
