"""Decode and validate requests into typed structs, or raise a problem.

Code behind this edge does not validate again.
"""

import asyncio
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NoReturn, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request

from service.platform.http.raw_routes import query_of
from service.platform.problems import (
    INVALID_FORMAT,
    ContentTooLarge,
    InvalidField,
    InvalidParameter,
    MalformedJson,
    RequestTimeout,
    Translated,
    UnsupportedMediaType,
    json_pointer,
)
from service.platform.renamed import MEMBERS

BODY_LIMIT = 64 * 1024
BODY_SECONDS = 20.0
T = TypeVar("T")
Schema = dict[str, Any]
Query = TypeVar("Query", bound=msgspec.Struct)


async def decode_body(request: Request, kind: type[T], *, limit: int = BODY_LIMIT, optional: bool = False) -> T:
    """Decode the request's JSON body as ``kind``; if ``optional``, a missing body means an empty object.

    Raises :class:`UnsupportedMediaType`, :class:`ContentTooLarge` (over ``limit`` bytes), :class:`RequestTimeout`,
    :class:`MalformedJson` or :class:`InvalidField`.
    """
    body = await read_body(request, limit=limit)
    return decode(b"{}", kind) if optional and not body else decode_bytes(request, body, kind)


def decode_bytes(request: Request, body: bytes, kind: type[T]) -> T:
    """Decode ``body``, already read from ``request``, as ``kind``.

    Raises :class:`UnsupportedMediaType`, :class:`MalformedJson` or :class:`InvalidField`.
    """
    content_type = media_type_of(request)
    if content_type != "application/json" and not content_type.endswith("+json"):
        raise UnsupportedMediaType
    return decode(body, kind)


def media_type_of(request: Request) -> str:
    """The media type in ``Content-Type``, without parameters; empty if there is none.

    A body needs one: without it a page of any origin could send the body without a preflight (Fetch Standard,
    section 2.2.2).
    """
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_body(request: Request, *, limit: int) -> bytes:
    """Read the body; stops after ``limit`` bytes or :data:`BODY_SECONDS`.

    Raises :class:`ContentTooLarge`, :class:`RequestTimeout` or :class:`MalformedJson`.
    """
    declared = request.headers.get("content-length", "0")
    if declared.isascii() and declared.isdigit() and (len(declared) > 18 or int(declared) > limit):
        raise ContentTooLarge(Translated("largest", {"largest": limit}))
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise ContentTooLarge(Translated("largest", {"largest": limit}))
    except TimeoutError:
        raise RequestTimeout from None
    except ClientDisconnect:
        raise MalformedJson("The body ended early.") from None
    return bytes(body)


def decode(body: bytes, kind: type[T]) -> T:
    """Decode ``body`` as ``kind``; raises :class:`MalformedJson` or :class:`InvalidField`."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        _invalid(str(error), kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedJson(f"{error}.") from None
    except RecursionError:
        raise MalformedJson("The body is nested too deeply.") from None
    except (ValueError, OverflowError) as error:  # msgspec raises it for a date that does not exist
        raise InvalidField(f"{error}.", pointer="") from None


def decode_query(request: Request, kind: type[Query]) -> Query:
    """Decode the query parameters as ``kind``; unknown and repeated parameters are errors.

    Raises :class:`InvalidParameter`.
    """
    given: dict[str, str] = {}
    for name, value in query_of(request).multi_items():
        if name in given:
            raise InvalidParameter(f"“{name}” is given twice; give it once.", parameter=name)
        given[name] = value
    try:
        return msgspec.convert(typed_values(given, kind), kind)
    except msgspec.ValidationError as error:
        message, path = _split(str(error))
        named = _NAMED_FIELD.search(message)
        name = named[1] if named else path.lstrip("$.") or "query"
        if message.startswith("Object contains unknown field"):
            raise InvalidParameter(f"“{name}” is not a parameter of this route.", parameter=name) from None
        raise InvalidParameter(_detail(message, kind, path), parameter=name) from None
    except (ValueError, OverflowError) as error:
        raise InvalidParameter(f"{error}.", parameter="query") from None


def typed_values(given: Mapping[str, str], kind: type[msgspec.Struct]) -> dict[str, str | int]:
    """Return the values ``given`` as text with the integers and booleans of ``kind`` as such, where they parse."""
    types = _types_of(kind)
    return {name: _typed(value, types.get(name)) for name, value in given.items()}


@cache
def _types_of(kind: type[msgspec.Struct]) -> dict[str, type[int] | type[bool]]:
    """The parameters of ``kind`` that are integers or booleans; all others are text, including times.

    msgspec's lax mode could convert by itself, but it also accepts ``null`` for None and a bare number for a time.
    """
    info = msgspec.inspect.type_info(kind)
    assert isinstance(info, msgspec.inspect.StructType)
    found = {field.name: _type_of(field.type) for field in info.fields}
    return {name: type_ for name, type_ in found.items() if type_}


def _type_of(kind: msgspec.inspect.Type) -> type[int] | type[bool] | None:
    if isinstance(kind, msgspec.inspect.UnionType):
        return next(filter(None, map(_type_of, kind.types)), None)
    if isinstance(kind, msgspec.inspect.BoolType):
        return bool
    return int if isinstance(kind, msgspec.inspect.IntType) else None


def _typed(value: str, type_: type[int] | type[bool] | None) -> str | int:
    if type_ is bool:
        return _BOOLEANS.get(value, value)
    return int(value) if type_ is int and _INTEGER.fullmatch(value) else value


_BOOLEANS = {"true": True, "false": False}
_INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)


def _invalid(error: str, kind: object) -> NoReturn:
    message, path = _split(error)
    pointer = pointer_of(path)
    named = _NAMED_FIELD.search(message)
    if named and "[...]" not in path:
        pointer += json_pointer(named[1])
        if (new := MEMBERS.get(named[1])) and _has_member(kind, new):
            raise InvalidField(f"“{named[1]}” is now called “{new}”.", pointer=pointer)
    length = _LENGTH.match(message)
    if length and length[1] == "<=":
        raise InvalidField(Translated("max-length", {"max_length": int(length[2])}), pointer=pointer)
    raise InvalidField(Translated("blank") if length else _detail(message, kind, path), pointer=pointer)


def _split(error: str) -> tuple[str, str]:
    # msgspec gives the path only at the end of its message: “Expected `str`, got `int` - at `$.author.name`”. A member
    # name from the client can contain anything, so only the end of the message counts.
    match = _PATH.fullmatch(error)
    return (match[1], match[2]) if match and match[1].count("`") % 2 == 0 else (error, "$")


def _detail(message: str, kind: object, path: str) -> str:
    if _PATTERN_MISMATCH.match(message):
        return INVALID_FORMAT
    if message.startswith("Invalid enum value") and (values := _values_at(kind, path)):
        message += f"; valid values: {', '.join(values)}"
    message = message.replace("Object missing required field", "The object lacks the field")
    quoted = re.sub(r"`([^`]*)`", r"“\1”", message)
    return re.sub(r"\bObject\b", "The object", quoted) + "."


_PATH = re.compile(r"(.*) - at `(\$[^`]*)`", re.DOTALL)
_PATTERN_MISMATCH = re.compile(r"Expected `str` matching regex ")
_LENGTH = re.compile(r"Expected `str` of length (<=|>=) (\d+)")
_NAMED_FIELD = re.compile(r"(?:missing required|unknown|as) field `(.*)`", re.DOTALL)


def _values_at(kind: object, path: str) -> list[str]:
    """The allowed values of the member at ``path`` of ``kind``; empty if it has no closed list."""
    schema, components = _schema_of(kind)
    schemas = _alternatives(schema, components)
    for part in re.findall(r"[^.$\[\]]+", path):
        children = [each.get("properties", {}).get(part) or each.get("items", {}) for each in schemas]
        schemas = [one for each in children for one in _alternatives(each, components)]
    return [value for each in schemas for value in each.get("enum", []) if value is not None]


def _has_member(kind: object, name: str) -> bool:
    """Whether ``kind``, or a struct inside it, has a member ``name``."""
    _, components = _schema_of(kind)
    return any(name in each.get("properties", {}) for each in components.values())


def _alternatives(schema: Schema, components: dict[str, Schema]) -> list[Schema]:
    """Resolve the reference or the alternatives of ``schema``."""
    if "$ref" in schema:
        return [components[schema["$ref"]]]
    return (
        [one for each in schema["anyOf"] for one in _alternatives(each, components)] if "anyOf" in schema else [schema]
    )


@cache
def _schema_of(kind: object) -> tuple[Schema, dict[str, Schema]]:
    [schema], components = msgspec.json.schema_components([kind], ref_template="{name}")
    return schema, components


def pointer_of(path: str) -> str:
    """Convert msgspec's path to a JSON Pointer (RFC 6901): ``$.comments[2].id`` becomes ``/comments/2/id``.

    msgspec does not name the key in a map, so the pointer to something inside ends at the map.
    """
    known = path.partition("[...]")[0]
    return json_pointer(*re.findall(r"[^.$\[\]]+", known))
