"""The API contract at ``/openapi.json``: one OpenAPI document, compiled from ``openapi/`` when the package is built."""

import asyncio
import errno
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from service.platform.http.base_path import base_path_of
from service.reading.pages.static_files import File, send_file

COMPILED = Path(__file__).parent / "openapi.json"
MAX_AGE_SECONDS = 300  # it changes only with a release
Json = dict[str, Any]


def _read() -> File:
    try:
        return File.of(COMPILED.read_bytes(), "application/json")
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, "not compiled yet, run “make openapi”", str(COMPILED)) from None


FILE = _read()


async def get_contract(request: Request) -> Response:
    """Send the whole contract; it refers to nothing outside itself."""
    file = await asyncio.to_thread(_file_below, base_path_of(request))
    return await send_file(request, file, headers={"cache-control": f"public, max-age={MAX_AGE_SECONDS}"})


@cache
def _file_below(base_path: str) -> File:
    """Return the contract of a service below ``base_path``, with the path in its server's URL and problem types."""
    if not base_path:
        return FILE
    server: Json = {**contract()["servers"][0], "url": base_path}
    content = msgspec.json.encode({**contract(), "servers": [server]})
    return File.of(content.replace(b'"/problems/', f'"{base_path}/problems/'.encode()), "application/json")


@cache
def contract() -> Json:
    """Return the contract as one document, decoded once."""
    document: Json = msgspec.json.decode(FILE.content())
    return document
