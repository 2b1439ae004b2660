"""Who visits a page: a reader with an author's cookie, or anyone; and whether a form was sent from a page of ours.

The cookie is the author token, which scripts can't read and which no page of another origin can have sent along with a
form (``SameSite=Lax``, RFC 6265bis). A form that another origin had sent is not acted on at all: ``Sec-Fetch-Site``
tells (Fetch Metadata Request Headers, section 2.3), and ``Origin`` where a browser does not send that. So pages need no
token against forgery, and may be kept and shared.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from service.platform.access.authorize import count_address, gate_of
from service.platform.access.caller import Caller
from service.platform.http.decode import read_body
from service.platform.http.problem_responses import locale_asked, note_cause
from service.platform.http.raw_routes import Handler, path_parameter
from service.platform.languages.messages import catalogue, catalogue_for, negotiate
from service.platform.problems import Problem
from service.reading.pages.templates_engine import page

COOKIE = "onereply-author"
LARGEST_FORM = 256 * 1024  # ten thousand characters, each written as four bytes and each byte as %XX
MOST_FIELDS = 20
KEPT_SECONDS = 400 * 86_400  # the longest that browsers keep one
PageHandler = Callable[[Request, Caller], Awaitable[Response]]


def visited(handler: PageHandler) -> Handler:
    """``handler`` for whoever visits a page of a site; a problem is a page that says so, and gives back what was sent.

    What a form holds is read first, as ``request.state.typed``: whatever is in the way then, no words are lost.
    """

    async def visit(request: Request) -> Response:
        typed: dict[str, str] = {}
        try:
            if request.method == "POST":
                typed = request.state.typed = _fields_in(await read_body(request, limit=LARGEST_FORM))
            return await handler(request, await _visitor(request))
        except Problem as problem:
            return problem_page(request, problem, typed=typed.get("body", ""))

    return visit


def _fields_in(body: bytes) -> dict[str, str]:
    """The fields of a form, the first that are there (application/x-www-form-urlencoded, URL Standard, section 5.1)."""
    first = b"&".join(body.split(b"&", MOST_FIELDS)[:MOST_FIELDS])
    return dict(parse_qsl(first.decode("utf-8", "replace"), keep_blank_values=True))


def problem_page(request: Request, problem: Problem, *, typed: str = "") -> Response:
    """The page that tells ``problem`` and gives back what was ``typed``."""
    locale = locale_asked(request.scope)
    note_cause(request.scope, problem)
    template = "missing.html" if problem.status in {400, 404} and not typed else "trouble.html"
    headers = {**problem.headers, "cache-control": "no-store"}
    told, fields = problem.content(locale), catalogue(catalogue_for(locale))["form"]
    return page(template, locale=locale, status=problem.status, headers=headers, told=told, typed=typed, fields=fields)


async def _visitor(request: Request) -> Caller:
    """Who visits, counted as everybody without a key is."""
    doorkeeper = gate_of(request)
    site = await doorkeeper.sites.find(path_parameter(request, "site"))
    request.scope["site_locale"] = site.locale
    count_address(request, site, doorkeeper.limits)
    token = request.cookies.get(COOKIE)
    return Caller(site, reader_id=doorkeeper.tokens.read(site.id, token) if token else None)


def locale_of_visitor(request: Request, caller: Caller) -> str:
    """The locale of the page: the reader's where we speak it, else the site's."""
    return negotiate(request.headers.get("accept-language"), site_locale=caller.site.locale)


def remember(response: Response, request: Request, caller: Caller, token: str) -> None:
    """Have the browser keep the author's ``token`` for the pages of the site."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=KEPT_SECONDS,
        path=f"/{caller.site.slug}/",
        secure="https" in {request.url.scheme, urlsplit(request.app.state.base_url or "").scheme},
        httponly=True,
        samesite="lax",
    )


def is_from_here(request: Request) -> bool:
    """Whether no page of another origin had this form sent."""
    if told := request.headers.get("sec-fetch-site"):
        return told == "same-origin"
    origin = request.headers.get("origin")
    hosts = {request.headers.get("host"), urlsplit(request.app.state.base_url or "").netloc}
    return origin is None or urlsplit(origin).netloc in hosts - {None, ""}
