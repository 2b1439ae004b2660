"""Visitors of the pages: anonymous, or a reader with the author cookie.

The cookie holds the author token. Scripts can't read it, and browsers omit it from another site's form posts
(``SameSite=Lax``, RFC 6265bis). A form from another origin is not applied; the reader reviews it first. So the pages
need no CSRF token and can be cached and shared.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from service.platform.access.caller import Caller
from service.platform.http.app_state import gate_of
from service.platform.http.authorize import find_site
from service.platform.http.base_path import base_path_of
from service.platform.http.cookies import set_cookie
from service.platform.http.form_fields import read_form
from service.platform.http.problem_responses import log_cause, problem_locale
from service.platform.http.raw_routes import Handler
from service.platform.http.request_origin import client_address
from service.platform.languages.messages import catalogue, catalogue_for
from service.platform.problems import Problem
from service.reading.pages.templates_engine import page

COOKIE = "onereply-author"
MAX_FORM_BYTES = 256 * 1024  # 10,000 characters of four bytes, each byte written as %XX
MAX_FIELDS = 20
COOKIE_SECONDS = 400 * 86_400  # the maximum in browsers
PageHandler = Callable[[Request, Caller], Awaitable[Response]]


def with_visitor(handler: PageHandler) -> Handler:
    """Decorate a page handler: identify the visitor, and show problems as a page with the typed text.

    A form's fields are read first, into ``request.state.form_values``, so later problems lose no text.
    """

    async def send(request: Request) -> Response:
        typed: dict[str, str] = {}
        try:
            if request.method == "POST":
                form = await read_form(request, limit=MAX_FORM_BYTES, max_fields=MAX_FIELDS)
                typed = request.state.form_values = dict(form)
            return await handler(request, await _visitor(request))
        except Problem as problem:
            return problem_page(request, problem, typed=typed.get("body", ""))

    return send


def problem_page(request: Request, problem: Problem, *, typed: str = "") -> Response:
    """Return the page that shows ``problem`` and the ``typed`` text."""
    locale, base_path = problem_locale(request.scope), base_path_of(request)
    log_cause(request.scope, problem)
    template = "missing.html" if problem.status in {400, 404} and not typed else "trouble.html"
    headers = {**problem.headers, "cache-control": "no-store"}
    fields = catalogue(catalogue_for(locale))["form"]
    content = {"problem": problem.content(locale, base_path), "typed": typed, "fields": fields}
    return page(template, base_path=base_path, locale=locale, status=problem.status, headers=headers, **content)


async def _visitor(request: Request) -> Caller:
    """Return the visitor; requests count against the rate limit of the address."""
    gate = gate_of(request)
    site = await find_site(request)
    request.scope["site_locale"] = site.locale
    await gate.count_address(site, client_address(request))
    token = request.cookies.get(COOKIE)
    return Caller(site, reader_id=gate.tokens.read(site.id, token) if token else None)


def set_author_cookie(response: Response, request: Request, caller: Caller, token: str) -> None:
    """Set the author cookie with ``token`` for the site's pages."""
    set_cookie(response, request, COOKIE, token, path=_cookie_path(request, caller), seconds=COOKIE_SECONDS)


def delete_author_cookie(response: Response, request: Request, caller: Caller) -> None:
    """Delete the author cookie of the site's pages."""
    response.delete_cookie(COOKIE, path=_cookie_path(request, caller), httponly=True, samesite="lax")


def _cookie_path(request: Request, caller: Caller) -> str:
    return f"{base_path_of(request)}/{caller.site.slug}/"
