"""The wheel works on its own: installed into an empty environment, far from the checkout, it migrates and serves."""

import json
import os
import re
import signal
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from openapi.compile_contract import SOURCES, bundle

ROOT = Path(__file__).parents[2]
SHIPPED = ("service", "migrations")
pytestmark = pytest.mark.xdist_group("wheel")
RUNNING = re.compile(r"running on (http://[^\s\"]+)")
ENVIRONMENT = {"ONEREPLY_SECRET_KEY": "only for the test of the wheel, never for real use"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", folder, ROOT)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the pinned dependencies and the wheel, and nothing else; its ``bin``."""
    folder = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", folder)
    pip = (folder / "bin/pip", "install", "-q", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "-r", ROOT / "requirements.txt")
    run(*pip, "--no-deps", wheel)
    return folder / "bin"


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_it_holds_every_file_of_the_service(wheel: Path) -> None:
    tracked = run("git", "ls-files", *SHIPPED, cwd=ROOT).splitlines()
    moved = {f"service/shipped_files/{name}" if not name.startswith("service/") else name for name in tracked}
    assert moved - set(zipfile.ZipFile(wheel).namelist()) == set()


@pytest.mark.slow
def test_it_holds_the_compiled_contract_and_not_its_sources(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    assert json.loads(archive.read("service/reading/docs/openapi.json")) == bundle(SOURCES)
    assert [name for name in archive.namelist() if name.endswith(".yaml")] == []


@pytest.mark.slow
def test_its_command_prints_the_version_of_the_project(installed: Path) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert run(installed / "onereply", "--version") == f"onereply, version {version}\n"


@contextmanager
def serving(binaries: Path, folder: Path) -> Iterator[str]:
    """Where the installed service answers."""
    command = [str(binaries / "onereply"), "serve", "--port", "0", "--migrate"]
    environment = {**os.environ, **ENVIRONMENT, "ONEREPLY_LOG_FORMAT": "json"}
    with subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        try:
            yield next(match[1] for line in process.stderr if (match := RUNNING.search(line)))
        finally:
            process.terminate()
            process.stderr.read()
    assert process.returncode in {0, -signal.SIGTERM}  # uvicorn ends by the signal that it was told to end by


def ask(method: str, url: str, body: Any = None, **headers: str) -> tuple[int, str]:
    sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data, sent, method=method), timeout=30) as answer:
        return answer.status, answer.read().decode("utf-8", "replace")


@pytest.mark.slow
def test_it_serves_far_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    run(installed / "onereply", "migrate", cwd=tmp_path)
    run(installed / "onereply", "site", "add", "gazette", "--name", "The Gazette", cwd=tmp_path)
    key = run(installed / "onereply", "key", "add", "gazette", "--role", "host", cwd=tmp_path).splitlines()[-1]
    with serving(installed, tmp_path) as origin:
        thread = f"{origin}/v1/sites/gazette/threads/moscow"
        assert ask("PUT", thread, {"title": "Moscow conference"}, Authorization=f"Bearer {key}")[0] == 201
        posted = {"body": "Well said.", "author": {"name": "Ada"}}
        assert ask("POST", f"{thread}/comments", posted)[0] == 201
        assert json.loads(ask("GET", thread, Accept_Language="ru")[1])["label"] == "Один ответ"
        assert "One reply on “Moscow conference”" in ask("GET", f"{origin}/gazette/moscow")[1]
        for path in (
            "/readyz",
            "/openapi.json",
            "/docs",
            "/docs/guides/install",
            "/docs/guides/thread.png",
            "/embed.js",
            "/static/page.css",
            "/static/thread.css",
            "/static/docs.js",
            "/static/scalar.js",
            "/problems/busy",
        ):
            assert ask("GET", origin + path)[0] == 200
    assert "No findings" in run(installed / "onereply", "verify", cwd=tmp_path)
