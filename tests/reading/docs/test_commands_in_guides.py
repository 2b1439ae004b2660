"""The commands in the README and the guides work, run one after another in a shell.

A block of commands is run if it follows ``<!-- run: demo -->`` (with a fresh demo) or ``<!-- run: empty -->`` (in an
empty folder).
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.reading.docs.documents import ROOT, documents, script_of

BINARIES = Path(sys.executable).parent
PATIENCE = 30.0
DEMO = "127.0.0.1:8000"  # as the documents have it


def documents_that_run(environment: str) -> list[Path]:
    return [document for document in documents() if script_of(document, environment)]


def test_a_reader_can_run_the_readme_and_the_guides() -> None:
    names = {path.stem for name in ("demo", "empty") for path in documents_that_run(name)}
    assert names == {"README", "install", "integrate", "webhooks", "moderate", "wagtail", "static-sites"}


@pytest.mark.slow
@pytest.mark.parametrize("document", documents_that_run("empty"), ids=lambda path: path.stem)
def test_the_commands_work_in_an_empty_folder(document: Path, tmp_path: Path) -> None:
    run(script_of(document, "empty"), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("document", documents_that_run("demo"), ids=lambda path: path.stem)
def test_the_commands_work_beside_the_demo(document: Path, tmp_path: Path) -> None:
    with a_demo(tmp_path) as address:
        run(script_of(document, "demo").replace(DEMO, address), tmp_path)


def run(script: str, folder: Path) -> None:
    """Run ``script`` in bash; an error status of a command, or of an HTTP response to curl, is a failure."""
    (folder / ".curlrc").write_text("fail-with-body\nsilent\nshow-error\n")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-O", "inherit_errexit", "-c", script],
        cwd=folder,
        env=environment(CURL_HOME=str(folder)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


@contextmanager
def a_demo(folder: Path) -> Iterator[str]:
    """Run ``onereply demo`` with its files in ``folder``; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = (BINARIES / "onereply", "demo", "--port", str(port))
    with (folder / "demo.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment(), stdout=log, stderr=log)
        try:
            wait_until_ready(f"http://127.0.0.1:{port}/readyz", process, folder / "demo.log")
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(PATIENCE)


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text())


def environment(**more: str) -> dict[str, str]:
    """Return this process's environment with our programs and code, without our settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ONEREPLY_")}
    return kept | {"PATH": f"{BINARIES}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)} | more
