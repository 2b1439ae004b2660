"""Secrets that must be used again are kept sealed: encrypted and authenticated with the installation's secret key.

AES-256-GCM (NIST SP 800-38D) under a key derived for one purpose, with a random nonce of 96 bits before what it seals.
What a secret is about is authenticated with it, so that one put in another's row opens nothing.
"""

import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class Unopenable(Exception):
    """It was sealed with another key, about something else, or not here."""


class Seal:
    """Seals and opens what is kept for one ``purpose``."""

    def __init__(self, secret_key: str, *, purpose: str) -> None:
        self._cipher = AESGCM(hmac.digest(secret_key.encode(), f"onereply seal {purpose}".encode(), "sha256"))

    def close(self, text: str, *, about: str) -> bytes:
        """``text`` sealed; each time it looks different."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), about.encode())

    def open(self, sealed: bytes, *, about: str) -> str:
        """What was sealed; raises :class:`Unopenable`."""
        nonce, content = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, content, about.encode()).decode()
        except (InvalidTag, ValueError):
            raise Unopenable from None
