"""When a form was made, signed, so that whoever sends it can't say it was earlier."""

import hmac
from datetime import datetime

LONGEST = 86_400 * 30.0


class FormTimestamps:
    """Makes and reads stamps with the installation's secret key (HMAC-SHA-256, RFC 2104)."""

    def __init__(self, secret_key: str) -> None:
        self._key = hmac.digest(secret_key.encode(), b"onereply form stamp", "sha256")

    def make(self, now: datetime) -> str:
        """The stamp of a form that is made at ``now``."""
        instant = str(int(now.timestamp()))
        return f"{instant}.{self._tag(instant)}"

    def seconds_since(self, stamp: str, now: datetime) -> float:
        """How long ago ``stamp`` was made, at most :data:`LONGEST` seconds; 0 where it is none of ours."""
        instant, _, tag = stamp.partition(".")
        if not hmac.compare_digest(tag.encode(), self._tag(instant).encode()):
            return 0
        return min(max(0.0, now.timestamp() - int(instant)), LONGEST)

    def _tag(self, instant: str) -> str:
        return hmac.digest(self._key, instant.encode(), "sha256")[:12].hex()
