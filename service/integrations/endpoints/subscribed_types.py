"""Event types that an endpoint subscribes to. Pure."""

from collections.abc import Iterable
from functools import lru_cache

from service.platform.events.event_types import EventType

ALL_TYPES = "*"
KNOWN_TYPES = frozenset(EventType) | {f"{each.partition('.')[0]}.*" for each in EventType} | {ALL_TYPES}


def find_unknown_type(types: Iterable[str]) -> int | None:
    """Return the index of the first unknown type; known are ``comment.published``, ``comment.*``, ``*``."""
    return next((number for number, each in enumerate(types) if each not in KNOWN_TYPES), None)


@lru_cache(maxsize=4096)
def is_subscribed(types: str, event: str) -> bool:
    """Whether an endpoint with the stored ``types`` subscribes to ``event``."""
    subscribed = types.split()
    return ALL_TYPES in subscribed or event in subscribed or f"{event.partition('.')[0]}.*" in subscribed
