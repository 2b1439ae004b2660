"""Form fields made from a struct of rules or settings, and the values that a form gives them.

A list is a text area with an item a line. An empty field is null where the struct allows it. Each field that can't be
decoded has its own message; the others keep what was typed.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec
from msgspec import inspect

from service.desk.forms.field_texts import Kind, Typed, read_text, write_text
from service.platform.http.decode import decode
from service.platform.http.form_fields import FormFields
from service.platform.problems import InvalidField
from service.platform.sites.site_settings import OidcRole


class FieldType(NamedTuple):
    """A member of a struct as a form shows it: the kind of its control, its limits and its default."""

    name: str
    kind: Kind
    default: object
    is_optional: bool = False
    lowest: int | None = None
    highest: int | None = None
    max_length: int | None = None
    choices: tuple[str, ...] = ()


class Field(NamedTuple):
    """A field with what it holds; ``error`` says why that can't be used, and ``differs`` whether a section has it."""

    type: FieldType
    typed: Typed
    error: str | None = None
    differs: bool = True

    @property
    def name(self) -> str:
        """The name of the member."""
        return self.type.name


@cache
def field_types(kind: type[msgspec.Struct]) -> dict[str, FieldType]:
    """Return the fields of ``kind`` by name, in its order, without maps of structs."""
    info, hints = inspect.type_info(kind), get_type_hints(kind, include_extras=True)
    assert isinstance(info, inspect.StructType)
    shown = (_field_type(field, hints[field.name]) for field in info.fields)
    return {each.name: each for each in shown if each}


def show_fields(values: msgspec.Struct, names: Iterable[str]) -> dict[str, Field]:
    """Return the fields ``names`` of ``values`` as they are stored."""
    types = field_types(type(values))
    return {name: Field(types[name], write_text(types[name].kind, getattr(values, name))) for name in names}


def read_fields(
    fields: FormFields, base: msgspec.Struct, names: Iterable[str]
) -> tuple[dict[str, Any], dict[str, Field]]:
    """Decode the fields ``names`` of the form as members of the type of ``base``.

    Returns the values of those that are valid, and all fields as they were typed.
    """
    kind = type(base)
    types, values, shown = field_types(kind), dict[str, Any](), dict[str, Field]()
    for name in names:
        type_ = types[name]
        typed: Typed = fields.all(name) if type_.kind == "choices" else fields.get(name, "")
        error = None
        try:
            given = read_text(type_.kind, typed, is_optional=type_.is_optional)
            values[name] = getattr(decode(msgspec.json.encode({name: given}), kind), name)
        except InvalidField as problem:
            error = message_of(problem)
        shown[name] = Field(type_, typed, error)
    return values, shown


def mark_field(shown: Mapping[str, Field], problem: InvalidField, *, below: str = "") -> dict[str, Field]:
    """Return the fields with the message of ``problem`` at the one to which its pointer leads.

    ``below`` is the pointer of the struct. A problem of no field is raised again.
    """
    pointer: str = problem.members["pointer"].removeprefix(below)
    name = pointer.lstrip("/").partition("/")[0]
    if name not in shown:
        raise problem
    return {**shown, name: shown[name]._replace(error=message_of(problem))}


def message_of(problem: InvalidField) -> str:
    """Return the message of ``problem``, with the line of an item in a list."""
    last = problem.members["pointer"].rpartition("/")[2]
    return f"{int(last) + 1}: {problem}" if last.isdigit() else str(problem)


def _field_type(field: inspect.Field, hint: object) -> FieldType | None:
    """Return how a form shows ``field``; None for a map, which has a page of its own."""
    kinds = [*_alternatives(field.type)]
    is_optional = any(isinstance(each, inspect.NoneType) for each in kinds)
    kind = next(each for each in kinds if not isinstance(each, inspect.NoneType))
    default = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    shown = FieldType(field.name, "text", default, is_optional)
    match kind:
        case inspect.IntType():
            shown = shown._replace(kind="number", lowest=kind.ge, highest=kind.le)
        case inspect.BoolType():
            shown = shown._replace(kind="switch")
        case inspect.LiteralType():
            control: Kind = "who" if any(isinstance(each, inspect.StructType) for each in kinds) else "choice"
            shown = shown._replace(kind=control, choices=_choices(hint))
        case inspect.VarTupleType():
            choices = _choices(hint)
            shown = shown._replace(kind="choices" if choices else "lines", choices=choices, highest=kind.max_length)
        case inspect.StrType():
            shown = shown._replace(max_length=kind.max_length)
        case inspect.DictType(value_type=inspect.DictType()):
            shown = shown._replace(kind="reasons")
        case inspect.DictType(value_type=inspect.StructType(cls=each)) if each is OidcRole:
            shown = shown._replace(kind="roles")
        case _:
            return None
    return shown


def _alternatives(kind: inspect.Type) -> Iterator[inspect.Type]:
    if isinstance(kind, inspect.Metadata):
        yield from _alternatives(kind.type)
    elif isinstance(kind, inspect.UnionType):
        for each in kind.types:
            yield from _alternatives(each)
    else:
        yield kind


def _choices(hint: object) -> tuple[str, ...]:
    """The values of the first Literal in ``hint``, in the order in which they are written."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    return next(filter(None, map(_choices, get_args(hint))), ())
