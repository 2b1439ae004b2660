"""HTTP endpoints for sessions, API keys and moderators' accounts."""

import secrets

from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from service.platform.access.api_keys import Key, add_key, find_key, list_keys, revoke_key
from service.platform.access.caller import Caller
from service.platform.access.device_cookies import COOKIE, MAX_AGE_SECONDS
from service.platform.access.log_in import log_in
from service.platform.access.moderator_accounts import (
    InvalidModerator,
    Moderator,
    add_moderator,
    change_password,
    change_sections,
    find_moderator,
    list_moderators,
    remove_moderator,
    set_role,
)
from service.platform.access.passwords import InvalidPassword, validate_password
from service.platform.access.sessions import end_session
from service.platform.access.wire import (
    AccountChanges,
    AccountIn,
    AccountOut,
    Accounts,
    ApiKeyIn,
    ApiKeyOut,
    ApiKeys,
    ApiKeySecret,
    NewAccount,
    SessionIn,
    new_session,
    session_out,
)
from service.platform.http.app_state import database_of, gate_of
from service.platform.http.conditional import PRIVATE
from service.platform.http.cookies import set_cookie
from service.platform.http.decode import decode_body
from service.platform.http.raw_routes import json_response, path_parameter
from service.platform.http.request_origin import client_network
from service.platform.problems import InvalidField, NotFound

NO_STORE = {"cache-control": "no-store"}


async def post_session(request: Request, caller: Caller) -> Response:
    """Log in: returns 201 with the session and its token."""
    body = await decode_body(request, SessionIn)
    gate, cookie = gate_of(request), request.cookies.get(COOKIE, "")
    token, session = await log_in(
        database_of(request),
        caller.site,
        passwords=gate.passwords,
        limits=gate.limits,
        name=body.name,
        password=body.password,
        address=client_network(request),
        device_of=lambda account: gate.devices.read(caller.site.id, account.id, cookie) if cookie else None,
    )
    response = json_response(new_session(token, session), 201, NO_STORE)
    cookie = gate.devices.make(caller.site.id, session.moderator_id)
    set_cookie(response, request, COOKIE, cookie, path=request.url.path, seconds=MAX_AGE_SECONDS, same_site="strict")
    return response


async def get_session(_request: Request, caller: Caller) -> Response:
    """Get the current session."""
    assert caller.session
    return json_response(session_out(caller.session), headers=PRIVATE)


async def end_current_session(request: Request, caller: Caller) -> Response:
    """Log out: end the current session."""
    assert caller.session
    async with database_of(request).write() as connection:
        await end_session(connection, caller.session.id)
    return Response(status_code=204)


async def get_keys(request: Request, caller: Caller) -> Response:
    """List the site's API keys."""
    async with database_of(request).read() as connection:
        keys = await list_keys(connection, caller.site.id)
    return json_response(ApiKeys([_key_out(key) for key in keys]), headers=PRIVATE)


async def post_key(request: Request, caller: Caller) -> Response:
    """Create an API key."""
    body = await decode_body(request, ApiKeyIn)
    async with database_of(request).write() as connection:
        secret = await add_key(connection, caller.site.id, body.role)
        key = await find_key(connection, caller.site.id, secret.split("_")[1])
    return json_response(ApiKeySecret(_key_out(key), secret), 201, NO_STORE)


async def delete_key(request: Request, caller: Caller) -> Response:
    """Revoke an API key."""
    async with database_of(request).write() as connection:
        if not await revoke_key(connection, caller.site.id, path_parameter(request, "key")):
            raise NotFound
    return Response(status_code=204)


async def get_moderators(request: Request, caller: Caller) -> Response:
    """List the moderators' accounts."""
    async with database_of(request).read() as connection:
        accounts = await list_moderators(connection, caller.site.id)
    return json_response(Accounts([_account_out(account) for account in accounts]), headers=PRIVATE)


async def post_moderator(request: Request, caller: Caller) -> Response:
    """Create a moderator's account."""
    body, site_id = await decode_body(request, AccountIn), caller.site.id
    password = body.password or secrets.token_urlsafe(18)
    password_hash = await _hash(request, password, name=body.name)
    async with database_of(request).write() as connection:
        try:
            moderator_id = await add_moderator(
                connection,
                site_id,
                body.name,
                role=body.role,
                sections=tuple(body.sections) if body.sections is not None else None,
                password_hash=password_hash,
            )
        except InvalidModerator as error:
            raise InvalidField(str(error), pointer="/sections" if "section" in str(error) else "/name") from None
        account = await find_moderator(connection, site_id, moderator_id)
    return json_response(NewAccount(_account_out(account), None if body.password else password), 201, NO_STORE)


async def patch_moderator(request: Request, caller: Caller) -> Response:
    """Change a moderator's role, sections or password."""
    body, site_id, moderator_id = (
        await decode_body(request, AccountChanges),
        caller.site.id,
        path_parameter(request, "moderator"),
    )
    async with database_of(request).read() as connection:
        name = (await find_moderator(connection, site_id, moderator_id)).name
    password_hash = await _hash(request, body.password, name=name) if body.password is not UNSET else None
    async with database_of(request).write() as connection:
        await find_moderator(connection, site_id, moderator_id)
        if body.role is not UNSET:
            await set_role(connection, site_id, name, role=body.role)
        if body.sections is not UNSET:
            await _limit(connection, site_id, name, body.sections)
        if password_hash:
            await change_password(connection, site_id, name, password_hash=password_hash)
        account = await find_moderator(connection, site_id, moderator_id)
    return json_response(_account_out(account), headers=NO_STORE)


async def delete_moderator(request: Request, caller: Caller) -> Response:
    """Remove a moderator's account."""
    async with database_of(request).write() as connection:
        account = await find_moderator(connection, caller.site.id, path_parameter(request, "moderator"))
        await remove_moderator(connection, caller.site.id, account.name)
    return Response(status_code=204)


async def _limit(connection: AsyncConnection, site_id: int, name: str, sections: list[str] | None) -> None:
    """Limit a moderator to ``sections``; raises InvalidField for an admin."""
    try:
        await change_sections(connection, site_id, name, sections=None if sections is None else tuple(sections))
    except InvalidModerator as error:
        raise InvalidField(str(error), pointer="/sections") from None


def _account_out(account: Moderator) -> AccountOut:
    sections = None if account.sections is None else [*account.sections]
    return AccountOut(**account._asdict() | {"sections": sections})


def _key_out(key: Key) -> ApiKeyOut:
    return ApiKeyOut(key.id, key.role, key.created_at, key.last_used_at, key.revoked_at)


async def _hash(request: Request, password: str, *, name: str) -> str:
    """Return the hash of a new password; raises InvalidField, or Busy."""
    try:
        return await gate_of(request).passwords.hash(validate_password(password, name=name))
    except InvalidPassword as error:
        raise InvalidField(str(error), pointer="/password") from None
