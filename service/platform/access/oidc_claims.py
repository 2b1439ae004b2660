"""The claims of an OpenID provider: checks of the ID token, and who and what they make of a moderator. Pure."""

import msgspec

from service.platform.access.external_accounts import ExternalIdentity
from service.platform.access.signed_jwt import InvalidToken, check_audience, check_subject, check_times
from service.platform.sites.site_lookup import Site
from service.platform.sites.site_settings import OidcRole

JsonObject = dict[str, object]


class IdToken(msgspec.Struct):
    """The claims of an ID token that are checked (OpenID Connect Core 1.0, section 2)."""

    iss: str
    sub: str
    aud: str | list[str]
    exp: float
    iat: float
    nonce: str
    azp: str | None = None
    nbf: float | None = None


def check_id_token(token: IdToken, *, client_id: str, issuer: str, nonce: str) -> None:
    """Check an ID token as section 3.1.3.7 says; raises :class:`InvalidToken`."""
    if token.iss != issuer:
        raise InvalidToken("iss", "is not the provider")
    check_subject(token.sub)
    check_audience(token.aud, client_id, called="the client id")
    is_shared = isinstance(token.aud, list) and len(token.aud) > 1
    if token.azp != client_id and (is_shared or token.azp is not None):
        raise InvalidToken("azp", "is not the client id")
    if token.nonce != nonce:
        raise InvalidToken("nonce", "is not that of this sign-in")
    check_times(token.exp, token.nbf)


def identity_of(token: IdToken, claims: JsonObject, site: Site) -> ExternalIdentity:
    """Return whom the claims sign in, and with which role at ``site``; without a known value, with none.

    Of several values the most counts: an admin is no moderator of sections, and sections add up.
    """
    settings = site.settings
    given = [
        settings.oidc_roles[each] for each in _values(claims, settings.oidc_role_claim) if each in settings.oidc_roles
    ]
    names = (claims.get(each) for each in ("name", "preferred_username", "email"))
    name = next((each for each in names if isinstance(each, str) and each.strip()), token.sub)
    return _with_role(ExternalIdentity(token.iss.rstrip("/"), token.sub, name, None), given)


def has_claim(claims: JsonObject, name: str) -> bool:
    """Whether the claims have ``name``, at the top or along its dots."""
    return _find(claims, name) is not None


def _with_role(identity: ExternalIdentity, given: list[OidcRole]) -> ExternalIdentity:
    if not given:
        return identity
    if any(each.role == "admin" for each in given):
        return identity._replace(role="admin")
    limits = [each.sections for each in given]
    whole_site = any(each is None for each in limits)
    sections = None if whole_site else tuple(dict.fromkeys(label for each in limits for label in each or ()))
    return identity._replace(role="moderator", sections=sections)


def _values(claims: JsonObject, name: str) -> list[str]:
    found = _find(claims, name)
    return [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, str)]


def _find(claims: JsonObject, name: str) -> object:
    """Find a claim by its name, which may have dots (Auth0), or in objects along the dots (Keycloak)."""
    if name in claims:
        return claims[name]
    found: object = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found
