"""CSRF tokens: each form of the desk carries one, made from the session's token.

A token is 16 random bytes and their HMAC-SHA-256 (RFC 2104) with the session's token as key, so it needs no storage.
*Why random*: the pages are compressed. The same secret in each of them could be guessed from their lengths (BREACH).
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

FIELD = "csrf"
_BYTES = 16


def make_csrf_token(session_token: str) -> str:
    """Return a token for one page of the session."""
    nonce = secrets.token_bytes(_BYTES)
    return urlsafe_b64encode(nonce + _tag(session_token, nonce)).rstrip(b"=").decode()


def is_csrf_token(session_token: str, given: str) -> bool:
    """Whether ``given`` is a token of this session."""
    try:
        content = urlsafe_b64decode(given.encode("ascii") + b"==")
    except ValueError:
        return False
    nonce, tag = content[:_BYTES], content[_BYTES:]
    return len(nonce) == _BYTES and hmac.compare_digest(tag, _tag(session_token, nonce))


def _tag(session_token: str, nonce: bytes) -> bytes:
    return hmac.digest(session_token.encode(), b"desk form" + nonce, "sha256")[:_BYTES]
