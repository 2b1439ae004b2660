"""Ids of received article events, stored so that a repeated delivery changes nothing."""

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ForeignKey, String, delete
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from service.platform.storage.portable import insert_if_absent
from service.platform.storage.schema import Base

MESSAGE_RETENTION = timedelta(days=7)  # hosts retry for a day or two, with a new timestamp


class ReceivedRow(Base):
    """A message that was accepted, by its ``webhook-id``."""

    __tablename__ = "received_webhooks"
    __table_args__ = ({"sqlite_with_rowid": False},)

    site_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("sites.id"), primary_key=True)
    webhook_id: Mapped[str] = mapped_column(String(256), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(index=True)


async def store_received(connection: AsyncConnection, site_id: int, webhook_id: str, *, now: datetime) -> bool:
    """Store a message id in the transaction that applies the message; return whether it is new."""
    row = insert_if_absent(connection, ReceivedRow).values(site_id=site_id, webhook_id=webhook_id, received_at=now)
    return (await connection.execute(row.returning(ReceivedRow.webhook_id))).one_or_none() is not None


async def prune_received(connection: AsyncConnection, *, now: datetime) -> None:
    """Prune message ids older than :data:`MESSAGE_RETENTION`."""
    await connection.execute(delete(ReceivedRow).where(ReceivedRow.received_at <= now - MESSAGE_RETENTION))
