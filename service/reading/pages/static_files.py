"""The static files of the pages, read once at start. No other file can be requested.

A file ``name.gz`` is served as ``name``. It stays compressed in memory, and is decompressed only for a client that
does not accept gzip (RFC 9110, section 12.5.3).

Pages of other origins may load these files, because host pages use the embed's script and style (Fetch Standard,
section 3.3).
"""

import asyncio
import gzip
from pathlib import Path
from typing import NamedTuple, Self

from starlette.requests import Request
from starlette.responses import Response

from service.platform.http.conditional import accepts_gzip, entity_tag, is_not_modified, not_modified
from service.platform.http.raw_routes import path_parameter
from service.platform.problems import NotFound

TYPES = {".css": "text/css", ".js": "text/javascript", ".txt": "text/plain"}
EMBED = "embed.js"


class File(NamedTuple):
    """A file as it is sent; ``plain`` is None if memory holds only the compressed form."""

    compressed: bytes
    plain: bytes | None
    media_type: str
    tag: str

    @classmethod
    def of(cls, plain: bytes, media_type: str) -> Self:
        """Compress ``plain`` once."""
        return cls(gzip.compress(plain, mtime=0), plain, media_type, entity_tag(plain))

    def content(self) -> bytes:
        """Return the file uncompressed."""
        return gzip.decompress(self.compressed) if self.plain is None else self.plain


def _read(path: Path) -> tuple[str, File]:
    content = path.read_bytes()
    if path.suffix != ".gz":
        return path.name, File.of(content, TYPES[path.suffix])
    return path.stem, File(content, None, TYPES[Path(path.stem).suffix], entity_tag(content))


def read_folder(folder: Path) -> dict[str, File]:
    """Read the files of ``folder``, by the name under which they are served."""
    return dict(_read(path) for path in folder.iterdir())


FILES = read_folder(Path(__file__).parent / "static")


async def get_static(request: Request) -> Response:
    """Send one of the files."""
    name = path_parameter(request, "file")
    if name not in FILES or name == EMBED:  # with a second URL, browsers would load it twice
        raise NotFound
    return await send_shared(request, FILES[name])


async def get_embed(request: Request) -> Response:
    """Send the script that a host's page loads."""
    return await send_shared(request, FILES[EMBED])


async def send_shared(request: Request, file: File) -> Response:
    """Send a file that pages of any origin may load; clients cache it for an hour, then revalidate it by its tag."""
    headers = {
        "cache-control": "public, max-age=3600",
        "access-control-allow-origin": "*",
    }
    return await send_file(request, file, headers=headers)


async def send_file(request: Request, file: File, *, headers: dict[str, str]) -> Response:
    """Send ``file`` with ``headers``: compressed for a client that accepts gzip, or 304 for one that has it."""
    headers = {**headers, "etag": file.tag, "vary": "Accept-Encoding"}
    if is_not_modified(request, file.tag):
        return not_modified(headers)
    if not accepts_gzip(request.headers.get("accept-encoding", "")):
        return Response(await asyncio.to_thread(file.content), 200, headers, media_type=file.media_type)
    return Response(file.compressed, 200, {**headers, "content-encoding": "gzip"}, media_type=file.media_type)
