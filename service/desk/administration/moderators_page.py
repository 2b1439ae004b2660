"""Moderators' accounts in the desk: added, changed, removed. A generated password is shown once."""

from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta
from starlette.responses import Response

from service.desk.administration.keys_page import ON_PAGE
from service.desk.administration.settings_page import PARTS, SettingsPageQuery
from service.desk.sign_in.desk_request import DeskRequest
from service.platform.access.edit_accounts import add_account, edit_account
from service.platform.access.last_admin import LastAdmin
from service.platform.access.manage_access import remove_account
from service.platform.access.moderator_accounts import find_moderator, list_moderators
from service.platform.access.wire import AccountChanges, AccountIn
from service.platform.http.app_state import gate_of
from service.platform.http.decode import decode
from service.platform.http.raw_routes import path_parameter
from service.platform.problems import InvalidField, Problem


class ModeratorsPageQuery(SettingsPageQuery, kw_only=True, frozen=True):
    """``after`` is the id of the last account on the page before."""

    after: Annotated[str, Meta(pattern=r"^[0-9a-f]{12}$(?!\n)")] | None = None


class Refusal(NamedTuple):
    """A form that was refused: the id of its account, or ``new``; the field and its message; what was typed."""

    form: str
    field: str
    message: str
    typed: dict[str, str]


async def get_moderators(desk: DeskRequest) -> Response:
    """Send the list of accounts."""
    query = desk.query(ModeratorsPageQuery)
    return await _moderators(desk, after=query.after, done=query.done)


async def send_moderator(desk: DeskRequest) -> Response:
    """Add an account; a password that was generated is shown, once."""
    try:
        given = decode(msgspec.json.encode(_typed(desk, "name", "role")), AccountIn)
        passwords, by = gate_of(desk.request).passwords, desk.caller.actor
        account, password = await add_account(desk.database, passwords, desk.site, given, by=by)
    except InvalidField as problem:
        return await _moderators(desk, refusal=_refusal(desk, "new", problem))
    if password is None:
        return desk.see_other(desk.path("settings/moderators"), done="saved")
    return await _moderators(desk, generated=(account.name, password))


async def send_moderator_changes(desk: DeskRequest) -> Response:
    """Change the role, sections or password of an account."""
    moderator_id = path_parameter(desk.request, "moderator")
    try:
        changes = decode(msgspec.json.encode(await _changes(desk, moderator_id)), AccountChanges)
        passwords, by = gate_of(desk.request).passwords, desk.caller.actor
        await edit_account(desk.database, passwords, desk.site, moderator_id, changes, by=by)
    except (InvalidField, LastAdmin) as problem:
        return await _moderators(desk, refusal=_refusal(desk, moderator_id, problem))
    return desk.see_other(desk.path("settings/moderators"), done="saved")


async def send_moderator_removal(desk: DeskRequest) -> Response:
    """Remove an account and end its sessions."""
    moderator_id = path_parameter(desk.request, "moderator")
    try:
        async with desk.database.write() as connection:
            account = await find_moderator(connection, desk.site.id, moderator_id)
            await remove_account(connection, desk.site.id, account.name, by=desk.caller.actor)
    except LastAdmin as problem:
        return await _moderators(desk, refusal=_refusal(desk, moderator_id, problem))
    return desk.see_other(desk.path("settings/moderators"), done="saved")


def _typed(desk: DeskRequest, *names: str) -> dict[str, Any]:
    """The fields of the form as the API takes them; without sections, an account moderates all."""
    sections = [*dict.fromkeys(filter(None, map(str.strip, desk.fields.get("sections", "").splitlines())))]
    given = {name: value for name in (*names, "password") if (value := desk.fields.get(name))}
    return {**given, "sections": sections or None}


async def _changes(desk: DeskRequest, moderator_id: str) -> dict[str, Any]:
    """What the form changes of the account, so that the log names nothing else."""
    async with desk.database.read() as connection:
        account = await find_moderator(connection, desk.site.id, moderator_id)
    given = _typed(desk, "role")
    if given.get("role") == account.role:
        del given["role"]
    if tuple(sorted(given["sections"] or ())) == (account.sections or ()) or given.get("role") == "admin":
        del given["sections"]
    return given


def _refusal(desk: DeskRequest, form: str, problem: Problem) -> Refusal:
    field = problem.members.get("pointer", "/role").strip("/").partition("/")[0]
    typed = {name: desk.fields.get(name, "") for name in ("name", "role", "sections")}
    return Refusal(form, field, str(problem), typed)


async def _moderators(
    desk: DeskRequest,
    *,
    after: str | None = None,
    done: str | None = None,
    generated: tuple[str, str] | None = None,
    refusal: Refusal | None = None,
) -> Response:
    async with desk.database.read() as connection:
        accounts = await list_moderators(connection, desk.site.id, after=after, limit=ON_PAGE + 1)
    return desk.page(
        "moderators.html",
        status=422 if refusal else 201 if generated else 200,
        part="settings/moderators",
        parts=PARTS,
        accounts=accounts[:ON_PAGE],
        next_after=accounts[ON_PAGE - 1].id if len(accounts) > ON_PAGE else None,
        done=done,
        generated=generated,
        refusal=refusal,
    )
