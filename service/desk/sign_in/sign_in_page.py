"""Sign in to the desk with name and password, and sign out."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.desk.frame.desk_page import desk_path
from service.desk.frame.desk_paths import own_path
from service.desk.sign_in.finish_sign_in import finish_sign_in
from service.desk.sign_in.session_cookie import clear_session_cookie, read_session_token
from service.desk.sign_in.sign_in_code import show_code
from service.desk.sign_in.sign_in_form import MAX_NAME, NO_STORE, SignInForm, show_sign_in
from service.platform.access.caller import Caller
from service.platform.access.device_cookies import COOKIE as DEVICE_COOKIE
from service.platform.access.log_in import check_password, log_in
from service.platform.access.second_factors import SecondFactorRequired
from service.platform.access.sessions import end_session_of_token
from service.platform.http.app_state import database_of, gate_of
from service.platform.http.authorize import find_site
from service.platform.http.csrf import is_same_origin
from service.platform.http.form_fields import FormFields
from service.platform.http.request_origin import client_network, locale_of

MAX_PASSWORD = 1_000


async def get_sign_in(request: Request) -> Response:
    """Send the page to sign in; a query ``next`` names the page to go on to."""
    site = await find_site(request)
    await gate_of(request).count_address(site, client_network(request))
    next_path = own_path(request, site, request.query_params.get("next", ""))
    notice = "signed_out" if "signed_out" in request.query_params else None
    locale = locale_of(request, Caller(site))
    return show_sign_in(request, site, locale=locale, fields=FormFields([]), next_path=next_path, notice=notice)


async def send_sign_in(request: Request, form: SignInForm) -> Response:
    """Sign in with name and password; with a second factor, ask for its code."""
    site, gate, device = form.site, gate_of(request), request.cookies.get(DEVICE_COOKIE, "")
    try:
        account = await check_password(
            database_of(request),
            site,
            passwords=gate.passwords,
            limits=gate.limits,
            name=form.fields.get("name", "")[:MAX_NAME],
            password=form.fields.get("password", "")[:MAX_PASSWORD],
            address=client_network(request),
            device_of=lambda account: gate.devices.read(site.id, account.id, device) if device else None,
        )
        token, session = await log_in(
            database_of(request),
            site,
            account,
            limits=gate.limits,
            second_factors=gate.second_factors,
            code=None,
            user_agent=request.headers.get("user-agent"),
        )
    except SecondFactorRequired:
        return show_code(request, form, account)
    return await finish_sign_in(request, form, token, session)


async def send_sign_out(request: Request) -> Response:
    """End the session, and show the page to sign in."""
    site = await find_site(request)
    response = RedirectResponse(f"{desk_path(request, site)}/sign-in?signed_out=1", 303, NO_STORE)
    if is_same_origin(request) and (token := read_session_token(request)):
        async with database_of(request).write() as connection:
            await end_session_of_token(connection, token)
        clear_session_cookie(response, request, site)
    return response
