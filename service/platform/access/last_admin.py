"""Protect the last admin of a site: without an admin key or account, nobody could manage the site by API again."""

from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform.access.model import ApiKeyRow, ModeratorRow
from service.platform.problems import Problem


class LastAdmin(Problem):
    """The key or account is the site's only admin."""

    status: ClassVar[int] = 409
    slug = "last-admin"


async def require_another_admin(connection: AsyncConnection, site_id: int, *, besides: str) -> None:
    """Lock the admin keys and accounts of a site; raises :class:`LastAdmin` if the only one has the id ``besides``.

    Two transactions that remove the last two wait for each other, and the second is refused.
    """
    keys = select(ApiKeyRow.id).where(
        ApiKeyRow.site_id == site_id, ApiKeyRow.role == "admin", ApiKeyRow.revoked_at.is_(None)
    )
    accounts = select(ModeratorRow.id).where(
        ModeratorRow.site_id == site_id, ModeratorRow.role == "admin", ModeratorRow.removed_at.is_(None)
    )
    admins = [
        *(await connection.scalars(keys.order_by(ApiKeyRow.id).with_for_update())),
        *(await connection.scalars(accounts.order_by(ModeratorRow.id).with_for_update())),
    ]
    if admins == [besides]:
        raise LastAdmin("Create another admin key or account first.")
