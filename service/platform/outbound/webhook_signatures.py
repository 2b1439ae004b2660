"""Webhook signatures by Standard Webhooks 1.0: sign outgoing messages, verify incoming ones.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md

Svix's libraries, from which the standard comes, sign alike in headers of other names (https://docs.svix.com).
"""

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from standardwebhooks import Webhook

PREFIX = "whsec_"
SECRET_BYTES = 32
MIN_SECRET_BYTES, MAX_SECRET_BYTES = 24, 64
TOLERANCE = timedelta(minutes=5)
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
SVIX_NAMES = {ID: "svix-id", TIMESTAMP: "svix-timestamp", SIGNATURE: "svix-signature"}


class InvalidWebhookSecret(ValueError):
    """The text is not a valid secret; the message is one line, without the secret."""


class SignatureMismatch(Exception):
    """The signature is not valid or not recent; the message says why."""


def make_secret() -> str:
    """Generate a secret: ``whsec_`` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def check_secret(text: str) -> str:
    """Check that ``text`` is a secret of 24 to 64 bytes and return it; raises :class:`InvalidWebhookSecret`."""
    try:
        length = len(base64.b64decode(text.removeprefix(PREFIX), validate=True))
    except (binascii.Error, ValueError):
        length = 0
    if not text.startswith(PREFIX) or not MIN_SECRET_BYTES <= length <= MAX_SECRET_BYTES:
        raise InvalidWebhookSecret(f"A webhook secret must be “{PREFIX}” and 24 to 64 bytes in base64.")
    return text


class Signer:
    """Signs and verifies with one or more secrets; several are active during a rotation."""

    def __init__(self, *texts: str) -> None:
        self._webhooks = [Webhook(text) for text in texts]

    def headers(self, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
        """The headers of a message sent at ``at``, with one signature per secret."""
        text, at = body.decode(), at.astimezone(UTC)
        return {
            ID: message_id,
            TIMESTAMP: str(int(at.timestamp())),
            SIGNATURE: " ".join(webhook.sign(message_id, at, text) for webhook in self._webhooks),
        }

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
        """Verify a message and return its id; raises :class:`SignatureMismatch`.

        The names in ``headers`` must be in lower case; if none is the standard's, Svix's are read. The message must be
        at most five minutes from ``now`` and have a signature by one of the secrets.
        """
        message_id, timestamp, signatures = _signature_headers(headers)
        if not message_id or not signatures or not timestamp:
            raise SignatureMismatch(f"It must have the headers {ID}, {TIMESTAMP} and {SIGNATURE}, or Svix's.")
        at = _instant(timestamp)
        if abs(now - at) > TOLERANCE:
            raise SignatureMismatch(f"Its {TIMESTAMP} is more than five minutes from the current time.")
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise SignatureMismatch("Its body is not UTF-8.") from None
        if not _any_matches(signatures.split(" "), [webhook.sign(message_id, at, text) for webhook in self._webhooks]):
            raise SignatureMismatch("None of its signatures matches the secret.")
        return message_id


def with_svix_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Add the headers of a signed message under Svix's names."""
    return {**headers, **{SVIX_NAMES[name]: value for name, value in headers.items()}}


def _signature_headers(headers: Mapping[str, str]) -> list[str]:
    """The id, timestamp and signatures; all of the standard's names, or all of Svix's."""
    is_standard = any(name in headers for name in SVIX_NAMES)
    return [headers.get(standard if is_standard else svix, "") for standard, svix in SVIX_NAMES.items()]


def _instant(timestamp: str) -> datetime:
    """Parse a timestamp in whole seconds since 1970; raises :class:`SignatureMismatch`."""
    if not re.fullmatch("0|[1-9][0-9]{0,10}", timestamp):
        raise SignatureMismatch(f"Its {TIMESTAMP} is not a number of seconds since 1970.")
    return datetime.fromtimestamp(int(timestamp), UTC)


def _any_matches(given: Sequence[str], expected: Sequence[str]) -> bool:
    """Whether a given signature is an expected one, compared in constant time."""
    matches = [hmac.compare_digest(one.encode(), other.encode()) for one in given for other in expected]
    return any(matches)
