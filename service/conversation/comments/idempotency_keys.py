"""Idempotency keys that a client sends, and those that the page derives for its form.

*Why two kinds.* A retry of a post gets the author token again only if its key is a secret of the sender. A derived key
is made of what the form contains, and anybody can read that on the page. So it finds the first post but never proves
who wrote it. It is keyed with the installation's secret key and contains a space, which a header's key can't.
"""

import hmac
from hashlib import blake2b

import msgspec

MIN_SECRET_LENGTH = 16  # a shorter key can be guessed
_DERIVED = "derived "  # path_ids.IDEMPOTENCY_KEY allows no space


class DerivedKeys:
    """Derives keys with the installation's secret key (HMAC-SHA-256, RFC 2104)."""

    def __init__(self, secret_key: str) -> None:
        self._key = hmac.digest(secret_key.encode(), b"onereply derived idempotency key", "sha256")

    def make(self, *parts: object) -> str:
        """Return the key of a post that consists of ``parts``."""
        return _DERIVED + blake2b(msgspec.json.encode(parts), key=self._key, digest_size=24).hexdigest()


def proves_author(key: str) -> bool:
    """Whether only the sender of the first post can know ``key``."""
    return len(key) >= MIN_SECRET_LENGTH and not key.startswith(_DERIVED)
