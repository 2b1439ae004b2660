"""Sign in to the desk through the site's OpenID provider.

The provider sends the browser back with a GET, so what the moderator typed is stored until then, sealed. A browser that
never signed in here may store little, so that nobody fills the database.
"""

import hmac
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.desk.frame.desk_page import desk_page, desk_path
from service.desk.sign_in.finish_sign_in import finish_sign_in
from service.desk.sign_in.session_cookie import is_known_browser
from service.desk.sign_in.sign_in_form import (
    NO_STORE,
    SignInForm,
    as_whole_page,
    kept_fields,
    show_sign_in_again,
)
from service.platform.access.caller import Caller
from service.platform.access.external_log_in import log_in_externally
from service.platform.access.log_in import PER_ADDRESS
from service.platform.access.oidc_provider import OidcRefused, OidcUnavailable
from service.platform.access.pending_sign_ins import (
    LIFETIME,
    PendingSignIn,
    make_token,
    store_sign_in,
    take_sign_in,
)
from service.platform.access.pending_sign_ins import (
    state_of as state_of_token,
)
from service.platform.access.platform_state import PlatformState
from service.platform.http.app_state import database_of, gate_of, state_of
from service.platform.http.authorize import find_site
from service.platform.http.base_url import base_url_of
from service.platform.http.cookies import set_cookie
from service.platform.http.form_fields import FormFields
from service.platform.http.problem_responses import log_cause
from service.platform.http.request_origin import client_network, locale_of
from service.platform.problems import NotFound, Problem
from service.platform.sites.site_lookup import Site

MAX_KEPT_OF_STRANGERS = 8 * 1024  # characters


async def send_oidc_sign_in(request: Request, form: SignInForm) -> Response:
    """Begin a sign-in: store what waits for it, and lead the browser to the provider.

    *Why a page and no redirect*: browsers apply the policy of the form, ``form-action 'self'``, to redirects too.
    """
    site, state, token = form.site, state_of(request, PlatformState), make_token()
    _require_provider(site)
    if _size(form.kept) > MAX_KEPT_OF_STRANGERS and not is_known_browser(request, site):
        return show_sign_in_again(request, form, notice="too_long", status=413)
    if address := client_network(request):
        await gate_of(request).limits.count("logins-per-address", PER_ADDRESS, site, address)
    redirect_uri = _own_url(request, site, "sign-in/oidc")
    try:
        url, attempt = await state.oidc.authorize(site, redirect_uri=redirect_uri, state=state_of_token(token))
    except OidcUnavailable:
        return show_sign_in_again(request, form, notice="provider_down", status=502)
    pending = PendingSignIn(attempt, form.next_path, kept_fields(form.kept))
    async with state.database.write() as connection:
        await store_sign_in(connection, site, token, pending, seal=state.sign_in_seal)
    provider = urlsplit(site.settings.oidc_issuer or "").netloc
    response = desk_page(request, site, "sign_in_leaving.html", locale=form.locale, url=url, provider=provider)
    seconds = int(LIFETIME.total_seconds())
    set_cookie(response, request, _cookie(state_of_token(token)), token, path=_path(request, site), seconds=seconds)
    return as_whole_page(request, response)


async def get_oidc_sign_in(request: Request) -> Response:
    """Finish a sign-in, when the provider has sent the browser back."""
    site, query = await find_site(request), request.query_params
    await gate_of(request).count_address(site, client_network(request))
    _require_provider(site)
    pending = await _take_pending(request, site)
    next_path = pending.next_path if pending else f"{desk_path(request, site)}/queue"
    kept = FormFields(pending.kept if pending else [])
    form = SignInForm(site, locale_of(request, Caller(site)), FormFields([]), kept, next_path)
    if pending is None:
        return show_sign_in_again(request, form, notice="too_late", status=400)
    try:
        if "code" not in query:  # the provider's own refusal (RFC 6749, section 4.1.2.1)
            raise OidcRefused
        identity = await state_of(request, PlatformState).oidc.identify(site, pending.attempt, code=query["code"])
        token, session = await log_in_externally(
            database_of(request),
            site,
            identity,
            unmatched_hash=gate_of(request).passwords.unmatched_hash,
            user_agent=request.headers.get("user-agent"),
        )
    except OidcUnavailable:
        return show_sign_in_again(request, form, notice="provider_down", status=502)
    except OidcRefused:
        return show_sign_in_again(request, form, notice="not_signed_in", status=403)
    except Problem as problem:
        log_cause(request.scope, problem)
        return show_sign_in_again(request, form, problem=problem)
    response = await finish_sign_in(request, form, token, session)
    set_cookie(response, request, _cookie(query["state"]), "", path=_path(request, site), seconds=0)
    return response


async def _take_pending(request: Request, site: Site) -> PendingSignIn | None:
    """Return what waits for this answer of the provider; None if this browser did not ask for it."""
    given, state = request.query_params.get("state", ""), state_of(request, PlatformState)
    token = request.cookies.get(_cookie(given), "")
    if not token or not hmac.compare_digest(state_of_token(token).encode(), given.encode("utf-8", "replace")):
        return None
    async with state.database.write() as connection:
        return await take_sign_in(connection, site, token, seal=state.sign_in_seal)


async def get_oidc_sign_out(request: Request) -> Response:
    """Lead the browser on to sign out of the provider too, if the provider has a page for it."""
    site = await find_site(request)
    await gate_of(request).count_address(site, client_network(request))
    _require_provider(site)
    back = f"{desk_path(request, site)}/sign-in"
    try:
        url = await state_of(request, PlatformState).oidc.end_session_url(
            site, return_to=_own_url(request, site, "sign-in")
        )
    except OidcUnavailable:
        url = None
    return RedirectResponse(url or back, 303, NO_STORE)


def _require_provider(site: Site) -> None:
    if not site.settings.oidc_issuer or not site.settings.oidc_client_id:
        raise NotFound


def _own_url(request: Request, site: Site, path: str) -> str:
    return f"{base_url_of(request)}/desk/{site.slug}/{path}"


def _path(request: Request, site: Site) -> str:
    return f"{desk_path(request, site)}/sign-in/oidc"


def _cookie(state: str) -> str:
    """The name of the cookie of a sign-in; each has its own, so that two windows don't disturb each other."""
    return f"onereply-desk-{state[:8]}"


def _size(fields: FormFields) -> int:
    return sum(len(name) + len(value) for name, value in fields.pairs)
