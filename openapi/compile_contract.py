"""Compile the contract: bundle the YAML files of this folder into one JSON document, which the service sends unchanged.

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
        raise SystemExit("The contract has changed and PyYAML is missing. Run “make openapi”, which installs it.")
    compile_contract()


def compile_contract(target: Path = COMPILED) -> None:
    """Write the contract to ``target``, atomically: readers see the old file or the new one."""
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

    A referenced entry (``../schemas/thread.yaml#/ThreadOut``) is copied to ``components``. Its section is named after
    its folder (``schemas``), or after its file if that is beside the index (``headers``). Paths and webhooks replace
    the reference to them.
    """
    folder = folder.resolve()
    read = cache(_read)
    components: dict[str, Json] = {}

    def resolve(node: Any, file: Path) -> Any:
        """Return ``node`` of ``file`` with its references resolved within the bundle."""
        if isinstance(node, list):
            return [resolve(each, file) for each in node]
        if not isinstance(node, dict):
            return node
        siblings = {name: resolve(value, file) for name, value in node.items() if name != "$ref"}
        return siblings if "$ref" not in node else siblings | include(node["$ref"], file)

    def include(reference: str, file: Path) -> Json:
        """Copy the target of ``reference`` into the bundle, once; return the node that replaces the reference."""
        path, _, name = reference.partition("#/")
        file = (file.parent / path).resolve() if path else file
        section = file.stem if file.parent == folder else file.parent.name
        if section in {"paths", "webhooks"}:
            included: Json = resolve(read(file)[name], file)
            return included
        entries = components.setdefault(section, {})
        if name not in entries:
            entries[name] = {}  # a schema that refers to itself ends here
            entries[name] = resolve(read(file)[name], file)
        return {"$ref": f"#/components/{section}/{name}"}

    index = folder / "openapi.yaml"
    document: Json = resolve(read(index), index)
    return document | {"components": document["components"] | dict(sorted(components.items()))}


def _read(file: Path) -> Json:
    import yaml  # noqa: PLC0415 - an environment that only runs the service does not have it

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content: Json = yaml.load(file.read_bytes(), loader)  # noqa: S506 - a safe loader, in C if available
    return content


if __name__ == "__main__":
    compile_if_stale()
