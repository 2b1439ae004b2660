"""Base classes of request bodies."""

from datetime import UTC, datetime
from typing import Any

import msgspec

MIN_YEAR, MAX_YEAR = 1900, 2999


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The base of all request bodies: unknown members are errors.

    A missing member is ``msgspec.UNSET``, which differs from null.
    """


class BodyWithTimes(Body):
    """The base of bodies with times: converts them to UTC and requires a year from 1900 to 2999.

    Both databases can then store every time, and adding durations to it can't overflow.
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
    if in_utc is None or not MIN_YEAR <= in_utc.year <= MAX_YEAR:
        raise ValueError(f"Expected a time in the years {MIN_YEAR} to {MAX_YEAR} as field `{field}`")
    return in_utc


def sent_fields(body: Body) -> dict[str, Any]:
    """The members that the client sent, by name."""
    fields = ((name, getattr(body, name)) for name in body.__struct_fields__)
    return {name: value for name, value in fields if value is not msgspec.UNSET}
