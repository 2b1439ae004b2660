"""A service to measure: one worker with default settings, on a fresh database with a thousand threads."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.request import urlopen

from service.conversation.threads.register_article import register_thread
from service.platform.access.api_keys import add_key
from service.platform.sites.edit_site import add_site
from service.platform.sites.site_settings import PRESETS
from service.platform.storage.engine import Database
from service.platform.storage.revisions import migrate
from tests.postgres import PostgreSQL

QUICK = bool(os.environ.get("QUICK"))
PORT = 8765
SECRET_KEY = "only for measuring, never for real use"
ORIGIN = f"http://127.0.0.1:{PORT}"
BARE = f"http://127.0.0.1:{PORT + 1}"
SIZES = (100, 10_000, 1_000_000)
ARTICLES = ["hot", *map(str, range(1000)), *(f"of-{size}" for size in SIZES)]


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """The URLs of two empty databases, by name."""
    with (
        tempfile.TemporaryDirectory(prefix="onereply-bench-") as folder,
        PostgreSQL.running(Path(folder) / "postgresql", durable=True) as server,
    ):
        yield {"SQLite": f"sqlite:///{folder}/bench.db", "PostgreSQL": server.new_database()}


async def fill(url: str) -> str:
    """Migrate the database and register the articles; return a moderator's key."""
    database = Database(url)
    await migrate(database)
    async with database.write() as connection:
        site = await add_site(connection, "bench", name="Bench", locale="en", settings=PRESETS["open"])
        for article in ARTICLES:
            title = "Moscow conference calls for global counterterrorism dialogue"
            await register_thread(connection, site, article, {"title": title, "url": f"https://x.example/{article}"})
        key = await add_key(connection, site.id, "moderator")
    await database.close()
    return key


@contextmanager
def serving(url: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run one worker on the database at ``url`` during the block; it is ready at the start."""
    with _running(url, "serve", "--port", str(PORT), **variables) as process:
        wait_until_ready(ORIGIN)
        yield process


def delivering(url: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Run one worker that delivers webhooks, also to this machine."""
    return _running(url, "worker", ONEREPLY_WEBHOOKS_ALLOW_PRIVATE="true")


@contextmanager
def _running(url: str, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        "ONEREPLY_DATABASE_URL": url,
        "ONEREPLY_SECRET_KEY": SECRET_KEY,
        "ONEREPLY_TRUSTED_PROXIES": "127.0.0.1",
        "ONEREPLY_LOG_LEVEL": "warning",
        **variables,
    }
    with subprocess.Popen([str(Path(sys.executable).parent / "onereply"), *arguments], env=environment) as process:
        try:
            yield process
        finally:
            process.terminate()


def resident(pid: int) -> float:
    """Megabytes that a process holds in memory."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


@contextmanager
def answering(answers: Path) -> Iterator[None]:
    """Serve the bare app during the block, as the service is served."""
    command = [sys.executable, "-m", "uvicorn", "tests.bench.bare:app", "--port", str(PORT + 1), "--no-access-log"]
    command += ["--log-level", "warning", "--no-server-header", "--lifespan", "off"]
    with subprocess.Popen(command, env={**os.environ, "BARE": str(answers)}) as process:
        try:
            wait_until_ready(BARE)
            yield
        finally:
            process.terminate()


def wait_until_ready(origin: str) -> None:
    """Wait until ``origin`` is ready, for at most 30 seconds."""
    for _ in range(300):
        try:
            with urlopen(f"{origin}/readyz", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The service did not become ready within 30 seconds.")
