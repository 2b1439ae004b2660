"""The secrets of endpoints: kept sealed, opened only to sign."""

from uuid import UUID

import structlog

from service.storage.sealing import Seal, Unopenable
from service.webhooks.signing import Signer

log = structlog.get_logger("onereply.webhooks")


class EndpointSecrets:
    """Seals and opens with the installation's secret key."""

    def __init__(self, secret_key: str) -> None:
        self._seal = Seal(secret_key, purpose="endpoint secrets")
        self._unopenable: set[UUID] = set()  # and told of in the log

    def close(self, endpoint_id: UUID, secret: str) -> bytes:
        """``secret`` as it is kept."""
        return self._seal.close(secret, about=str(endpoint_id))

    def signer(self, endpoint_id: UUID, *sealed: bytes | None) -> Signer | None:
        """What signs with the secrets ``sealed``; None where the secret key does not open them."""
        try:
            return Signer(*(self._seal.open(each, about=str(endpoint_id)) for each in sealed if each))
        except Unopenable:
            if endpoint_id not in self._unopenable:
                hint = "ONEREPLY_SECRET_KEY has changed; rotate it"
                log.error("secret-unopenable", endpoint=str(endpoint_id), hint=hint)
            self._unopenable.add(endpoint_id)
            return None
