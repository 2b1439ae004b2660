"""HTTP endpoints for sessions, API keys and moderators' accounts."""

import re

from starlette.requests import Request
from starlette.responses import Response

from service.platform.access.api_keys import Key, find_key, list_keys
from service.platform.access.caller import Caller
from service.platform.access.device_cookies import COOKIE, MAX_AGE_SECONDS
from service.platform.access.edit_accounts import add_account, edit_account
from service.platform.access.log_in import check_password, log_in
from service.platform.access.manage_access import (
    create_key,
    end_key,
    remove_account,
)
from service.platform.access.moderator_accounts import (
    Moderator,
    find_moderator,
    list_moderators,
)
from service.platform.access.sessions import end_session
from service.platform.access.wire import (
    AccountChanges,
    AccountIn,
    AccountOut,
    Accounts,
    AccountsQuery,
    ApiKeyIn,
    ApiKeyOut,
    ApiKeys,
    ApiKeySecret,
    KeysQuery,
    NewAccount,
    SessionIn,
    new_session,
    session_out,
)
from service.platform.http.app_state import database_of, gate_of
from service.platform.http.conditional import PRIVATE
from service.platform.http.cookies import set_cookie
from service.platform.http.cursors import decode_cursor, encode_cursor, next_link
from service.platform.http.decode import decode_body, decode_query
from service.platform.http.raw_routes import json_response, path_parameter
from service.platform.http.request_origin import client_network
from service.platform.problems import InvalidCursor, NotFound

NO_STORE = {"cache-control": "no-store"}


async def post_session(request: Request, caller: Caller) -> Response:
    """Log in: returns 201 with the session and its token."""
    body = await decode_body(request, SessionIn)
    gate, cookie = gate_of(request), request.cookies.get(COOKIE, "")
    account = await check_password(
        database_of(request),
        caller.site,
        passwords=gate.passwords,
        limits=gate.limits,
        name=body.name,
        password=body.password,
        address=client_network(request),
        device_of=lambda account: gate.devices.read(caller.site.id, account.id, cookie) if cookie else None,
    )
    token, session = await log_in(
        database_of(request),
        caller.site,
        account,
        limits=gate.limits,
        second_factors=gate.second_factors,
        code=body.code,
        user_agent=request.headers.get("user-agent"),
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
    """List the site's API keys, one page at a time."""
    query = decode_query(request, KeysQuery)
    after = _decode_id(query.cursor)
    async with database_of(request).read() as connection:
        keys = await list_keys(connection, caller.site.id, after=after, limit=query.limit + 1)
    cursor = encode_cursor(keys[query.limit - 1].id.encode()) if len(keys) > query.limit else None
    page = ApiKeys([_key_out(key) for key in keys[: query.limit]], cursor)
    return json_response(page, headers={**PRIVATE, **next_link(request, cursor)})


async def post_key(request: Request, caller: Caller) -> Response:
    """Create an API key."""
    body = await decode_body(request, ApiKeyIn)
    async with database_of(request).write() as connection:
        secret = await create_key(connection, caller.site.id, body.role, by=caller.actor)
        key = await find_key(connection, caller.site.id, secret.split("_")[1])
    return json_response(ApiKeySecret(_key_out(key), secret), 201, NO_STORE)


async def delete_key(request: Request, caller: Caller) -> Response:
    """Revoke an API key."""
    async with database_of(request).write() as connection:
        if not await end_key(connection, caller.site.id, _id(request, "key"), by=caller.actor):
            raise NotFound
    return Response(status_code=204)


async def get_moderators(request: Request, caller: Caller) -> Response:
    """List the moderators' accounts, one page at a time."""
    query = decode_query(request, AccountsQuery)
    after = _decode_id(query.cursor)
    async with database_of(request).read() as connection:
        accounts = await list_moderators(connection, caller.site.id, after=after, limit=query.limit + 1)
    cursor = encode_cursor(accounts[query.limit - 1].id.encode()) if len(accounts) > query.limit else None
    page = Accounts([_account_out(account) for account in accounts[: query.limit]], cursor)
    return json_response(page, headers={**PRIVATE, **next_link(request, cursor)})


async def post_moderator(request: Request, caller: Caller) -> Response:
    """Create a moderator's account."""
    body, passwords = await decode_body(request, AccountIn), gate_of(request).passwords
    account, password = await add_account(database_of(request), passwords, caller.site, body, by=caller.actor)
    return json_response(NewAccount(_account_out(account), password), 201, NO_STORE)


async def patch_moderator(request: Request, caller: Caller) -> Response:
    """Change a moderator's role, sections or password."""
    body, moderator_id = await decode_body(request, AccountChanges), _id(request, "moderator")
    passwords, by = gate_of(request).passwords, caller.actor
    account = await edit_account(database_of(request), passwords, caller.site, moderator_id, body, by=by)
    return json_response(_account_out(account), headers=NO_STORE)


async def delete_moderator(request: Request, caller: Caller) -> Response:
    """Remove a moderator's account."""
    async with database_of(request).write() as connection:
        account = await find_moderator(connection, caller.site.id, _id(request, "moderator"))
        await remove_account(connection, caller.site.id, account.name, by=caller.actor)
    return Response(status_code=204)


def _decode_id(cursor: str | None) -> str | None:
    """Decode the id of a key or account in ``cursor``; raises InvalidCursor."""
    if cursor is None:
        return None
    id_ = decode_cursor(cursor).decode("ascii", "replace")
    if not _ID.fullmatch(id_):
        raise InvalidCursor(parameter="cursor")
    return id_


def _id(request: Request, name: str) -> str:
    """Return the id of a key or account in the path; raises NotFound if it can be none."""
    id_ = path_parameter(request, name)
    if not _ID.fullmatch(id_):
        raise NotFound
    return id_


_ID = re.compile(r"[0-9a-f]{12}")


def _account_out(account: Moderator) -> AccountOut:
    sections = None if account.sections is None else [*account.sections]
    return AccountOut(**account._asdict() | {"sections": sections})


def _key_out(key: Key) -> ApiKeyOut:
    return ApiKeyOut(key.id, key.role, key.created_at, key.last_used_at, key.revoked_at)
