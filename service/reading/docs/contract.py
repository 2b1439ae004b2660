"""The contract, written by hand in ``openapi/`` and served as one document at ``/openapi.json``."""

import asyncio
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml
from starlette.requests import Request
from starlette.responses import Response

from service.platform.http.conditional import entity_tag, is_known, not_modified
from service.platform.shipped_files import shipped

CONTRACT = shipped("openapi")
MAX_AGE_SECONDS = 300  # it changes with a release only
Json = dict[str, Any]

_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


async def get_contract(request: Request) -> Response:
    """The whole contract, which refers to nothing outside itself."""
    content, tag = await asyncio.to_thread(_encoded)
    headers = {"etag": tag, "cache-control": f"public, max-age={MAX_AGE_SECONDS}"}
    if is_known(request, tag):
        return not_modified(headers)
    return Response(content, headers=headers, media_type="application/json")


@cache
def _encoded() -> tuple[bytes, str]:
    """The contract's JSON and its entity tag; read once, when somebody first asks."""
    content = msgspec.json.encode(bundle(CONTRACT))
    return content, entity_tag(content)


def bundle(folder: Path) -> Json:
    """The contract in ``folder``, whose index is ``openapi.yaml``, as one document.

    What an entry refers to (``../schemas/thread.yaml#/ThreadOut``) moves under ``components``, by the name of the
    folder or, where it stands beside the index, of the file that holds it (``schemas``, ``headers``). Paths and
    webhooks move to where they are referred to.
    """
    folder = folder.resolve()
    read = cache(_read)
    components: dict[str, Json] = {}

    def settle(node: Any, file: Path) -> Any:
        """``node`` of ``file`` with its references made those of the one document."""
        if isinstance(node, list):
            return [settle(each, file) for each in node]
        if not isinstance(node, dict):
            return node
        beside = {name: settle(value, file) for name, value in node.items() if name != "$ref"}
        return beside if "$ref" not in node else beside | move(node["$ref"], file)

    def move(reference: str, file: Path) -> Json:
        """What stands for ``reference`` in the one document; what it refers to is there already, or comes along."""
        path, _, name = reference.partition("#/")
        file = (file.parent / path).resolve() if path else file
        section = file.stem if file.parent == folder else file.parent.name
        if section in {"paths", "webhooks"}:
            moved: Json = settle(read(file)[name], file)
            return moved
        held = components.setdefault(section, {})
        if name not in held:
            held[name] = {}  # so that what refers to itself comes to an end
            held[name] = settle(read(file)[name], file)
        return {"$ref": f"#/components/{section}/{name}"}

    index = folder / "openapi.yaml"
    document: Json = settle(read(index), index)
    return document | {"components": document["components"] | dict(sorted(components.items()))}


def _read(file: Path) -> Json:
    content: Json = yaml.load(file.read_bytes(), _LOADER)  # noqa: S506 - it is a safe one, in C where there is one
    return content
