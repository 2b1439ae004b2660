"""Event types that an endpoint subscribes to. Pure."""

from collections.abc import Iterable
from functools import lru_cache

from service.platform.events.event_types import EventType

EVERY = "*"
KNOWN = frozenset(EventType) | {f"{each.partition('.')[0]}.*" for each in EventType} | {EVERY}


def unknown_type(types: Iterable[str]) -> int | None:
    """Return the index of the first unknown type; known are ``comment.published``, ``comment.*``, ``*``."""
    return next((number for number, each in enumerate(types) if each not in KNOWN), None)


@lru_cache(maxsize=4096)
def listens(types: str, event: str) -> bool:
    """Whether an endpoint with the stored ``types`` subscribes to ``event``."""
    words = types.split()
    return EVERY in words or event in words or f"{event.partition('.')[0]}.*" in words
