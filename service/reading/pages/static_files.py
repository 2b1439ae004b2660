"""The pages' own files, read once; a closed list, so no path leads anywhere else.

Pages of other origins may read them: the embed's script and style are theirs to load (Fetch Standard, section 3.3).
"""

import gzip
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from service.platform.http.conditional import entity_tag, is_known, not_modified, takes_gzip
from service.platform.http.raw_routes import path_parameter
from service.platform.problems import NotFound

TYPES = {".css": "text/css", ".js": "text/javascript"}
EMBED = "embed.js"


class File(NamedTuple):
    """A file as it is sent."""

    content: bytes
    compressed: bytes
    media_type: str
    tag: str


def _read(path: Path) -> File:
    content = path.read_bytes()
    return File(content, gzip.compress(content, mtime=0), TYPES[path.suffix], entity_tag(content))


FILES = {path.name: _read(path) for path in (Path(__file__).parent / "static").iterdir()}


async def get_static(request: Request) -> Response:
    """One of the files; kept for an hour, then asked for again by its tag."""
    name = path_parameter(request, "file")
    if name not in FILES or name == EMBED:  # it has one address, or it would be loaded twice
        raise NotFound
    return _answer(request, FILES[name])


async def get_embed(request: Request) -> Response:
    """The script that a host's page loads."""
    return _answer(request, FILES[EMBED])


def _answer(request: Request, file: File) -> Response:
    headers = {
        "etag": file.tag,
        "cache-control": "public, max-age=3600",
        "x-content-type-options": "nosniff",
        "access-control-allow-origin": "*",
        "vary": "Accept-Encoding",
    }
    if is_known(request, file.tag):
        return not_modified(headers)
    if not takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(file.content, 200, headers, media_type=file.media_type)
    return Response(file.compressed, 200, {**headers, "content-encoding": "gzip"}, media_type=file.media_type)
