"""Moderator passwords: rules for them, and hashing with Argon2id (RFC 9106, the library's defaults).

*Why a queue*: a hash takes 64 MiB and 0.1 s. Threads compute at most two at a time, and few may wait. A flood of logins
therefore slows only logins, not reads or posts.
"""

import asyncio
import re
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from service.platform.access.moderator_accounts import fold_name
from service.platform.problems import Busy

MIN_LENGTH, MAX_LENGTH = 12, 200
MAX_CONCURRENT = 2
MAX_WAITING = 32
T = TypeVar("T")


class InvalidPassword(Exception):
    """The password is not acceptable; the message is one line for the user and does not contain it."""


def validate_password(password: str, *, name: str) -> str:
    """Check a new ``password`` for the moderator ``name`` and return it; raises :class:`InvalidPassword`."""
    if not all(MIN_LENGTH <= len(form) <= MAX_LENGTH for form in (password, _opaque(password))):
        raise InvalidPassword(f"A password must have {MIN_LENGTH} to {MAX_LENGTH} characters.")
    if _FORBIDDEN.search(password):
        raise InvalidPassword("A password must be UTF-8 text without control characters.")
    if fold_name(password) == fold_name(name):
        raise InvalidPassword("A password must not be the name.")
    return password


class Passwords:
    """Hashes and checks passwords outside the event loop."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._dummy_hash = _make_dummy_hash(self._hasher)
        self._slots = asyncio.Semaphore(MAX_CONCURRENT)
        self._pending = 0

    async def hash(self, password: str) -> str:
        """Hash ``password``: parameters, salt and digest in one text. Raises :class:`Busy`."""
        return await self._run_in_thread(lambda: self._hasher.hash(_encoded(password)))

    async def check(self, password: str, stored: str | None) -> bool:
        """Whether ``password`` matches the hash ``stored``; raises :class:`Busy`.

        For an unknown name ``stored`` is None, and the answer takes as long.
        """
        return await self._run_in_thread(lambda: self._matches(stored or self._dummy_hash, _encoded(password)))

    @property
    def unmatched_hash(self) -> str:
        """A hash that no password matches, for accounts without a password."""
        return self._dummy_hash

    def is_outdated(self, stored: str) -> bool:
        """Whether ``stored`` was hashed with other parameters than the current ones."""
        return self._hasher.check_needs_rehash(stored)

    def _matches(self, stored: str, password: bytes) -> bool:
        with suppress(VerifyMismatchError):
            return self._hasher.verify(stored, password)
        return False

    async def _run_in_thread(self, work: Callable[[], T]) -> T:
        if self._pending >= MAX_CONCURRENT + MAX_WAITING:
            raise Busy(cause="Too many passwords are being hashed.")
        self._pending += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(work)
        finally:
            self._pending -= 1


def _make_dummy_hash(hasher: PasswordHasher) -> str:
    """A hash that no password matches and that costs as much to check as a current one."""
    salt, digest = (b64encode(bytes(size)).rstrip(b"=").decode() for size in (hasher.salt_len, hasher.hash_len))
    parameters = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${parameters}${salt}${digest}"


def _encoded(password: str) -> bytes:
    return _opaque(password).encode("utf-8", "surrogatepass")  # no valid password, though a client can send it


def _opaque(password: str) -> str:
    """``password`` by the OpaqueString profile (RFC 8265, section 4.2.1), so that its input form does not matter."""
    return normalize("NFC", _SPACES.sub(" ", password))


_SPACES = re.compile("[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
