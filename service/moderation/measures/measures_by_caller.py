"""Take and end measures for a caller, who may be limited to sections."""

from datetime import datetime
from uuid import UUID

from service.conversation.readers.measure_lookup import Measure
from service.conversation.readers.model import MeasureAction
from service.moderation.measures.measure_targets import require_reader, target_from_comment, target_of
from service.moderation.measures.reader_measures import end_measure, require_measure_in_sections, take_measure
from service.platform.access.caller import Caller
from service.platform.access.fingerprints import Fingerprints, Kind
from service.platform.problems import InvalidField
from service.platform.storage.engine import Database
from service.platform.text.field_types import read_line


async def take_own_measure(
    database: Database,
    fingerprints: Fingerprints,
    caller: Caller,
    action: MeasureAction,
    kind: Kind,
    *,
    value: str | None,
    comment: UUID | None,
    until: datetime | None,
    reason: str | None,
) -> Measure:
    """Take a measure on a ``value`` of that ``kind``, or on the author of ``comment``, until a time or for good.

    A caller limited to sections names a comment there. Raises InvalidField, NotFound or Forbidden.
    """
    if (value is None) == (comment is None):
        raise InvalidField("Give either “value” or “comment”.", pointer="/value")
    if comment is None:
        caller.require_whole_site()
    text = read_line(reason, pointer="/reason", max_length=500) if reason else None
    site = caller.site
    async with database.write() as connection:
        if comment is not None:
            target = await target_from_comment(
                connection, fingerprints, site, kind, comment, sections=caller.own_sections
            )
        else:
            target = target_of(fingerprints, site, kind, read_line(value or "", pointer="/value", max_length=254))
            await require_reader(connection, site, target)
        return await take_measure(connection, site, action, target, until=until, reason=text, by=caller.actor)


async def end_own_measure(
    database: Database, caller: Caller, measure_id: UUID, *, only: MeasureAction | None = None
) -> None:
    """End a measure, if it is of the action ``only`` or that is None; raises NotFound, also outside own sections."""
    async with database.write() as connection:
        if caller.own_sections is not None:
            await require_measure_in_sections(connection, caller.site, measure_id, sections=caller.own_sections)
        await end_measure(connection, caller.site, measure_id, only=only, by=caller.actor)
