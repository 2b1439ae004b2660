"""Whether the contract is a sound OpenAPI 3.1 document: ``python -m tests.contract.lint``.

Beyond what the specification asks: each example fits its schema, each operation says what it is and how it can fail,
and nothing is written down that nothing refers to, or twice by one name.
"""

import re
import sys
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator

from openapi.compile_contract import SOURCES, bundle

Json = dict[str, Any]
Operation = tuple[str, str, Json]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
IN_PLACE = ("paths", "webhooks")
SHARED = ("parameters.yaml", "headers.yaml", "responses.yaml", "schemas/*.yaml", "examples/*.yaml")
FORMATS = FormatChecker()


def main() -> int:
    """Print the findings, or one line that there are none; the exit status."""
    try:
        document = contract()
    except (KeyError, OSError, yaml.YAMLError) as error:
        print(f"The files do not make one document: {error!r}", file=sys.stderr)
        return 1
    if found := findings(document):
        print("\n".join(found), file=sys.stderr)
        return 1
    schemas = document["components"]["schemas"]
    counts = f"{len(operations(document))} operations, {len(webhooks(document))} webhooks, {len(schemas)} schemas"
    print(f"contract: {counts}, OK")
    return 0


@cache
def contract(folder: Path = SOURCES) -> Json:
    """The contract as a client reads it at ``/openapi.json``."""
    document: Json = msgspec.json.decode(msgspec.json.encode(bundle(folder)))
    return document


def operations(document: Json) -> list[Operation]:
    """Every operation with its method and path."""
    return [
        (method.upper(), path, item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]


def webhooks(document: Json) -> list[Operation]:
    """What is sent, as operations at whoever receives it, with the type where others have a path."""
    return [("POST", name, item["post"]) for name, item in document["webhooks"].items()]


def resolve(document: Json, node: Json) -> Json:
    """``node``, or what it refers to."""
    while "$ref" in node:
        _, _, section, name = node["$ref"].split("/")
        node = document["components"][section][name]
    return node


def findings(document: Json, folder: Path = SOURCES) -> list[str]:
    """What is wrong with the contract, a line for each."""
    return [*_not_openapi(document), *_vague(document), *_untrue_examples(document), *_misplaced(document, folder)]


def _not_openapi(document: Json) -> Iterator[str]:
    for error in OpenAPIV31SpecValidator(document).iter_errors():
        yield f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"


def _vague(document: Json) -> Iterator[str]:
    for method, path, operation in [*operations(document), *webhooks(document)]:
        lacking = [name for name in ("operationId", "summary", "tags", "security") if name not in operation]
        # Where nobody has to say who they are there is nothing either that a client could get wrong.
        if operation.get("security") != [] and not any(status.startswith("4") for status in operation["responses"]):
            lacking.append("4xx response")
        yield from (f"{method} {path} has no {name}" for name in lacking)


def strictly(document: Json, schema: Json) -> Draft202012Validator:
    """What tells whether a value fits ``schema`` of the document, with no member that it does not name."""
    components = {"components": {"schemas": _closed(document["components"]["schemas"])}}
    return Draft202012Validator({**_closed(schema), **components}, format_checker=FORMATS)


def _untrue_examples(document: Json) -> Iterator[str]:
    for where, schema, example in _examples(document, document, "#"):
        for error in strictly(document, schema).iter_errors(example):
            yield f"{where}{error.json_path.removeprefix('$')}: {error.message[:300]}"


def _examples(document: Json, node: Any, where: str) -> Iterator[tuple[str, Json, Any]]:
    """Every example below ``node``: where it stands, its schema, its value."""
    if isinstance(node, list):
        for number, each in enumerate(node):
            yield from _examples(document, each, f"{where}/{number}")
    if not isinstance(node, dict):
        return
    if isinstance(schema := node.get("schema"), dict):
        if "example" in node:
            yield f"{where}/example", schema, node["example"]
        for name, example in node.get("examples", {}).items():
            yield f"{where}/examples/{name}", schema, resolve(document, example)["value"]
    for name, value in node.items():
        if name not in {"example", "examples"}:
            yield from _examples(document, value, f"{where}/{name}")


def _closed(schema: Any) -> Any:
    """``schema`` with no room for members that it does not name, so that a misspelt one is found."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(value) for name, value in schema.items()}
    return {"additionalProperties": False, **closed} if isinstance(closed.get("properties"), dict) else closed


def _misplaced(document: Json, folder: Path) -> Iterator[str]:
    """Entries of the files that nothing refers to, or that would hide another of the same name."""
    seen: set[tuple[str, str]] = set()
    used = {(section, name) for section, held in document["components"].items() for name in held}
    index = re.findall(r"(\w+)/\w+\.yaml#/([\w.]+)", (folder / "openapi.yaml").read_text())
    used |= {(section, reference) for section, reference in index if section in IN_PLACE}
    patterns = [*SHARED, *(f"{section}/*.yaml" for section in IN_PLACE)]
    for file in [path for pattern in patterns for path in sorted(folder.glob(pattern))]:
        section = file.stem if file.parent == folder else file.parent.name
        for name in yaml.safe_load(file.read_bytes()):
            if (section, name) in seen:
                yield f"{file.relative_to(folder)}: there are two {section} called {name}"
            if (section, name) not in used:
                yield f"{file.relative_to(folder)}: nothing refers to {name}"
            seen.add((section, name))


@FORMATS.checks("date-time", raises=ValueError)
def _is_instant(text: object) -> bool:
    return not isinstance(text, str) or datetime.fromisoformat(text).tzinfo is not None


if __name__ == "__main__":
    sys.exit(main())
