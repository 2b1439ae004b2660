"""Signed timestamps of forms, so that a client cannot backdate a form."""

import hmac
from datetime import datetime

MAX_SECONDS = 86_400 * 30.0


class FormTimestamps:
    """Makes and reads timestamps, signed with the installation's secret key (HMAC-SHA-256, RFC 2104)."""

    def __init__(self, secret_key: str) -> None:
        self._key = hmac.digest(secret_key.encode(), b"onereply form stamp", "sha256")

    def make(self, now: datetime) -> str:
        """Return the timestamp for a form created at ``now``."""
        instant = str(int(now.timestamp()))
        return f"{instant}.{self._tag(instant)}"

    def seconds_since(self, timestamp: str, now: datetime) -> float:
        """Return the age of ``timestamp`` in seconds, at most :data:`MAX_SECONDS`; 0 if invalid."""
        instant, _, tag = timestamp.partition(".")
        if not hmac.compare_digest(tag.encode(), self._tag(instant).encode()):
            return 0
        return min(max(0.0, now.timestamp() - int(instant)), MAX_SECONDS)

    def _tag(self, instant: str) -> str:
        return hmac.digest(self._key, instant.encode(), "sha256")[:12].hex()
