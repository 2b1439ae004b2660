"""Compile the contract: the YAML files of this folder become one JSON document that the service sends as it is.

The package build runs this, also for an editable install; ``make`` and pytest run it again when a source is newer.
The document is not committed.

*Why* at build time: parsing the YAML at the first request took 0.4–1.3 s, and the service needed PyYAML to run.
"""

import importlib.util
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).parent
COMPILED = SOURCES.parent / "service/reading/docs/openapi.json"
Json = dict[str, Any]


def compile_if_stale() -> None:
    """Compile the contract if the compiled file is missing or older than a source."""
    if not is_stale():
        return
    if importlib.util.find_spec("yaml") is None:
        raise SystemExit("The contract has changed. Run “make openapi”, which installs what compiles it.")
    compile_contract()


def compile_contract(target: Path = COMPILED) -> None:
    """Write the contract to ``target``; readers see the old file or the new one, never half of it."""
    temporary = target.with_name(f"{target.name}.{os.getpid()}")
    temporary.write_text(json.dumps(bundle(SOURCES), ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    temporary.replace(target)


def is_stale(target: Path = COMPILED) -> bool:
    """Whether ``target`` is missing, or older than a source or this file."""
    if not target.exists():
        return True
    newest = max(file.stat().st_mtime for file in [Path(__file__), *SOURCES.rglob("*.yaml")])
    return target.stat().st_mtime < newest


def bundle(folder: Path) -> Json:
    """Return the contract in ``folder``, whose index is ``openapi.yaml``, as one document.

    A referenced entry (``../schemas/thread.yaml#/ThreadOut``) moves under ``components``. Its section there is named
    after its folder (``schemas``), or after its file if that is beside the index (``headers``). Paths and webhooks
    move to the place that refers to them.
    """
    folder = folder.resolve()
    read = cache(_read)
    components: dict[str, Json] = {}

    def settle(node: Any, file: Path) -> Any:
        """Return ``node`` of ``file`` with its references resolved within the one document."""
        if isinstance(node, list):
            return [settle(each, file) for each in node]
        if not isinstance(node, dict):
            return node
        beside = {name: settle(value, file) for name, value in node.items() if name != "$ref"}
        return beside if "$ref" not in node else beside | move(node["$ref"], file)

    def move(reference: str, file: Path) -> Json:
        """Move the target of ``reference`` into the one document, once; return what replaces the reference."""
        path, _, name = reference.partition("#/")
        file = (file.parent / path).resolve() if path else file
        section = file.stem if file.parent == folder else file.parent.name
        if section in {"paths", "webhooks"}:
            moved: Json = settle(read(file)[name], file)
            return moved
        held = components.setdefault(section, {})
        if name not in held:
            held[name] = {}  # a schema that refers to itself ends here
            held[name] = settle(read(file)[name], file)
        return {"$ref": f"#/components/{section}/{name}"}

    index = folder / "openapi.yaml"
    document: Json = settle(read(index), index)
    return document | {"components": document["components"] | dict(sorted(components.items()))}


def _read(file: Path) -> Json:
    import yaml  # noqa: PLC0415 - an environment that only runs the service does without it

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content: Json = yaml.load(file.read_bytes(), loader)  # noqa: S506 - a safe one, in C if available
    return content


if __name__ == "__main__":
    compile_if_stale()
