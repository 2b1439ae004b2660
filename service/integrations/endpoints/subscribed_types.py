"""For which types of events an endpoint listens. Pure."""

from collections.abc import Iterable
from functools import lru_cache

from service.platform.events.event_types import EventType

EVERY = "*"
KNOWN = frozenset(EventType) | {f"{each.partition('.')[0]}.*" for each in EventType} | {EVERY}


def unknown_type(types: Iterable[str]) -> int | None:
    """Which of ``types`` is none there is (``comment.published``, ``comment.*``, ``*``), by its number."""
    return next((number for number, each in enumerate(types) if each not in KNOWN), None)


@lru_cache(maxsize=4096)
def listens(types: str, event: str) -> bool:
    """Whether an endpoint with ``types``, as they are kept, is told of ``event``."""
    words = types.split()
    return EVERY in words or event in words or f"{event.partition('.')[0]}.*" in words
