"""The fields of an HTML form (URL Standard, section 5.1), and their conversion to a typed struct."""

from collections.abc import Iterator, Mapping
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from service.platform.http.decode import decode, media_type_of, read_body, typed_values
from service.platform.problems import UnsupportedMediaType

T = TypeVar("T", bound=msgspec.Struct)


class FormFields(Mapping[str, str]):
    """The fields of a form in their order; a name can have several values, and ``[]`` returns the last."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = pairs
        self._last = dict(pairs)

    def __getitem__(self, name: str) -> str:
        return self._last[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._last)

    def __len__(self) -> int:
        return len(self._last)

    def all(self, name: str) -> list[str]:
        """Return every value of the field ``name``."""
        return [value for each, value in self.pairs if each == name]


async def read_form(request: Request, *, limit: int, max_fields: int) -> FormFields:
    """Read the first ``max_fields`` fields of a form of at most ``limit`` bytes.

    Raises :class:`UnsupportedMediaType`, :class:`ContentTooLarge` or :class:`RequestTimeout`.
    """
    body = await read_body(request, limit=limit)
    if body and media_type_of(request) != "application/x-www-form-urlencoded":
        raise UnsupportedMediaType
    first = b"&".join(body.split(b"&", max_fields)[:max_fields])
    return FormFields(parse_qsl(first.decode("utf-8", "replace"), keep_blank_values=True))


def decode_form(fields: FormFields, kind: type[T]) -> T:
    """Decode ``fields`` as ``kind``; an empty field counts as missing, and unknown fields are ignored.

    A list has one field per member. Raises :class:`InvalidField`.
    """
    info = msgspec.inspect.type_info(kind)
    assert isinstance(info, msgspec.inspect.StructType)
    given = {name: value for name, value in fields.items() if value and name in kind.__struct_fields__}
    values: dict[str, object] = {**typed_values(given, kind)}
    for field in info.fields:
        if field.name in given and _is_list(field.type):
            values[field.name] = fields.all(field.name)
    return decode(msgspec.json.encode(values), kind)


def _is_list(kind: msgspec.inspect.Type) -> bool:
    if isinstance(kind, msgspec.inspect.UnionType):
        return any(map(_is_list, kind.types))
    return isinstance(kind, msgspec.inspect.ListType)
