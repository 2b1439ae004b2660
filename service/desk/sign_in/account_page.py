"""The moderator's own account: sessions, password and second factor."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from service.desk.sign_in.browser_names import browser_name
from service.desk.sign_in.desk_request import DeskRequest
from service.platform import clock
from service.platform.access.log_in import InvalidCredentials, check_own_password
from service.platform.access.manage_access import AccountChange, change_account
from service.platform.access.moderator_accounts import find_account_by_id
from service.platform.access.passwords import InvalidPassword, validate_password
from service.platform.access.rate_limits import RateLimited
from service.platform.access.second_factors import count_recovery_codes
from service.platform.access.sessions import end_own_session, end_sessions_of, list_sessions
from service.platform.http.app_state import gate_of
from service.platform.http.raw_routes import path_parameter
from service.platform.problems import Busy, NotFound

DONE = ("session_ended", "sessions_ended", "password_changed", "factor_on", "factor_off")
Typed = Annotated[str, Meta(max_length=1_000)]


class PasswordForm(msgspec.Struct, kw_only=True):
    """A change of one's own password."""

    own_password: Typed = ""
    new_password: Typed = ""
    new_password_again: Typed = ""


class AccountQuery(msgspec.Struct):
    """What was done by the form that led here."""

    done: Annotated[str, Meta(max_length=30)] | None = None


async def get_account(desk: DeskRequest) -> Response:
    """Send the page."""
    return await account_page(desk, done=desk.query(AccountQuery).done)


async def account_page(
    desk: DeskRequest, *, status: int = 200, done: str | None = None, errors: dict[str, str] | None = None
) -> Response:
    """Return the page; ``errors`` are sentences by field."""
    now, session = clock.now(), desk.session
    async with desk.database.read() as connection:
        listed = await list_sessions(connection, session.moderator_id)
        account = await find_account_by_id(connection, desk.site.id, session.moderator_id)
        codes_left = await count_recovery_codes(connection, session.moderator_id)
    used = [each._replace(last_used_at=now) if each.id == session.id else each for each in listed]
    return desk.page(
        "account.html",
        status=status,
        sessions=[(each, browser_name(each.user_agent), each.id == session.id) for each in used],
        session=session,
        has_password=account is not None and account.issuer is None,
        codes_left=codes_left,
        done=done if done in DONE else None,
        errors=errors or {},
    )


async def send_end_session(desk: DeskRequest) -> Response:
    """End one of the moderator's sessions."""
    try:
        session_id = bytes.fromhex(path_parameter(desk.request, "session"))
    except ValueError:
        raise NotFound from None
    async with desk.database.write() as connection:
        if not await end_own_session(connection, desk.session.moderator_id, session_id):
            raise NotFound
    return desk.see_other(desk.path("account"), done="session_ended")


async def send_end_sessions(desk: DeskRequest) -> Response:
    """Sign out everywhere else."""
    async with desk.database.write() as connection:
        await end_sessions_of(connection, desk.session.moderator_id, but=desk.session.id)
    return desk.see_other(desk.path("account"), done="sessions_ended")


async def send_password(desk: DeskRequest) -> Response:
    """Change the moderator's password; all of their other sessions end."""
    form, gate, session = desk.form(PasswordForm), gate_of(desk.request), desk.session
    errors = await password_errors(desk, form.own_password)
    if form.new_password != form.new_password_again:
        errors["again"] = desk.sentence("account", "not_alike")
    try:
        validate_password(form.new_password, name=session.name)
    except InvalidPassword:
        errors["new"] = desk.sentence("account", "password_rules")
    if errors:
        return await account_page(desk, status=422, errors=errors)
    change = AccountChange(password_hash=await gate.passwords.hash(form.new_password))
    async with desk.database.write() as connection:
        await change_account(connection, desk.site.id, session.name, change, by=desk.caller.actor, keeping=session.id)
    return desk.see_other(desk.path("account"), done="password_changed")


async def password_errors(desk: DeskRequest, password: str) -> dict[str, str]:
    """Check the moderator's own password, with the limits on attempts; return the sentence for the field ``old``."""
    gate = gate_of(desk.request)
    try:
        await check_own_password(
            desk.database,
            desk.site,
            passwords=gate.passwords,
            limits=gate.limits,
            session=desk.session,
            password=password,
        )
    except InvalidCredentials:
        return {"old": desk.sentence("account", "wrong_password")}
    except (RateLimited, Busy) as problem:
        return {"old": str(problem.content(desk.locale)["title"])}
    return {}
