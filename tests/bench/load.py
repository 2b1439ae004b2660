"""The subjects of the benchmark, and their rates, measured by wrk."""

import base64
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import msgspec

SCRIPT = Path(__file__).with_name("posting.lua")
UNSENT = {"date", "server", "content-length", "x-request-id", "x-content-type-options", "connection"}


class Subject(NamedTuple):
    """One subject: a path to read, with an optional entity tag, or posts to one thread or to a thousand.

    A read with a key is never cached; one with an author's token is, where they wrote nothing.
    """

    name: str
    path: str
    tag: str = ""
    token: str = ""
    spread: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """The client's request headers."""
        sent = {"If-None-Match": self.tag, "Authorization": self.token and f"Bearer {self.token}"}
        return {name: value for name, value in sent.items() if value}

    @property
    def key(self) -> str:
        """The key of the bare app's answer."""
        if self.spread:
            return "POST"
        path, _, query = self.path.partition("?")
        return f"{path}?{query} {bool(self.tag)} {bool(self.token)}"


def record(subject: Subject, origin: str) -> list[object]:
    """Record the service's answer for the bare app."""
    body, headers = None, subject.headers
    if subject.spread:
        body, headers = POST, {"Content-Type": "application/json"}
    try:
        with urlopen(Request(origin + subject.path, body, headers), timeout=30) as answer:
            status, received, content = answer.status, answer.getheaders(), answer.read()
    except HTTPError as answer:
        if answer.code != 304:
            raise
        status, received, content = 304, list(answer.headers.items()), b""
    kept = [(name.lower(), value) for name, value in received if name.lower() not in UNSENT]
    if status != 304:
        kept.append(("content-length", str(len(content))))
    return [status, kept, base64.b64encode(content).decode()]


POST = b'{"author": {"name": "Ada"}, "body": "' + b"A word of it. " * 20 + b'"}'


def token_of(path: str, origin: str) -> str:
    """Post a comment to ``path``; return its author token."""
    with urlopen(Request(origin + path, POST, {"Content-Type": "application/json"}), timeout=30) as answer:
        return str(msgspec.json.decode(answer.read())["author_token"])


def tag_of(path: str, origin: str) -> str:
    """The entity tag of ``path``."""
    with urlopen(origin + path, timeout=30) as answer:
        return str(answer.headers["etag"])


def rate(subject: Subject, origin: str, seconds: float, **variables: str) -> float:
    """Requests per second; stops the run if an answer is wrong. ``variables`` are for the script that posts."""
    command = ["wrk", "-t1", "-c64" if subject.spread else "-c32", f"-d{max(1, round(seconds))}s"]
    if subject.spread:
        command += ["-s", str(SCRIPT), origin]
    else:
        command += [*(word for name, value in subject.headers.items() for word in ("-H", f"{name}: {value}"))]
        command.append(origin + subject.path)
    environment = {**os.environ, "SPREAD": subject.spread, **variables}
    report = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", report)
    if found is None or "Non-2xx" in report or float(found[1]) == 0:
        raise SystemExit(f"{subject.name}: some answers were not 2xx or 3xx.\n{report}")
    return float(found[1])


def need_wrk() -> None:
    """Install wrk if possible, otherwise stop with a message."""
    if shutil.which("wrk"):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "wrk"], check=True)
        return
    raise SystemExit("wrk is needed: apt-get install wrk")


def encode(answers: dict[str, list[object]]) -> bytes:
    """The file that the bare app reads."""
    return msgspec.json.encode(answers)
