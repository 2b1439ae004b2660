"""The forms of the sign-in, and the page that shows the first of them.

The fields of a form that was sent without a session are kept in these pages, whatever goes wrong. Once signed in, the
moderator looks them over and sends them again, with a token of the new session. *Why only a form of our own pages*: the
moderator would trust, and send, what a page of another origin had filled in.
"""

import re
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from service.desk.frame.csrf_tokens import FIELD
from service.desk.frame.desk_page import desk_page
from service.desk.frame.desk_paths import own_path, path_and_query
from service.platform.access.caller import Caller
from service.platform.http.authorize import find_site
from service.platform.http.csrf import is_same_origin
from service.platform.http.form_fields import FormFields, read_form
from service.platform.http.problem_responses import log_cause
from service.platform.http.raw_routes import Handler
from service.platform.http.request_origin import locale_of
from service.platform.problems import Problem
from service.platform.sites.site_lookup import Site

KEPT = "kept."  # before the name of each field of a form that waits for the sign-in
MAX_FORM_BYTES, MAX_FIELDS = 1024 * 1024, 2_000  # of a form of the desk: word lists of 10,000 terms
MAX_OWN_BYTES, MAX_OWN_FIELDS = 16 * 1024, 10  # of the sign-in's own fields
MAX_NAME = 100
NO_STORE = {"cache-control": "no-store"}


class SignInForm(NamedTuple):
    """A form of the sign-in: its own ``fields``, those ``kept`` for afterwards, and the page to go on to."""

    site: Site
    locale: str
    fields: FormFields
    kept: FormFields
    next_path: str


SignInStep = Callable[[Request, SignInForm], Awaitable[Response]]


def with_sign_in_form(step: SignInStep) -> Handler:
    """Decorate a step of the sign-in: it gets the form, and a problem becomes the first page again, with what is kept.

    A form of another origin begins at that page too, without what that origin filled in.
    """

    async def send(request: Request) -> Response:
        form = await read_sign_in_form(request)
        try:
            if not is_same_origin(request):
                return show_sign_in_again(request, form)
            return await step(request, form)
        except Problem as problem:
            log_cause(request.scope, problem)
            return show_sign_in_again(request, form, problem=problem)

    return send


async def read_sign_in_form(request: Request) -> SignInForm:
    """Read a form of the sign-in, whose own fields come first."""
    site = await find_site(request)
    request.scope["site_locale"] = site.locale
    limit = MAX_FORM_BYTES + MAX_FIELDS * len(KEPT) + MAX_OWN_BYTES
    fields = await read_form(request, limit=limit, max_fields=MAX_FIELDS + MAX_OWN_FIELDS)
    kept = [(each.removeprefix(KEPT), value) for each, value in fields.pairs if each.startswith(KEPT)]
    own = FormFields([each for each in fields.pairs if not each[0].startswith(KEPT)])
    next_path = own_path(request, site, own.get("next", ""))
    kept_form = FormFields(kept_fields(FormFields(kept)) if is_same_origin(request) else [])
    return SignInForm(site, locale_of(request, Caller(site)), own, kept_form, next_path)


def show_sign_in(
    request: Request,
    site: Site,
    *,
    locale: str,
    fields: FormFields,
    status: int = 200,
    problem: Problem | None = None,
    notice: str | None = None,
    name: str = "",
    next_path: str | None = None,
) -> Response:
    """Return the page to sign in; ``fields`` are those of a form that was sent without a session.

    ``notice`` is the key of a sentence of the page.
    """
    settings = site.settings
    response = desk_page(
        request,
        site,
        "sign_in.html",
        locale=locale,
        status=status,
        next_path=path_and_query(request) if next_path is None else next_path,
        kept=kept_fields(fields),
        name=name,
        problem=problem.content(locale) if problem else None,
        notice=notice,
        provider=urlsplit(settings.oidc_issuer or "").netloc if settings.oidc_client_id else "",
    )
    return as_whole_page(request, response, problem)


def show_sign_in_again(
    request: Request,
    form: SignInForm,
    *,
    problem: Problem | None = None,
    notice: str | None = None,
    status: int | None = None,
) -> Response:
    """Return the page to sign in after ``form`` was not successful, with what waits for it."""
    return show_sign_in(
        request,
        form.site,
        locale=form.locale,
        fields=form.kept,
        name=form.fields.get("name", "")[:MAX_NAME],
        next_path=form.next_path,
        problem=problem,
        notice=notice,
        status=status or (problem.status if problem else 200),
    )


def kept_fields(fields: FormFields) -> list[tuple[str, str]]:
    """The fields to keep: not the CSRF token, which was of another session, and no secrets, which are never shown."""
    return [(each, value) for each, value in fields.pairs if each != FIELD and not _SECRET.search(each)]


_SECRET = re.compile(r"(?:password|secret)(?:_again)?$")


def as_whole_page(request: Request, response: Response, problem: Problem | None = None) -> Response:
    """Show ``response`` as the whole page, also to a script that asked for a part of one."""
    if "hx-request" in request.headers:
        response.headers["hx-retarget"] = "body"
        response.headers["hx-reswap"] = "innerHTML"
        response.headers["hx-push-url"] = "false"
    if problem:
        response.headers.update(problem.headers)
    return response
