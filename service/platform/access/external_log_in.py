"""Log in a moderator whom a provider vouches for."""

from service.platform.access.desk_tokens import DeskToken, use_desk_token
from service.platform.access.external_accounts import (
    AccountRefused,
    ExternalIdentity,
    end_sessions_without_role,
    find_or_add_account,
)
from service.platform.access.sessions import Method, Session, begin_session, read_session
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database


async def log_in_externally(
    database: Database,
    site: Site,
    identity: ExternalIdentity,
    *,
    unmatched_hash: str,
    user_agent: str | None,
    desk_token: DeskToken | None = None,
) -> tuple[str, Session]:
    """Log in to the account of ``identity``, which is made at the first time. Returns the token and the session.

    ``unmatched_hash`` is one that no password matches. A ``desk_token`` is used up.
    Raises :class:`AccountRefused`, or DeskTokenRefused for a token that was used before.
    """
    try:
        async with database.write() as connection:
            if desk_token:
                await use_desk_token(connection, site, desk_token)
            account_id = await find_or_add_account(connection, site.id, identity, password_hash=unmatched_hash)
            method: Method = "token" if desk_token else "oidc"
            token = await begin_session(connection, account_id, method=method, user_agent=user_agent)
            session = await read_session(connection, token)
    except AccountRefused:
        async with database.write() as connection:
            await end_sessions_without_role(connection, site.id, identity)
        raise
    assert session
    return token, session
