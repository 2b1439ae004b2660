"""The declarative base of all tables, and the naming convention of constraints.

Models are tables with typed columns, used with Core statements: the SQL stays visible, and no hot path pays for an
identity map. Packages refer to each other's tables by name (``ForeignKey("sites.id")``), never by import.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Integer, LargeBinary, MetaData, Text, Uuid
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeEngine

from service.platform.storage.column_types import UtcTime

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite generates keys only for a column declared INTEGER; its integers have 64 bits anyway.
RowId = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[type, TypeEngine[Any]]] = {
        str: Text(),
        bytes: LargeBinary(),
        datetime: UtcTime(),
        UUID: Uuid(),
    }


def one_of(column: str, words: Iterable[str]) -> CheckConstraint:
    """A check constraint: ``column`` is one of ``words``."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)
