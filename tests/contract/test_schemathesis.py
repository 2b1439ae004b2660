"""A stranger who has only the contract tries everything it says, and much that it does not, on a running service.

schemathesis lives in an environment of its own: its dependencies are not ours.
"""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from service.access.keys import add_key
from service.sites.changing import add_site
from service.sites.settings import SiteSettings
from service.storage.engine import Database
from tests.promises.serving import serving

REQUIREMENTS = Path(__file__).with_name("schemathesis.txt")
CONFIG = Path(__file__).with_name("schemathesis.toml")
LEFT_OUT = (
    # What no schema can say is refused too: an instant that must be to come, a URL without a host, a made-up cursor.
    "--exclude-checks=positive_data_acceptance",
    "--exclude-path=/metrics",  # not there without a key of its own, which tests/test_metrics.py has
)


@pytest.fixture(scope="module")
def schemathesis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, installed."""
    folder = tmp_path_factory.mktemp("schemathesis")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [str(folder / "bin/pip"), "install", "-q", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([*pip, "-r", str(REQUIREMENTS)], check=True)
    return folder / "bin/schemathesis"


@pytest.mark.slow
@pytest.mark.parametrize("caller", ["admin", "nobody"])
async def test_nothing_is_found(fresh_database_url: str, schemathesis: Path, caller: str, tmp_path: Path) -> None:
    database = Database(fresh_database_url)
    async with database.write() as connection:
        site = await add_site(connection, "gazette", name="The Gazette", locale="en", settings=SiteSettings())
        key = await add_key(connection, site.id, "admin")
    await database.close()
    async with serving(fresh_database_url) as server, server.client() as client:
        sent = ["-H", f"Authorization: Bearer {key}"] if caller == "admin" else []
        options = [*LEFT_OUT, *sent, "--max-examples=10", "--seed=1", "--no-color"]
        command = [
            str(schemathesis),
            f"--config-file={CONFIG}",
            "run",
            f"{str(client.base_url).rstrip('/')}/openapi.json",
            *options,
        ]
        told = asyncio.subprocess.PIPE  # read as it comes, like the server's log: a full pipe would stop either
        process = await asyncio.create_subprocess_exec(*command, cwd=tmp_path, stdout=told)
        found, _ = await process.communicate()
        assert process.returncode == 0, found.decode()[-20_000:]
        assert [line for line in server.complaints() if line["event"] != "Invalid HTTP request received."] == []
