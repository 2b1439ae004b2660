"""OpenID Connect: what a site's provider says of a moderator (OpenID Connect Core 1.0, authorization code flow).

The flow has PKCE (RFC 7636), a state and a nonce. The ID token's signature, issuer, audience, expiry and nonce are
checked. All calls go through the safe client, in bounded time and bytes.

*Why Authlib's OAuth client and not its Starlette app*: the app keeps its state in a signed session cookie, which can't
hold the form that a moderator was about to send. Ours is stored sealed (``pending_sign_ins.py``).
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

import httpx2
import msgspec
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from service.platform import clock
from service.platform.access.external_accounts import ExternalIdentity
from service.platform.access.jwks import KeySets
from service.platform.access.oidc_claims import IdToken, JsonObject, check_id_token, has_claim, identity_of
from service.platform.access.signed_jwt import InvalidToken, decode_claims, read_header, verify
from service.platform.outbound.bounded_transport import BoundedTransport
from service.platform.outbound.safe_client import TargetRefused, Targets
from service.platform.problems import Busy
from service.platform.sites.site_lookup import Site
from service.platform.sites.site_secrets import Secrets
from service.platform.text.web_urls import is_web_url

TIMEOUT_SECONDS = 10.0
MAX_BYTES = 256 * 1024
MAX_TOKEN_LENGTH = 64 * 1024  # with the groups of a large company
CACHE_TIME = timedelta(minutes=10)

log = structlog.get_logger("onereply.oidc")


class OidcUnavailable(Exception):
    """The provider did not answer, or not as OpenID Connect says; the log has the reason."""


class OidcRefused(Exception):
    """The provider's token is not valid for this sign-in; the log names the claim."""


class ProviderMetadata(msgspec.Struct, frozen=True):
    """A provider's metadata (OpenID Connect Discovery 1.0, section 3); other members are ignored."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: list[str] | None = None


class TokenAnswer(msgspec.Struct):
    """The answer of the token endpoint; nothing else of it is used."""

    id_token: str
    access_token: str


class OidcAttempt(msgspec.Struct, frozen=True):
    """What this side must remember of a sign-in until the provider sends the browser back."""

    redirect_uri: str
    nonce: str
    verifier: str


class Authorization(NamedTuple):
    """Where the browser goes to sign in, and the attempt to remember."""

    url: str
    attempt: OidcAttempt


class OidcProviders:
    """The OpenID providers of all sites; their metadata is cached for :data:`CACHE_TIME`."""

    def __init__(self, targets: Targets, secrets: Secrets) -> None:
        self._targets, self._secrets = targets, secrets
        self._key_sets = KeySets(targets)
        self._cached: dict[int, tuple[str, datetime, ProviderMetadata]] = {}

    async def authorize(self, site: Site, *, redirect_uri: str, state: str) -> Authorization:
        """Begin a sign-in; raises :class:`OidcUnavailable`."""
        metadata = await self._find_metadata(site)
        attempt = OidcAttempt(redirect_uri, secrets.token_urlsafe(24), secrets.token_urlsafe(48))
        async with await self._client(site, metadata, redirect_uri) as client:
            url, _ = client.create_authorization_url(
                metadata.authorization_endpoint, state=state, nonce=attempt.nonce, code_verifier=attempt.verifier
            )
        return Authorization(str(url), attempt)

    async def identify(self, site: Site, attempt: OidcAttempt, *, code: str) -> ExternalIdentity:
        """Exchange ``code`` for whom the provider vouches for.

        Raises :class:`OidcUnavailable` or :class:`OidcRefused`.
        """
        metadata = await self._find_metadata(site)
        async with _translated_failures(site), await self._client(site, metadata, attempt.redirect_uri) as client:
            given = await client.fetch_token(metadata.token_endpoint, code=code, code_verifier=attempt.verifier)
            answer = msgspec.convert(dict(given), TokenAnswer)
            payload = await self._verify(site, metadata, answer.id_token)
            token, claims = decode_claims(payload, IdToken), msgspec.json.decode(payload, type=JsonObject)
            client_id = site.settings.oidc_client_id or ""
            check_id_token(token, client_id=client_id, issuer=metadata.issuer, nonce=attempt.nonce)
            if metadata.userinfo_endpoint and not has_claim(claims, site.settings.oidc_role_claim):
                response = await client.get(metadata.userinfo_endpoint)
                more = msgspec.json.decode(response.raise_for_status().content, type=JsonObject)
                if more.get("sub") != token.sub:  # section 5.3.2
                    raise InvalidToken("sub", "of the user info is another")
                claims = more | claims
            return identity_of(token, claims, site)

    async def end_session_url(self, site: Site, *, return_to: str) -> str | None:
        """Where a moderator signs out of the provider; None if it says nothing of it.

        OpenID Connect RP-Initiated Logout 1.0. Raises :class:`OidcUnavailable`.
        """
        endpoint = (await self._find_metadata(site)).end_session_endpoint
        if endpoint is None or not is_web_url(endpoint):
            return None
        query = {"client_id": site.settings.oidc_client_id or "", "post_logout_redirect_uri": return_to}
        return str(httpx2.URL(endpoint).copy_merge_params(query))

    async def _verify(self, site: Site, metadata: ProviderMetadata, token: str) -> bytes:
        """Return the payload of an ID token that the provider signed."""
        header = read_header(token, max_length=MAX_TOKEN_LENGTH)
        if header.alg == "HS256":
            raise InvalidToken("header", "has “alg” HS256; only RS256 and EdDSA are accepted")
        key = await self._key_sets.find(site, metadata.jwks_uri, kid=header.kid, algorithm=header.alg)
        return verify(token, header, key)

    async def _find_metadata(self, site: Site) -> ProviderMetadata:
        issuer = site.settings.oidc_issuer or ""
        cached = self._cached.get(site.id)
        if cached and cached[0] == issuer and abs(clock.now() - cached[1]) < CACHE_TIME:
            return cached[2]
        async with _translated_failures(site), self._plain_client() as client:
            response = await client.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            metadata = msgspec.json.decode(response.raise_for_status().content, type=ProviderMetadata)
        if metadata.issuer.rstrip("/") != issuer.rstrip("/"):
            raise _unavailable(site, "The metadata names another issuer.")
        for url in (metadata.authorization_endpoint, metadata.token_endpoint, metadata.userinfo_endpoint or issuer):
            if not is_web_url(url) or (url.startswith("http:") and not self._targets.allow_private):
                raise _unavailable(site, "An endpoint in the metadata is not an https URL.")
        self._cached[site.id] = issuer, clock.now(), metadata
        return metadata

    def _plain_client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=self._transport(), timeout=TIMEOUT_SECONDS, trust_env=False)

    async def _client(self, site: Site, metadata: ProviderMetadata, redirect_uri: str) -> AsyncOAuth2Client:
        secret = await self._secrets.find(site, "oidc-client")
        supported = metadata.token_endpoint_auth_methods_supported or ["client_secret_basic"]
        methods = ("client_secret_basic", "client_secret_post") if secret else ("none",)
        scopes = dict.fromkeys(["openid", *site.settings.oidc_scopes.split(" ")])
        return AsyncOAuth2Client(
            site.settings.oidc_client_id,
            secret,
            token_endpoint_auth_method=next((each for each in methods if each in supported), methods[0]),
            scope=" ".join(scopes),
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            transport=self._transport(),
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        )

    def _transport(self) -> BoundedTransport:
        return BoundedTransport(self._targets.transport(), max_bytes=MAX_BYTES)


@asynccontextmanager
async def _translated_failures(site: Site) -> AsyncIterator[None]:
    """Bound the time of the block, and log each failure; raises :class:`OidcUnavailable` or :class:`OidcRefused`."""
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            yield
    except InvalidToken as error:
        log.warning("oidc-token-refused", site=site.slug, part=error.part, reason=error.reason)
        raise OidcRefused from None
    except AuthlibBaseError as error:
        log.warning("oidc-code-refused", site=site.slug, reason=error.error)
        raise OidcRefused from None
    except (httpx2.HTTPError, httpx2.InvalidURL, TargetRefused, OSError, ValueError, RecursionError, Busy) as error:
        raise _unavailable(site, str(error) or type(error).__name__) from None  # TimeoutError is an OSError


def _unavailable(site: Site, reason: str) -> OidcUnavailable:
    log.warning("oidc-unavailable", site=site.slug, reason=reason[:300])
    return OidcUnavailable(reason)
