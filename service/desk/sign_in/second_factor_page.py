"""Set up a second factor, renew its recovery codes, and turn it off."""

from typing import Annotated

import msgspec
import segno
from msgspec import Meta
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from service.desk.sign_in.account_page import Typed, account_page, password_errors
from service.desk.sign_in.desk_request import DeskRequest
from service.platform.access.log_in import PER_SECOND_FACTOR, WRONG_CODE
from service.platform.access.manage_access import record_account_change
from service.platform.access.rate_limits import RateLimited
from service.platform.access.second_factors import (
    is_secret,
    lacks_second_factor,
    make_secret,
    renew_recovery_codes,
    setup_address,
    turn_off,
)
from service.platform.access.sessions import end_sessions_of
from service.platform.http.app_state import gate_of

QR_SCALE = 5


class SetupQuery(msgspec.Struct):
    """The page to go on to after a second factor that the site requires."""

    next: Annotated[str, Meta(max_length=4_000)] | None = None


class SetupForm(msgspec.Struct, kw_only=True):
    """The secret that the page showed, and the code that confirms it."""

    secret: Typed = ""
    code: Annotated[str, Meta(max_length=1_000)] = ""
    own_password: Typed = ""


async def get_setup(desk: DeskRequest) -> Response:
    """Send the page with a new secret, as QR code and as text."""
    return _setup_page(desk, make_secret(), next_path=desk.own_path(desk.query(SetupQuery).next or ""))


async def send_setup(desk: DeskRequest) -> Response:
    """Turn the second factor on, and show the recovery codes, once. The moderator's other sessions end."""
    form, gate, session = desk.form(SetupForm), gate_of(desk.request), desk.session
    secret = form.secret if is_secret(form.secret) else make_secret()
    errors = await password_errors(desk, form.own_password)
    codes: list[str] | None = None
    if not errors:
        try:
            await gate.limits.count("second-factors-per-account", PER_SECOND_FACTOR, desk.site, session.moderator_id)
            async with desk.database.write() as connection:
                codes = await gate.second_factors.turn_on(
                    connection, session.moderator_id, secret=secret, code=form.code
                )
                if codes:
                    await end_sessions_of(connection, session.moderator_id, but=session.id)
                    await _record(connection, desk)
        except RateLimited as problem:
            errors["code"] = str(problem.content(desk.locale)["title"])
        else:
            if codes is None:
                errors["code"] = WRONG_CODE.in_(desk.locale)
    next_path = desk.own_path(desk.fields.get("next", ""))
    if codes is None:
        return _setup_page(desk, secret, next_path=next_path, errors=errors, status=422)
    await gate.limits.reset("second-factors-per-account", PER_SECOND_FACTOR, desk.site, session.moderator_id)
    return desk.page("recovery_codes.html", codes=codes, go_on=next_path, is_new=True)


async def send_recovery_codes(desk: DeskRequest) -> Response:
    """Replace the recovery codes, and show them, once."""
    if errors := await password_errors(desk, desk.fields.get("own_password", "")):
        return await account_page(desk, status=422, errors={"codes": errors["old"]})
    codes: list[str] = []
    if desk.session.has_second_factor:
        async with desk.database.write() as connection:
            codes = await renew_recovery_codes(connection, desk.session.moderator_id)
    return desk.page("recovery_codes.html", codes=codes, go_on=desk.path("account"), is_new=False)


async def send_factor_off(desk: DeskRequest) -> Response:
    """Turn the second factor off."""
    if errors := await password_errors(desk, desk.fields.get("own_password", "")):
        return await account_page(desk, status=422, errors={"off": errors["old"]})
    async with desk.database.write() as connection:
        await turn_off(connection, desk.session.moderator_id)
        await _record(connection, desk)
    return desk.see_other(desk.path("account"), done="factor_off")


async def _record(connection: AsyncConnection, desk: DeskRequest) -> None:
    await record_account_change(connection, desk.site.id, desk.session.name, "second factor", by=desk.caller.actor)


def _setup_page(
    desk: DeskRequest, secret: str, *, next_path: str, errors: dict[str, str] | None = None, status: int = 200
) -> Response:
    address = setup_address(secret, desk.site, desk.session.name)
    image = segno.make(address, error="m", micro=False)
    return desk.page(
        "second_factor.html",
        status=status,
        secret=secret,
        spaced=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        address=address,
        image=image.svg_data_uri(scale=QR_SCALE, light="#fff", dark="#000"),
        image_size=image.symbol_size(scale=QR_SCALE)[0],
        is_required=lacks_second_factor(desk.session, desk.site),
        go_on=next_path,
        errors=errors or {},
    )
