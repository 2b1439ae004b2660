"""The bases of the structs that clients send."""

from datetime import UTC, datetime
from typing import Any

import msgspec

EARLIEST, LATEST = 1900, 2999


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The base of all structs that a client sends: what the contract does not say does not exist.

    A member left out is ``msgspec.UNSET``, apart from one given as null.
    """


class Timed(Body):
    """The base of structs with instants: they are taken in UTC, between the years 1900 and 2999.

    So every one of them can be kept by either database and counted on from.
    """

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, datetime):
                setattr(self, name, _in_utc(value, name))


def _in_utc(instant: datetime, field: str) -> datetime:
    try:
        in_utc = instant.astimezone(UTC)
    except OverflowError:
        in_utc = None
    if in_utc is None or not EARLIEST <= in_utc.year <= LATEST:
        raise ValueError(f"Expected an instant between the years {EARLIEST} and {LATEST} as field `{field}`")
    return in_utc


def given_fields(body: Body) -> dict[str, Any]:
    """The members that the client gave, by name; those left out are absent."""
    fields = ((name, getattr(body, name)) for name in body.__struct_fields__)
    return {name: value for name, value in fields if value is not msgspec.UNSET}
