"""What is asked, and how often a second it is answered: wrk does the asking."""

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
UNSENT = {"date", "server", "content-length", "x-request-id", "connection"}


class Asked(NamedTuple):
    """One subject: a path to read, with the tag that the client holds; or posts, to one thread or to a thousand.

    Who reads with an author's token gets an answer of their own, from the database.
    """

    name: str
    path: str
    tag: str = ""
    token: str = ""
    spread: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """What the client sends."""
        sent = {"If-None-Match": self.tag, "Authorization": self.token and f"Bearer {self.token}"}
        return {name: value for name, value in sent.items() if value}

    @property
    def key(self) -> str:
        """By what the bare app finds its answer."""
        if self.spread:
            return "POST"
        path, _, query = self.path.partition("?")
        return f"{path}?{query} {bool(self.tag)} {bool(self.token)}"


def record(asked: Asked, origin: str) -> list[object]:
    """The service's own answer, for the bare app to give."""
    body, headers = None, asked.headers
    if asked.spread:
        body, headers = POST, {"Content-Type": "application/json"}
    try:
        with urlopen(Request(origin + asked.path, body, headers), timeout=30) as answer:
            status, told, content = answer.status, answer.getheaders(), answer.read()
    except HTTPError as answer:
        if answer.code != 304:
            raise
        status, told, content = 304, list(answer.headers.items()), b""
    kept = [(name.lower(), value) for name, value in told if name.lower() not in UNSENT]
    if status != 304:
        kept.append(("content-length", str(len(content))))
    return [status, kept, base64.b64encode(content).decode()]


POST = b'{"author": {"name": "Ada"}, "body": "' + b"A word of it. " * 20 + b'"}'


def token_of(path: str, origin: str) -> str:
    """The token of somebody who posts to ``path`` and whose comment stays."""
    with urlopen(Request(origin + path, POST, {"Content-Type": "application/json"}), timeout=30) as answer:
        return str(msgspec.json.decode(answer.read())["author_token"])


def tag_of(path: str, origin: str) -> str:
    """The entity tag of what is at ``path``."""
    with urlopen(origin + path, timeout=30) as answer:
        return str(answer.headers["etag"])


def rate(asked: Asked, origin: str, seconds: float, **variables: str) -> float:
    """Answers a second; stops the run where one is not as it should be. ``variables`` are for the script of posts."""
    command = ["wrk", "-t1", "-c64" if asked.spread else "-c32", f"-d{max(1, round(seconds))}s"]
    if asked.spread:
        command += ["-s", str(SCRIPT), origin]
    else:
        command += [*(word for name, value in asked.headers.items() for word in ("-H", f"{name}: {value}"))]
        command.append(origin + asked.path)
    environment = {**os.environ, "SPREAD": asked.spread, **variables}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    if found is None or "Non-2xx" in told or float(found[1]) == 0:
        raise SystemExit(f"{asked.name}: not every answer was as it should be.\n{told}")
    return float(found[1])


def need_wrk() -> None:
    """Install wrk where that can be done, else say what is missing."""
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
