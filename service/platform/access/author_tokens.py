"""Author tokens: proof that a reader without an account wrote a comment.

A token contains the reader's id and its keyed hash with the site (HMAC-SHA-256, RFC 2104), so checking it needs no
database read. The answer to the first comment contains it. Later comments that send it belong to the same reader.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

PREFIX = "author_"
TAG_BYTES = 16


class AuthorTokens:
    """Makes and checks author tokens with the installation's secret key."""

    def __init__(self, secret_key: str) -> None:
        self._key = hmac.digest(secret_key.encode(), b"onereply author token", "sha256")

    def make(self, site_id: int, reader_id: UUID) -> str:
        """Return the token of ``reader_id`` at a site; it is always the same."""
        return PREFIX + urlsafe_b64encode(reader_id.bytes + self._tag(site_id, reader_id.bytes)).rstrip(b"=").decode()

    def read(self, site_id: int, token: str) -> UUID | None:
        """Return the reader of this token, or None if the token is not valid at this site."""
        try:
            content = urlsafe_b64decode(token.removeprefix(PREFIX) + "==")
        except ValueError:
            return None
        reader_id, tag = content[:16], content[16:]
        return UUID(bytes=reader_id) if hmac.compare_digest(tag, self._tag(site_id, reader_id)) else None

    def _tag(self, site_id: int, reader_id: bytes) -> bytes:
        return hmac.digest(self._key, site_id.to_bytes(8, "big") + reader_id, "sha256")[:TAG_BYTES]
