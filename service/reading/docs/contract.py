"""The API contract at ``/openapi.json``: one OpenAPI document, compiled from ``openapi/`` when the package is built."""

import errno
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

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
    return await send_file(request, FILE, headers={"cache-control": f"public, max-age={MAX_AGE_SECONDS}"})


@cache
def contract() -> Json:
    """Return the contract as one document, decoded once."""
    document: Json = msgspec.json.decode(FILE.content())
    return document
