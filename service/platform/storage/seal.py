"""Encrypt stored secrets with the installation's secret key.

AES-256-GCM (NIST SP 800-38D) with a key derived per purpose and a random 96-bit nonce before the ciphertext. The owner
of a secret is authenticated too, so a secret copied into another row does not open.
"""

import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class UnsealError(Exception):
    """The secret was encrypted with another key or for another owner, or it is damaged."""


class Seal:
    """Encrypts and decrypts secrets for one ``purpose``."""

    def __init__(self, secret_key: str, *, purpose: str) -> None:
        self._cipher = AESGCM(hmac.digest(secret_key.encode(), f"onereply seal {purpose}".encode(), "sha256"))

    def close(self, text: str, *, about: str) -> bytes:
        """Encrypt ``text`` for the owner ``about``; each result differs."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), about.encode())

    def open(self, sealed: bytes, *, about: str) -> str:
        """Decrypt ``sealed``; raises :class:`UnsealError`."""
        nonce, content = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, content, about.encode()).decode()
        except (InvalidTag, ValueError):
            raise UnsealError from None
