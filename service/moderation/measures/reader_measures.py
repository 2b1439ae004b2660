"""Ban, hold, trust or note a reader: one kind of record, with an end and a reason."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.readers.measure_lookup import COLUMNS, Measure
from service.conversation.readers.model import MeasureAction, MeasureRow
from service.moderation.measures.measure_targets import Target
from service.moderation.measures.reader_history import get_reader_history
from service.platform import clock
from service.platform.events.append import append_events
from service.platform.events.event_types import EventType, NewEvent
from service.platform.events.record_decisions import Actor, NewDecision, record_decisions
from service.platform.problems import InvalidField, NotFound
from service.platform.sites.site_lookup import Site
from service.platform.storage.portable import insert_many


async def take_measure(
    connection: AsyncConnection,
    site: Site,
    action: MeasureAction,
    target: Target,
    *,
    until: datetime | None,
    reason: str | None,
    by: Actor,
) -> Measure:
    """Take a measure on ``target``, until a time or for good.

    Raises InvalidField if ``until`` has passed, or if the action does not fit the target or needs a reason.
    """
    now = clock.now()
    if until is not None and until <= now:
        raise InvalidField("“until” must be in the future; omit it for a permanent measure.", pointer="/until")
    if action in _READERS_ONLY and target.kind != "reader":
        raise InvalidField(f"The action “{action}” is for readers only: set “kind” to “reader”.", pointer="/kind")
    if action == "note" and reason is None:
        raise InvalidField("The text of a note is its “reason”.", pointer="/reason")
    new = Measure(
        id=clock.new_id(),
        site_id=site.id,
        action=action,
        kind=target.kind,
        fingerprint=target.fingerprint,
        masked_value=target.masked_value,
        reader_id=target.reader_id,
        reason=reason,
        until=until,
        created_at=now,
        ended_at=None,
    )
    await insert_many(connection, MeasureRow, [new._asdict()])
    await _record(connection, site, new, _LOGGED[action].taken, reason=reason, by=by, now=now)
    if action == "ban":
        await append_events(connection, [_ban_event(site, new, EventType.READER_BANNED, now=now)])
    return new


# Anyone can type an e-mail address and share an address, so neither earns trust.
_READERS_ONLY = ("trust", "note")


async def end_measure(
    connection: AsyncConnection, site: Site, measure_id: UUID, *, only: MeasureAction | None = None, by: Actor
) -> None:
    """End a measure; raises NotFound if it does not exist, is not of the action ``only``, or is no longer in force."""
    now = clock.now()
    condition = [MeasureRow.id == measure_id, MeasureRow.site_id == site.id, *is_in_force()]
    if only is not None:
        condition.append(MeasureRow.action == only)
    ended = update(MeasureRow).where(*condition).values(ended_at=now).returning(*COLUMNS)
    row = (await connection.execute(ended, {"now": now})).one_or_none()
    if row is None:
        raise NotFound
    measure = Measure(*row)
    await _record(connection, site, measure, _LOGGED[measure.action].ended, reason=None, by=by, now=now)
    if measure.action == "ban":
        await append_events(connection, [_ban_event(site, measure, EventType.READER_UNBANNED, now=now)])


async def require_measure_in_sections(
    connection: AsyncConnection, site: Site, measure_id: UUID, *, sections: tuple[str, ...]
) -> None:
    """Check that the measure is on a reader who has posted in ``sections``; raises NotFound."""
    of_measure = select(MeasureRow.reader_id).where(MeasureRow.id == measure_id, MeasureRow.site_id == site.id)
    reader_id = await connection.scalar(of_measure)
    if reader_id is None:
        raise NotFound
    await get_reader_history(connection, site, reader_id, sections=sections)


class _Logged(NamedTuple):
    """The actions of a measure's start and end in the decision log."""

    taken: str
    ended: str


_LOGGED: dict[MeasureAction, _Logged] = {
    "ban": _Logged("ban", "unban"),
    "hold": _Logged("hold-reader", "unhold-reader"),
    "trust": _Logged("trust-reader", "untrust-reader"),
    "note": _Logged("note-reader", "unnote-reader"),
}


async def _record(
    connection: AsyncConnection,
    site: Site,
    measure: Measure,
    action: str,
    *,
    reason: str | None,
    by: Actor,
    now: datetime,
) -> None:
    decision = NewDecision(site.id, action, by, reader_id=measure.reader_id, ban_id=measure.id, reason=reason)
    await record_decisions(connection, [decision], now=now)


def _ban_event(site: Site, ban: Measure, event: EventType, *, now: datetime) -> NewEvent:
    data = {"id": ban.id, "kind": ban.kind, "reader_id": ban.reader_id, "until": ban.until}
    return NewEvent(type=event, site_id=site.id, thread_id=None, sequence=None, occurred_at=now, data={"ban": data})


async def erase_expired_fingerprints(connection: AsyncConnection) -> None:
    """Erase the fingerprints of measures on e-mails and addresses that are no longer in force."""
    now, row = clock.now(), MeasureRow
    over = or_(row.ended_at.is_not(None), row.until <= now)
    hashed = row.kind.in_(("email", "address"))
    await connection.execute(update(row).where(hashed, over, row.fingerprint != 0).values(fingerprint=0))


async def list_measures(
    connection: AsyncConnection,
    site: Site,
    *,
    action: MeasureAction | None = None,
    reader_id: UUID | None = None,
    before: UUID | None,
    limit: int,
) -> list[Measure]:
    """Return the ``limit`` newest measures of ``site`` in force, older than the measure ``before``."""
    statement = select(*COLUMNS).where(MeasureRow.site_id == site.id, *is_in_force())
    if action is not None:
        statement = statement.where(MeasureRow.action == action)
    if reader_id is not None:
        statement = statement.where(MeasureRow.reader_id == reader_id)
    if before is not None:
        statement = statement.where(MeasureRow.id < before)
    newest = statement.order_by(MeasureRow.id.desc()).limit(limit)
    return [Measure(*row) for row in await connection.execute(newest, {"now": clock.now()})]


def is_in_force() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The SQL conditions that a measure is in force at the time that the parameter ``now`` passes."""
    now = bindparam("now", type_=MeasureRow.until.type)
    return MeasureRow.ended_at.is_(None), or_(MeasureRow.until.is_(None), MeasureRow.until > now)
