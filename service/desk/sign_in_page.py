"""The page to sign in to the desk, and what happens to a form whose session had ended.

The form's fields are kept in the page, also after a wrong password. Once signed in, the moderator looks them over and
sends them again, with a token of the new session.
"""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.desk.csrf_tokens import FIELD, make_csrf_token
from service.desk.desk_page import desk_page, desk_path
from service.desk.session_cookie import clear_session_cookie, read_session_token, set_session_cookie
from service.platform.access.caller import Caller
from service.platform.access.device_cookies import COOKIE as DEVICE_COOKIE
from service.platform.access.device_cookies import MAX_AGE_SECONDS
from service.platform.access.log_in import InvalidCredentials, log_in
from service.platform.access.rate_limits import RateLimited
from service.platform.access.sessions import end_session_of_token
from service.platform.http.app_state import database_of, gate_of
from service.platform.http.authorize import find_site
from service.platform.http.base_path import base_path_of
from service.platform.http.cookies import set_cookie
from service.platform.http.csrf import is_same_origin
from service.platform.http.form_fields import FormFields, read_form
from service.platform.http.raw_routes import raw_path
from service.platform.http.request_origin import client_network, locale_of
from service.platform.problems import Busy, Problem
from service.platform.sites.site_lookup import Site

KEPT = "kept."  # before the name of each field of a form that waits for the sign-in
MAX_KEPT_BYTES, MAX_KEPT = 1024 * 1024, 2_000
NO_STORE = {"cache-control": "no-store"}


def show_sign_in(
    request: Request,
    site: Site,
    *,
    locale: str,
    fields: FormFields,
    status: int = 200,
    problem: Problem | None = None,
    name: str = "",
    next_path: str | None = None,
) -> Response:
    """Return the page to sign in; ``fields`` are those of a form that was sent without a session."""
    if next_path is None:
        next_path = path_and_query(request)
    response = desk_page(
        request,
        site,
        "sign_in.html",
        locale=locale,
        status=status,
        next_path=next_path,
        kept=[(each, value) for each, value in fields.pairs if each != FIELD],
        name=name,
        problem=problem.content(locale) if problem else None,
    )
    if "hx-request" in request.headers:  # a script asked for a part: show the whole page instead
        response.headers["hx-retarget"] = "body"
        response.headers["hx-reswap"] = "innerHTML"
        response.headers["hx-push-url"] = "false"
    if problem:
        response.headers.update(problem.headers)
    return response


async def get_sign_in(request: Request) -> Response:
    """Send the page to sign in; a query ``next`` names the page to go on to."""
    site = await find_site(request)
    await gate_of(request).count_address(site, client_network(request))
    next_path = own_path(request, site, request.query_params.get("next", ""))
    return show_sign_in(
        request, site, locale=locale_of(request, Caller(site)), fields=FormFields([]), next_path=next_path
    )


async def send_sign_in(request: Request) -> Response:
    """Sign in with name and password, and go on where the moderator was."""
    site = await find_site(request)
    locale = locale_of(request, Caller(site))
    fields = await read_form(request, limit=MAX_KEPT_BYTES, max_fields=MAX_KEPT)
    kept = FormFields([(each.removeprefix(KEPT), value) for each, value in fields.pairs if each.startswith(KEPT)])
    next_path = own_path(request, site, fields.get("next", ""))
    name = fields.get("name", "")
    if not is_same_origin(request):  # look it over, and sign in from our own page
        return show_sign_in(request, site, locale=locale, fields=kept, name=name, next_path=next_path)
    gate, device = gate_of(request), request.cookies.get(DEVICE_COOKIE, "")
    try:
        token, session = await log_in(
            database_of(request),
            site,
            passwords=gate.passwords,
            limits=gate.limits,
            name=name[:100],
            password=fields.get("password", "")[:1000],
            address=client_network(request),
            device_of=lambda account: gate.devices.read(site.id, account.id, device) if device else None,
        )
    except (InvalidCredentials, RateLimited, Busy) as problem:
        status = problem.status
        return show_sign_in(
            request, site, locale=locale, fields=kept, status=status, problem=problem, name=name, next_path=next_path
        )
    if kept:
        response = desk_page(
            request,
            site,
            "send_again.html",
            locale=locale,
            action=urlsplit(next_path).path,
            kept=kept.pairs,
            csrf=make_csrf_token(token),
        )
    else:
        response = RedirectResponse(next_path, 303, NO_STORE)
    set_session_cookie(response, request, site, token)
    made = gate.devices.make(site.id, session.moderator_id)
    path = f"{desk_path(request, site)}/sign-in"
    set_cookie(response, request, DEVICE_COOKIE, made, path=path, seconds=MAX_AGE_SECONDS, same_site="strict")
    return response


async def send_sign_out(request: Request) -> Response:
    """End the session, and show the page to sign in."""
    site = await find_site(request)
    response = RedirectResponse(f"{desk_path(request, site)}/sign-in", 303, NO_STORE)
    if is_same_origin(request) and (token := read_session_token(request)):
        async with database_of(request).write() as connection:
            await end_session_of_token(connection, token)
        clear_session_cookie(response, request, site)
    return response


def path_and_query(request: Request) -> str:
    """Return the address of the request below the origin; of a form only its path."""
    query: str = request.scope["query_string"].decode("latin-1")
    is_read = request.method in {"GET", "HEAD"}
    return base_path_of(request) + raw_path(request.scope) + (f"?{query}" if query and is_read else "")


def own_path(request: Request, site: Site, path: str) -> str:
    """Return ``path`` if it is a page of this desk, else the queue: a link can't lead elsewhere after the sign-in."""
    own = f"{desk_path(request, site)}/"
    is_own = path.startswith(own) and path.isascii() and path.isprintable() and "\\" not in path
    is_own = is_own and not path.startswith(f"{own}sign-")
    return path if is_own else f"{own}queue"
