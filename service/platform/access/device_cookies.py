"""Device cookies: a browser that logged a moderator in before is not locked out by others' wrong passwords.

A cookie has a random id of the device and its keyed hash with the site and the account (HMAC-SHA-256, RFC 2104), so
checking it needs no database read. It replaces no password (OWASP, *Slow Down Online Guessing Attacks with Device
Cookies*).
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

COOKIE = "onereply_device"
MAX_AGE_SECONDS = 180 * 86_400
ID_BYTES = TAG_BYTES = 16


class DeviceCookies:
    """Makes and checks device cookies with the installation's secret key."""

    def __init__(self, secret_key: str) -> None:
        self._key = hmac.digest(secret_key.encode(), b"onereply device cookie", "sha256")

    def make(self, site_id: int, moderator_id: str) -> str:
        """Return a cookie for another device of a moderator."""
        device_id = secrets.token_bytes(ID_BYTES)
        return urlsafe_b64encode(device_id + self._tag(site_id, moderator_id, device_id)).rstrip(b"=").decode()

    def read(self, site_id: int, moderator_id: str, cookie: str) -> str | None:
        """Return the id of the device, or None if the cookie is not one of this moderator."""
        try:
            content = urlsafe_b64decode(cookie + "==")
        except ValueError:
            return None
        device_id, tag = content[:ID_BYTES], content[ID_BYTES:]
        return device_id.hex() if hmac.compare_digest(tag, self._tag(site_id, moderator_id, device_id)) else None

    def _tag(self, site_id: int, moderator_id: str, device_id: bytes) -> bytes:
        content = site_id.to_bytes(8, "big") + device_id + moderator_id.encode()
        return hmac.digest(self._key, content, "sha256")[:TAG_BYTES]
