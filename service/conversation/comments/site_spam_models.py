"""Cache each site's spam model in memory, and reload it after training."""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import ClassifierRow
from service.conversation.screening.spam_features import FEATURES_VERSION
from service.conversation.screening.spam_model import FeatureCounts, SpamModel, build_model
from service.platform import clock
from service.platform.sites.site_lookup import Site
from service.platform.storage.engine import Database
from service.platform.storage.single_flight import SingleFlight

MAX_AGE = timedelta(seconds=1)

encode_counts = msgspec.msgpack.Encoder().encode
decode_counts = msgspec.msgpack.Decoder(FeatureCounts).decode


class _CachedModel(NamedTuple):
    """A cached model, the version it was built from, and the time of the last check."""

    model: SpamModel | None
    version: int
    checked_at: datetime


class SiteSpamModels:
    """The spam models of one database's sites, none older than :data:`MAX_AGE`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cached: dict[int, _CachedModel] = {}
        self._reading: SingleFlight[_CachedModel] = SingleFlight()

    async def get(self, site: Site) -> SpamModel | None:
        """Return the model of ``site``; None without a spam filter, or without enough training."""
        if site.rules.classifier is None:
            self._cached.pop(site.id, None)
            return None
        cached = self._cached.get(site.id)
        if cached is not None and (_is_fresh(cached) or site.id in self._reading):
            return cached.model  # other posts use the cached model during a reload
        cached = self._cached[site.id] = await self._reading.call(site.id, partial(self._read, site.id, cached))
        return cached.model

    async def _read(self, site_id: int, cached: _CachedModel | None) -> _CachedModel:
        now = clock.now()
        async with self._database.read() as connection:
            version = await _read_version(connection, site_id)
            if cached is not None and cached.version == version:
                return cached._replace(checked_at=now)
            counts = await _read_counts(connection, site_id) if version else None
        model = await asyncio.to_thread(_build, counts) if counts else None
        return _CachedModel(model, version, now)


def _is_fresh(cached: _CachedModel) -> bool:
    return abs(clock.now() - cached.checked_at) < MAX_AGE


def _build(counts: bytes) -> SpamModel | None:
    return build_model(decode_counts(counts))


async def _read_version(connection: AsyncConnection, site_id: int) -> int:
    """Return the version of the site's counts; 0 if there are none of this version of the features."""
    statement = select(ClassifierRow.version).where(
        ClassifierRow.site_id == site_id, ClassifierRow.features_version == FEATURES_VERSION
    )
    return await connection.scalar(statement) or 0


async def _read_counts(connection: AsyncConnection, site_id: int) -> bytes | None:
    statement = select(ClassifierRow.counts).where(ClassifierRow.site_id == site_id)
    counts: bytes | None = await connection.scalar(statement)
    return counts
