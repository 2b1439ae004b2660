"""The second step of a sign-in: the code of the second factor.

Between the steps the page holds a sealed proof that the password was right, so it need not hold the password.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from service.desk.frame.desk_page import desk_page
from service.desk.sign_in.finish_sign_in import finish_sign_in
from service.desk.sign_in.sign_in_form import SignInForm, as_whole_page, kept_fields, show_sign_in_again
from service.platform import clock
from service.platform.access.log_in import log_in
from service.platform.access.moderator_accounts import Account, find_account_by_id
from service.platform.access.platform_state import PlatformState
from service.platform.access.rate_limits import RateLimited
from service.platform.access.second_factors import SecondFactorRequired
from service.platform.http.app_state import database_of, gate_of, state_of
from service.platform.http.request_origin import client_network
from service.platform.problems import Busy, Problem
from service.platform.sites.site_lookup import Site
from service.platform.storage.seal import Seal, UnsealError

STEP_LIFETIME = timedelta(minutes=10)
MAX_CODE = 40


class PasswordStep(msgspec.Struct, frozen=True):
    """The proof that the password of an account was right; ``password`` is a hash of its hash."""

    account_id: str
    password: str
    expires_at: datetime


def show_code(request: Request, form: SignInForm, account: Account) -> Response:
    """Return the page that asks for the code, after the password of ``account`` was right."""
    step = PasswordStep(account.id, _mark(account), clock.now() + STEP_LIFETIME)
    sealed = _seal_of(request).close(msgspec.json.encode(step).decode(), about=_about(form.site))
    return _code_page(request, form, urlsafe_b64encode(sealed).decode())


async def send_code(request: Request, form: SignInForm) -> Response:
    """Finish a sign-in with the code."""
    step = form.fields.get("step", "")
    await gate_of(request).count_address(form.site, client_network(request))
    account = await _account_of(request, form.site, step)
    if account is None:
        return show_sign_in_again(request, form, notice="too_late", status=400)
    gate = gate_of(request)
    try:
        token, session = await log_in(
            database_of(request),
            form.site,
            account,
            limits=gate.limits,
            second_factors=gate.second_factors,
            code=form.fields.get("code", "")[:MAX_CODE],
            user_agent=request.headers.get("user-agent"),
        )
    except (SecondFactorRequired, RateLimited, Busy) as problem:
        return _code_page(request, form, step, problem)
    return await finish_sign_in(request, form, token, session)


def _code_page(request: Request, form: SignInForm, step: str, problem: Problem | None = None) -> Response:
    response = desk_page(
        request,
        form.site,
        "sign_in_code.html",
        locale=form.locale,
        status=problem.status if problem else 200,
        step=step,
        next_path=form.next_path,
        kept=kept_fields(form.kept),
        problem=problem.content(form.locale) if problem else None,
    )
    return as_whole_page(request, response, problem)


async def _account_of(request: Request, site: Site, step: str) -> Account | None:
    """Return the account whose password was right; None if that was too long ago, or the password changed since."""
    try:
        text = _seal_of(request).open(urlsafe_b64decode(step.encode("ascii")), about=_about(site))
    except (ValueError, UnsealError):
        return None
    proven = msgspec.json.decode(text, type=PasswordStep)
    if proven.expires_at <= clock.now():
        return None
    async with database_of(request).read() as connection:
        account = await find_account_by_id(connection, site.id, proven.account_id)
    return account if account and _mark(account) == proven.password else None


def _mark(account: Account) -> str:
    return hashlib.sha256(account.password_hash.encode()).hexdigest()


def _seal_of(request: Request) -> Seal:
    return state_of(request, PlatformState).sign_in_seal


def _about(site: Site) -> str:
    return f"code {site.id}"
