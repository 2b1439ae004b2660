"""Author tokens: how somebody without an account proves to have posted what they posted.

A token is the reader's id and a keyed hash of it and the site (HMAC-SHA-256, RFC 2104), so checking one costs no
read of the database. It is given with the first comment; sent along with later ones it makes them the same reader's.
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
        """The token of ``reader_id`` at a site: always the same one."""
        return PREFIX + urlsafe_b64encode(reader_id.bytes + self._tag(site_id, reader_id.bytes)).rstrip(b"=").decode()

    def read(self, site_id: int, token: str) -> UUID | None:
        """The reader whose token this is, or None where it is not one of this site's."""
        try:
            content = urlsafe_b64decode(token.removeprefix(PREFIX) + "==")
        except ValueError:
            return None
        reader_id, tag = content[:16], content[16:]
        return UUID(bytes=reader_id) if hmac.compare_digest(tag, self._tag(site_id, reader_id)) else None

    def _tag(self, site_id: int, reader_id: bytes) -> bytes:
        return hmac.digest(self._key, site_id.to_bytes(8, "big") + reader_id, "sha256")[:TAG_BYTES]
