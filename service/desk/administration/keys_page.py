"""API keys and sealed secrets in the desk: created or set, shown once, revoked."""

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from service.desk.administration.settings_page import PARTS, SettingsPageQuery
from service.desk.frame.site_figures import DeskState
from service.desk.sign_in.desk_request import DeskRequest
from service.moderation.rules.save_secrets import delete_secret, generate_secret, save_secret
from service.platform.access.api_keys import list_keys
from service.platform.access.manage_access import create_key, end_key
from service.platform.access.wire import ApiKeyIn
from service.platform.http.app_state import state_of
from service.platform.http.raw_routes import path_parameter
from service.platform.problems import InvalidField, NotFound
from service.platform.sites.model import SECRETS, SecretName
from service.platform.sites.site_secrets import MAX_LENGTH, list_secrets

ON_PAGE = 100


class KeysPageQuery(SettingsPageQuery, kw_only=True, frozen=True):
    """``after`` is the id of the last key on the page before."""

    after: Annotated[str, Meta(pattern=r"^[0-9a-f]{12}$(?!\n)")] | None = None


class SecretIn(msgspec.Struct, kw_only=True, frozen=True):
    """The secret ``name`` and its text, which is generated if it is missing."""

    name: SecretName
    secret: Annotated[str, Meta(max_length=MAX_LENGTH)] | None = None


async def get_keys(desk: DeskRequest) -> Response:
    """Send the list of keys."""
    return await _keys(desk, after=desk.query(KeysPageQuery).after)


async def send_key(desk: DeskRequest) -> Response:
    """Create a key and show it, once."""
    role = desk.form(ApiKeyIn).role
    async with desk.database.write() as connection:
        secret = await create_key(connection, desk.site.id, role, by=desk.caller.actor)
    return await _keys(desk, secret=secret)


async def send_key_revocation(desk: DeskRequest) -> Response:
    """Revoke a key."""
    async with desk.database.write() as connection:
        if not await end_key(connection, desk.site.id, path_parameter(desk.request, "key"), by=desk.caller.actor):
            raise NotFound
    return desk.see_other(desk.path("settings/keys"), done="saved")


async def _keys(desk: DeskRequest, *, after: str | None = None, secret: str | None = None) -> Response:
    async with desk.database.read() as connection:
        keys = await list_keys(connection, desk.site.id, after=after, limit=ON_PAGE + 1)
    return desk.page(
        "keys.html",
        status=201 if secret else 200,
        part="settings/keys",
        parts=PARTS,
        api_keys=keys[:ON_PAGE],
        next_after=keys[ON_PAGE - 1].id if len(keys) > ON_PAGE else None,
        secret=secret,
    )


async def get_secrets(desk: DeskRequest) -> Response:
    """Send which secrets are set, without them."""
    return await _secrets(desk, done=desk.query(SettingsPageQuery).done)


async def send_secret(desk: DeskRequest) -> Response:
    """Set a secret; one that was generated is shown, once."""
    given, state = desk.form(SecretIn), state_of(desk.request, DeskState)
    try:
        secret = given.secret or generate_secret(given.name)
        await save_secret(
            state.database,
            state.secrets,
            state.gate.sites,
            desk.site,
            name=given.name,
            text=secret,
            by=desk.caller.actor,
        )
    except InvalidField as problem:
        return await _secrets(desk, errors={given.name: str(problem)}, status=422)
    if given.secret:
        return desk.see_other(desk.path("settings/secrets"), done="saved")
    return await _secrets(desk, generated=(given.name, secret), status=201)


async def send_secret_deletion(desk: DeskRequest) -> Response:
    """Delete a secret."""
    given, state = desk.form(SecretIn), state_of(desk.request, DeskState)
    await delete_secret(state.database, state.gate.sites, desk.site, given.name, by=desk.caller.actor)
    return desk.see_other(desk.path("settings/secrets"), done="saved")


async def _secrets(
    desk: DeskRequest,
    *,
    generated: tuple[SecretName, str] | None = None,
    errors: dict[SecretName, str] | None = None,
    done: str | None = None,
    status: int = 200,
) -> Response:
    async with desk.database.read() as connection:
        since = await list_secrets(connection, desk.site)
    return desk.page(
        "secrets.html",
        status=status,
        part="settings/secrets",
        parts=PARTS,
        names=SECRETS,
        since=since,
        generated=generated,
        errors=errors or {},
        done=done,
    )
