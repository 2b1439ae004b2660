"""The pages' own files, read once; a closed list, so no path leads anywhere else."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from service.web.conditional import entity_tag, is_known, not_modified
from service.web.problems import NotFound
from service.web.routing import path_parameter

FILES = {path.name: path.read_bytes() for path in (Path(__file__).parent / "static").glob("*.css")}


async def get_static(request: Request) -> Response:
    """One of the files; kept for an hour, then asked for again by its tag."""
    content = FILES.get(path_parameter(request, "file"))
    if content is None:
        raise NotFound
    tag = entity_tag(content)
    headers = {"etag": tag, "cache-control": "public, max-age=3600", "x-content-type-options": "nosniff"}
    return not_modified(headers) if is_known(request, tag) else Response(content, 200, headers, media_type="text/css")
