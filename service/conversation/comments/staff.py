"""Staff: moderators, and readers whom the host's token names as staff."""

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import IS_STAFF, AuthorRole, CommentRow
from service.conversation.screening.fold_text import fold
from service.conversation.threads.model import ThreadRow
from service.platform import clock
from service.platform.access.model import ModeratorRow
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database
from service.platform.storage.single_flight import SingleFlight

STAFF: frozenset[AuthorRole] = frozenset({"staff", "moderator"})
MAX_AGE = timedelta(seconds=10)


def is_exempt(role: AuthorRole, site: Site) -> bool:
    """Whether comments of an author with this ``role`` are neither screened nor limited."""
    return role in STAFF and site.settings.exempt_staff


def fold_name(name: str) -> str:
    """Fold ``name`` so that names that look alike are equal: case, accents, look-alikes, spaces and punctuation."""
    return "".join(filter(str.isalnum, fold(name)))


class StaffNames:
    """The folded names of each site's staff, none older than :data:`MAX_AGE`.

    They are the names of its moderators, and those under which staff have commented.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cached: dict[int, tuple[frozenset[str], datetime]] = {}
        self._reading: SingleFlight[frozenset[str]] = SingleFlight()

    async def include(self, site: Site, name: str) -> bool:
        """Whether ``name`` looks like that of a member of the site's staff."""
        names, read_at = self._cached.get(site.id, (frozenset(), None))
        if read_at is None or abs(clock.now() - read_at) >= MAX_AGE:
            names = await self._reading.call(site.id, partial(self._read, site.id))
            self._cached[site.id] = names, clock.now()
        return fold_name(name) in names

    async def _read(self, site_id: int) -> frozenset[str]:
        async with self._database.read() as connection:
            names = await _read_names(connection, site_id)
        return frozenset(filter(None, map(fold_name, names)))


async def _read_names(connection: AsyncConnection, site_id: int) -> list[str]:
    moderators = select(ModeratorRow.name).where(ModeratorRow.site_id == site_id, ModeratorRow.removed_at.is_(None))
    commented = (
        select(CommentRow.author_name)
        .join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
        .where(IS_STAFF, ThreadRow.site_id == site_id)
        .distinct()
    )
    return [*(await connection.scalars(moderators)), *(await connection.scalars(commented))]
