"""The only source of time and ids, so that tests can pin both."""

from datetime import UTC, datetime
from uuid import UUID

import uuid_utils
import uuid_utils.compat


def now() -> datetime:
    """The current time in UTC. Call it as ``clock.now()``, and while holding the lock that the time decides about."""
    return datetime.now(UTC)


def new_hex_id() -> str:
    """A new UUIDv7 as 32 hexadecimal digits."""
    return uuid_utils.uuid7().hex


def new_id() -> UUID:
    """A new UUIDv7 (RFC 9562, section 5.7): ids sort by creation, so indexes grow at their end."""
    return uuid_utils.compat.uuid7()
