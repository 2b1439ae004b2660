"""Signed JSON Web Tokens (RFC 7519): verify one with a pinned algorithm, and decode its claims."""

import re
from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import Literal, TypeVar

import msgspec
from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import OctKey

from service.platform import clock
from service.platform.access.jwks import PublicKey

LEEWAY = timedelta(seconds=60)

Payload = TypeVar("Payload", bound=msgspec.Struct)


class InvalidToken(Exception):
    """The token is invalid: the ``part`` that is wrong, such as a claim, and the ``reason``, without its value."""

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(part, reason)
        self.part, self.reason = part, reason


class TokenHeader(msgspec.Struct):
    """The JOSE header of a token. No extensions are supported, so a token with ``crit`` is refused."""

    alg: Literal["HS256", "RS256", "EdDSA"]
    kid: str | None = None
    crit: msgspec.UnsetType = msgspec.UNSET


def read_header(token: str, *, max_length: int) -> TokenHeader:
    """Decode the header of a token, which only chooses the key; raises :class:`InvalidToken`."""
    if len(token) > max_length:
        raise InvalidToken("token", f"has more than {max_length} characters")
    try:
        return msgspec.json.decode(_decoded(token.partition(".")[0]), type=TokenHeader)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        raise InvalidToken("header", "must be JSON with “alg” HS256, RS256 or EdDSA, without “crit”") from None


def verify(token: str, header: TokenHeader, key: OctKey | PublicKey | None) -> bytes:
    """Return the payload of a token with a valid signature by ``key``; raises :class:`InvalidToken`."""
    if key is None:
        raise InvalidToken("header", f"has “alg” {header.alg}, for which there is no such key")
    try:
        signed = jws.deserialize_compact(token, key, registry=_OnlyAlgorithm(header.alg))
    except (JoseError, ValueError, RecursionError):
        raise InvalidToken("signature", "does not match the key") from None
    return signed.payload or b""


class _OnlyAlgorithm(jws.JWSRegistry):
    """A registry with one algorithm.

    joserfc's default registry warns on each use of the name EdDSA, which RFC 9864 replaces but issuers still use.
    """

    def __init__(self, algorithm: str) -> None:
        super().__init__(algorithms=[algorithm], strict_check_header=False)

    def get_alg(self, name: str) -> JWSAlgModel:
        """Return the algorithm; raises UnsupportedAlgorithmError for any other name."""
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


def _decoded(segment: str) -> bytes:
    return urlsafe_b64decode(segment + "==")


def decode_claims(payload: bytes, kind: type[Payload]) -> Payload:
    """Decode the claims; raises :class:`InvalidToken` with the first claim that is missing or of a wrong type."""
    try:
        return msgspec.json.decode(payload, type=kind)
    except msgspec.ValidationError as error:
        named = _NAMED_CLAIM.search(str(error))
        claim = named[1] or named[2] if named else "payload"
        raise InvalidToken(claim, FORMATS.get(claim, "has an invalid format")) from None
    except (ValueError, RecursionError):
        raise InvalidToken("payload", FORMATS["payload"]) from None


# At the end of msgspec's message; it names only members of the struct.
_NAMED_CLAIM = re.compile(r"(?:missing required field `(\w+)`| - at `\$\.(\w+)[^`]*`)$")
_NUMBER = "must be a number of seconds since 1970 (RFC 7519, section 2)"
FORMATS = {
    "payload": "must be a JSON object",
    "sub": "must be a string of 1 to 255 characters (RFC 7519, section 4.1.2)",
    "exp": _NUMBER,
    "nbf": _NUMBER,
    "iat": _NUMBER,
    "aud": "must be a string or a list of strings (RFC 7519, section 4.1.3)",
    "iss": "must be a string (RFC 7519, section 4.1.1)",
}


def check_subject(sub: str) -> None:
    """Check the length of ``sub``; raises :class:`InvalidToken`."""
    if not 1 <= len(sub) <= 255:
        raise InvalidToken("sub", FORMATS["sub"])


def check_audience(aud: str | list[str], expected: str, *, called: str = "this site") -> None:
    """Check that ``aud`` names the ``expected`` audience; raises :class:`InvalidToken`."""
    if expected not in ([aud] if isinstance(aud, str) else aud):
        raise InvalidToken("aud", f"does not name {called}")


def check_times(exp: float, nbf: float | None) -> None:
    """Check that the token is valid now; raises :class:`InvalidToken`."""
    now, leeway = clock.now().timestamp(), LEEWAY.total_seconds()
    if now >= exp + leeway:
        raise InvalidToken("exp", "has passed")
    if nbf is not None and nbf > now + leeway:
        raise InvalidToken("nbf", "is in the future")
