"""Second factors of moderators: time-based one-time passwords (TOTP, RFC 6238), and recovery codes for a lost device.

A code counts in its own time step of 30 seconds and in the one before and after, and only once (RFC 6238, section 5.2).
A recovery code has 80 random bits and counts once, so its hash needs no salt. The TOTP secret must be read again, so it
is sealed.
"""

import hashlib
import hmac
import secrets
import unicodedata
from base64 import b32encode
from typing import ClassVar

import structlog
from pyotp import TOTP
from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform import clock
from service.platform.access.model import RecoveryCodeRow, SecondFactorRow
from service.platform.access.sessions import Session
from service.platform.problems import Problem, Unauthenticated
from service.platform.sites.site_lookup import Site
from service.platform.storage.seal import Seal, UnsealError

STEP_SECONDS = 30
RECOVERY_CODES = 10
MAX_SHOWN = 40  # characters of a name, of which each can be twelve in the address
SECRET_BYTES, RECOVERY_BYTES = 20, 10  # RFC 4226, section 4 recommends 160 bits

log = structlog.get_logger("onereply.second_factors")


class SecondFactorRequired(Unauthenticated):
    """The password is right, but the account has a second factor: its code is missing, wrong or used."""

    status: ClassVar[int] = 401
    slug = "second-factor-required"


class SecondFactorMissing(Problem):
    """The site requires a second factor of this moderator, who has none."""

    status: ClassVar[int] = 403
    slug = "second-factor-missing"


def lacks_second_factor(session: Session, site: Site) -> bool:
    """Whether the site requires a second factor of the session's moderator, who has none.

    A provider that vouches for a moderator is responsible for its own second factor.
    """
    required = site.settings.require_second_factor
    is_required = required == "all" or (required == "admins" and session.role == "admin")
    return is_required and session.method == "password" and not session.has_second_factor


class SecondFactors:
    """Sets up, checks and removes second factors; each method is part of the caller's transaction."""

    def __init__(self, secret_key: str) -> None:
        self._seal = Seal(secret_key, purpose="second factors")

    async def turn_on(
        self, connection: AsyncConnection, moderator_id: str, *, secret: str, code: str
    ) -> list[str] | None:
        """Replace the moderator's second factor by ``secret`` and return new recovery codes.

        Returns None if ``code`` is not one of ``secret``.
        """
        step = _step_of(secret, code)
        if step is None:
            return None
        await turn_off(connection, moderator_id)
        sealed = self._seal.close(secret, about=moderator_id)
        values = {"moderator_id": moderator_id, "sealed": sealed, "last_step": step, "created_at": clock.now()}
        await connection.execute(insert(SecondFactorRow).values(values))
        return await renew_recovery_codes(connection, moderator_id)

    async def use_code(self, connection: AsyncConnection, moderator_id: str, code: str) -> bool:
        """Use a code up, of the device or for recovery; return whether it counts."""
        sealed = await connection.scalar(_second_factor(moderator_id))
        step = _step_of(self._open(sealed, moderator_id), code) if sealed else None
        if step is not None:
            unused = SecondFactorRow.moderator_id == moderator_id, SecondFactorRow.last_step < step
            used = await connection.execute(update(SecondFactorRow).where(*unused).values(last_step=step))
            return used.rowcount == 1
        matching = RecoveryCodeRow.moderator_id == moderator_id, RecoveryCodeRow.hash == _hash(code)
        return (await connection.execute(delete(RecoveryCodeRow).where(*matching))).rowcount == 1

    def _open(self, sealed: bytes, moderator_id: str) -> str:
        try:
            return self._seal.open(sealed, about=moderator_id)
        except UnsealError:
            log.error(
                "second-factor-unreadable",
                moderator=moderator_id,
                hint="ONEREPLY_SECRET_KEY has changed; run “onereply moderator reset-second-factor”",
            )
            return ""


async def has_second_factor(connection: AsyncConnection, moderator_id: str) -> bool:
    """Whether the moderator has a second factor."""
    return await connection.scalar(_second_factor(moderator_id)) is not None


async def turn_off(connection: AsyncConnection, moderator_id: str) -> bool:
    """Remove the moderator's second factor and recovery codes; return whether there was one."""
    await connection.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.moderator_id == moderator_id))
    removal = delete(SecondFactorRow).where(SecondFactorRow.moderator_id == moderator_id)
    return (await connection.execute(removal)).rowcount == 1


async def renew_recovery_codes(connection: AsyncConnection, moderator_id: str) -> list[str]:
    """Replace the moderator's recovery codes; they can't be read again."""
    await connection.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.moderator_id == moderator_id))
    codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
    rows = [{"moderator_id": moderator_id, "hash": _hash(code)} for code in codes]
    await connection.execute(insert(RecoveryCodeRow), rows)
    return codes


async def count_recovery_codes(connection: AsyncConnection, moderator_id: str) -> int:
    """Count the moderator's recovery codes that are left."""
    statement = select(func.count()).select_from(RecoveryCodeRow).where(RecoveryCodeRow.moderator_id == moderator_id)
    return await connection.scalar(statement) or 0


def make_secret() -> str:
    """Make a TOTP secret, in base32 as apps take it."""
    return b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def is_secret(text: str) -> bool:
    """Whether ``text`` can be a secret that :func:`make_secret` made."""
    return len(text) == SECRET_BYTES * 8 // 5 and text.isascii() and all(each in _BASE32 for each in text)


def setup_address(secret: str, site: Site, name: str) -> str:
    """Return the address in the QR code (Google Authenticator, *Key URI Format*); long names are cut to fit."""
    return TOTP(secret).provisioning_uri(name=name[:MAX_SHOWN], issuer_name=site.name[:MAX_SHOWN])


_BASE32 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def _second_factor(moderator_id: str) -> Select[bytes]:
    return select(SecondFactorRow.sealed).where(SecondFactorRow.moderator_id == moderator_id)


def _step_of(secret: str, code: str) -> int | None:
    """Return the time step near now that ``code`` belongs to; None for a wrong code."""
    digits = "".join(str(unicodedata.decimal(each)) for each in code if each.isdecimal())
    if not is_secret(secret) or len(digits) != 6 or len("".join(code.split())) != 6:
        return None
    now = int(clock.now().timestamp()) // STEP_SECONDS
    codes = TOTP(secret)
    return next(
        (step for step in (now, now - 1, now + 1) if hmac.compare_digest(codes.generate_otp(step), digits)), None
    )


def _recovery_code() -> str:
    text = b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _hash(code: str) -> bytes:
    """Hash a recovery code; case, spaces and hyphens make no difference."""
    return hashlib.sha256("".join(each for each in code.lower() if each.isalnum()).encode()).digest()
