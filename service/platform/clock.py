"""The one source of the time and of new ids, so that a test can pin both."""

from datetime import UTC, datetime
from uuid import UUID

import uuid_utils.compat


def now() -> datetime:
    """The current instant, in UTC. Call it as ``clock.now()``, and under the lock that it is to decide for."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562, section 5.7): later ids sort after earlier ones, so indexes grow at their end."""
    return uuid_utils.compat.uuid7()
