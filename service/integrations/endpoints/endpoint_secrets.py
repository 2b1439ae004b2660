"""Signing secrets of webhook endpoints: stored sealed, opened only to sign."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import structlog

from service.platform.outbound.webhook_signatures import Signer
from service.platform.storage.seal import Seal, UnsealError

log = structlog.get_logger("onereply.webhooks")


class OldSecret(msgspec.Struct):
    """A replaced secret, which still signs until ``until``."""

    secret: str
    until: datetime


class EndpointSecrets:
    """Seals and opens secrets with the installation's secret key."""

    def __init__(self, secret_key: str) -> None:
        self._seal = Seal(secret_key, purpose="endpoint secrets")
        self._unopenable: set[UUID] = set()  # already logged

    def seal(self, endpoint_id: UUID, secret: str) -> bytes:
        """Return ``secret`` sealed, as it is stored."""
        return self._seal.close(secret, about=str(endpoint_id))

    def seal_old(self, endpoint_id: UUID, old: Sequence[OldSecret]) -> bytes | None:
        """Return the old secrets sealed, or None if there are no old secrets."""
        return self.seal(endpoint_id, msgspec.json.encode(old).decode()) if old else None

    def read(
        self, endpoint_id: UUID, secret: bytes, old: bytes | None, *, now: datetime
    ) -> tuple[str, list[OldSecret]]:
        """Return the current secret and the old ones that still sign at ``now``.

        Raises :class:`UnsealError`.
        """
        about = str(endpoint_id)
        old_secrets = msgspec.json.decode(self._seal.open(old, about=about), type=list[OldSecret]) if old else []
        return self._seal.open(secret, about=about), [each for each in old_secrets if now < each.until]

    def signer(
        self, endpoint_id: UUID, secret: bytes, old: bytes | None, *, now: datetime
    ) -> tuple[Signer, datetime | None] | None:
        """Return the signer at ``now`` and its expiry; None if the secret key can't open the secrets."""
        try:
            current, still_valid = self.read(endpoint_id, secret, old, now=now)
        except UnsealError:
            if endpoint_id not in self._unopenable:
                hint = "ONEREPLY_SECRET_KEY has changed; rotate it"
                log.error("secret-unreadable", endpoint=str(endpoint_id), hint=hint)
            self._unopenable.add(endpoint_id)
            return None
        until = min((each.until for each in still_valid), default=None)
        return Signer(current, *(each.secret for each in still_valid)), until
