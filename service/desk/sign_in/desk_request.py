"""The request of a signed-in moderator to a page of the desk, and the guard in front of every page.

Without a session, the visitor gets the form to sign in; what they typed is kept in it and sent afterwards.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.desk.frame.csrf_tokens import FIELD, is_csrf_token, make_csrf_token
from service.desk.frame.desk_messages import desk_messages
from service.desk.frame.desk_page import desk_page, desk_path
from service.desk.frame.desk_paths import own_path, path_and_query
from service.desk.sign_in.session_cookie import read_session_token
from service.desk.sign_in.sign_in_form import MAX_FIELDS, MAX_FORM_BYTES, kept_fields, show_sign_in
from service.platform.access.caller import MODERATOR, Caller, CallerKinds, admit
from service.platform.access.second_factors import SecondFactorMissing
from service.platform.access.sessions import Session
from service.platform.http.app_state import database_of, gate_of
from service.platform.http.authorize import find_site
from service.platform.http.base_path import base_path_of
from service.platform.http.csrf import OriginNotAllowed, is_same_origin
from service.platform.http.form_fields import FormFields, decode_form, read_form
from service.platform.http.problem_responses import log_cause
from service.platform.http.raw_routes import Handler, raw_path
from service.platform.http.request_origin import client_address, locale_of
from service.platform.problems import Problem, Unauthenticated, WrongSite
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database

# The pages in the navigation, and whether only admins have them.
PAGES = (
    ("queue", False),
    ("threads", False),
    ("readers", False),
    ("rules", False),
    ("log", False),
    ("overview", False),
    ("webhooks", True),
    ("settings", True),
)
PAGE_ABOVE = {"stops": "threads", "hours": "threads", "measures": "readers", "transparency": "log", "comments": "queue"}
OUTCOMES = {"said", "action", "decided"}  # the parameters of a page that say what a form did
# Once a comment is decided, its card leaves the list, unless a page says otherwise.
CARDS_LEAVE = {"keeps_cards": False, "in_thread": False}
_CSRF_FIELD = Markup('<input type="hidden" name="{}" value="{}">')
T = TypeVar("T", bound=msgspec.Struct)


class DeskRequest(msgspec.Struct, frozen=True):
    """A moderator's request: the ``fields`` of its form, empty for a GET, and the language of the answer."""

    request: Request
    caller: Caller
    locale: str
    token: str
    fields: FormFields

    @property
    def site(self) -> Site:
        """The site of the desk."""
        return self.caller.site

    @property
    def session(self) -> Session:
        """The moderator's session."""
        assert self.caller.session
        return self.caller.session

    @property
    def database(self) -> Database:
        """The database of the app."""
        return database_of(self.request)

    @property
    def is_partial(self) -> bool:
        """Whether a script asks for a part of the page."""
        headers = self.request.headers
        return "hx-request" in headers and "hx-history-restore-request" not in headers

    @property
    def here(self) -> str:
        """The name of the page in the navigation."""
        name = raw_path(self.request.scope).split("/")[3]
        return PAGE_ABOVE.get(name, name)

    @property
    def next_path(self) -> str:
        """Where the moderator goes on after a form of this page: this page, or where this form came from."""
        if self.request.method == "POST":
            return self.own_path(self.fields.get("next", ""))
        return path_and_query(self.request)

    def query(self, kind: type[T]) -> T:
        """Decode the query as ``kind``; empty parameters, as forms send them, count as missing."""
        return decode_form(FormFields(self.request.query_params.multi_items()), kind)

    def form(self, kind: type[T]) -> T:
        """Decode the form as ``kind``; raises InvalidField."""
        return decode_form(self.fields, kind)

    def path(self, tail: str) -> str:
        """Return the path of another page of this desk."""
        return f"{desk_path(self.request, self.site)}/{tail}"

    def page(self, template: str, *, status: int = 200, **context: Any) -> Response:
        """Render a page with ``context``, and what all of them need."""
        return desk_page(
            self.request,
            self.site,
            template,
            locale=self.locale,
            status=status,
            caller=self.caller,
            csrf_field=partial(_CSRF_FIELD.format, FIELD, make_csrf_token(self.token)),
            is_admin=self.caller.role == "admin",
            pages=PAGES,
            here=self.here,
            next_path=self.next_path,
            **(CARDS_LEAVE | context),
        )

    def sentence(self, table: str, key: str) -> str:
        """Return one of the desk's sentences in the language of the answer."""
        return desk_messages(self.locale)[table][key]

    def see_other(self, path: str, *, fragment: str = "", **parameters: str) -> Response:
        """Redirect to a page of this desk after a form was applied (RFC 9110, section 15.4.4).

        ``path`` may come from the form; one that is not of this desk leads to the queue. ``parameters`` replace those
        of the path that tell of an earlier form, and ``fragment`` that of the path.
        """
        address = urlsplit(own_path(self.request, self.site, path))
        query = [each for each in parse_qsl(address.query) if each[0] not in {*parameters, *OUTCOMES}]
        target = f"{address.path}?{urlencode([*query, *parameters.items()])}".rstrip("?")
        fragment = fragment or address.fragment
        target += f"#{fragment}" if fragment else ""
        return RedirectResponse(target, 303, {"cache-control": "no-store"})

    def own_path(self, path: str) -> str:
        """Return ``path``, which may come from the form, or the queue if it is not a page of this desk."""
        return own_path(self.request, self.site, path)


DeskHandler = Callable[[DeskRequest], Awaitable[Response]]


def with_moderator(handler: DeskHandler, who: CallerKinds = MODERATOR) -> Handler:
    """Decorate the handler of a page: only moderators in ``who`` reach it, with a session and, to write, a CSRF token.

    A problem becomes a page that shows it and what was typed.
    """

    async def send(request: Request) -> Response:
        site = await find_site(request)
        request.scope["site_locale"] = site.locale
        locale = locale_of(request, Caller(site))
        desk: DeskRequest | None = None
        fields = FormFields([])
        try:
            if request.method == "POST":
                fields = await read_form(request, limit=MAX_FORM_BYTES, max_fields=MAX_FIELDS)
            token = read_session_token(request)
            caller = await _signed_in(request, site, token)
            if caller is None or token is None:
                return _ask_to_sign_in(request, site, locale=locale, fields=fields)
            desk = DeskRequest(request, caller, locale, token, fields)
            admit(caller, who)
            if request.method == "POST":
                _require_own_form(request, token, fields)
            return await handler(desk)
        except SecondFactorMissing as problem:
            assert desk
            if request.method == "GET" and not desk.is_partial:
                return desk.see_other(desk.path("account/second-factor"), next=path_and_query(request))
            return _problem_page(request, site, problem, locale=locale, desk=desk, fields=fields)
        except Problem as problem:
            return _problem_page(request, site, problem, locale=locale, desk=desk, fields=fields)

    return send


async def _signed_in(request: Request, site: Site, token: str | None) -> Caller | None:
    """Return the moderator of the session, and count the request; None without a session that still lasts."""
    gate, address = gate_of(request), client_address(request)
    if token is None:
        await gate.count_address(site, address)
        return None
    try:
        caller, _ = await gate.identify_and_count(
            site, authorization=f"Bearer {token}", address=address, counts_as_use=not _is_poll(request)
        )
    except (Unauthenticated, WrongSite):
        return None
    return caller


def _ask_to_sign_in(request: Request, site: Site, *, locale: str, fields: FormFields) -> Response:
    """Send the page to sign in, which keeps a form of this desk; those of the account have passwords, so they are not.

    A form that is not kept leads back to where it came from: its own address can't be read.
    """
    if _is_poll(request):
        return desk_page(request, site, "session_ended.html", locale=locale, status=401)
    is_own, page = is_same_origin(request), raw_path(request.scope).split("/")[3]
    kept = FormFields(kept_fields(fields) if is_own and page != "account" else [])
    next_path = None
    if request.method == "POST" and not kept:
        came_from = fields.get("next", "") if is_own else ""
        next_path = f"{desk_path(request, site)}/account" if page == "account" else own_path(request, site, came_from)
    return show_sign_in(request, site, locale=locale, fields=kept, status=401, next_path=next_path)


def _is_poll(request: Request) -> bool:
    """Whether the page asks by itself for what is new: that keeps no session alive, and may not replace the page."""
    return request.headers.get("hx-trigger") == "newer"


def _require_own_form(request: Request, token: str, fields: FormFields) -> None:
    """Refuse a form that is not one of ours, sent by this session; raises OriginNotAllowed."""
    if not is_same_origin(request) or not is_csrf_token(token, fields.get(FIELD, "")):
        raise OriginNotAllowed


def _problem_page(
    request: Request, site: Site, problem: Problem, *, locale: str, desk: DeskRequest | None, fields: FormFields
) -> Response:
    log_cause(request.scope, problem)
    typed = [value for name, value in fields.pairs if name != FIELD and len(value) > 0]
    content = {"problem": problem.content(locale, base_path_of(request)), "typed": typed}
    if "hx-request" in request.headers:
        response = desk_page(request, site, "problem_said.html", locale=locale, status=problem.status, **content)
    elif desk is None:
        response = desk_page(request, site, "desk_problem.html", locale=locale, status=problem.status, **content)
    else:
        response = desk.page("desk_problem.html", status=problem.status, **content)
    response.headers.update(problem.headers)
    return response
