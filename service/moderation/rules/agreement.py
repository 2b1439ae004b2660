"""Compare the findings of a rule with the decisions of moderators on the same comments.

The rule may be in shadow or have an effect. A comment counts if it arrived since a given time, and if the last decision
of a moderator on its current text published it or took it down. Decisions that were undone do not count.

Two statements read everything: the latest decisions with what the rule found, without texts, and then the examples.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import CommentRow, FindingRow
from service.conversation.threads.model import ThreadRow
from service.platform.events.model import DecisionRow
from service.platform.sites.site_lookup import Site
from service.platform.storage.portable import any_of, row_parameters

MAX_DECISIONS, READ_AT_ONCE = 10_000, 200
MAX_EXAMPLES = 10  # of each kind
_NO_RULE = ""
# Whether moderators took the comment down, by action. Other actions say nothing about it.
_TOOK_DOWN = {"publish": False, "restore": False, "reject": True, "spam": True, "delete": True}

Disagreement = Literal["held-wrongly", "missed"]


class AgreementExample(NamedTuple):
    """A comment on which the rule and the moderators disagree."""

    comment_id: UUID
    article: str
    state: str
    body: str
    kind: Disagreement


class AgreementCounts(NamedTuple):
    """The numbers of comments: compared, with a finding, with the same result, and of each disagreement.

    ``is_complete`` is False if only the latest :data:`MAX_DECISIONS` decisions were read, those of rules
    included.
    """

    compared: int
    found: int
    agreed: int
    held_wrongly: int
    missed: int
    is_complete: bool
    examples: list[AgreementExample]


class RuleAccuracy(NamedTuple):
    """The number of comments with a finding of a rule that moderators decided on, and of those they took down."""

    found: int
    right: int


class _Compared(NamedTuple):
    comment_id: UUID
    found: bool
    took_down: bool


async def compare_with_decisions(
    connection: AsyncConnection, site: Site, rule: str, *, since: datetime
) -> AgreementCounts:
    """Compare ``rule`` with the decisions on comments of ``site`` that arrived since ``since``."""
    rows = await _read_decisions(connection, site, rule, limit=MAX_DECISIONS)
    compared = _last_decisions(
        row for row in reversed(rows) if row.created_at and row.created_at >= since and not row.is_erased
    )
    wrongly = [each.comment_id for each in compared if each.found and not each.took_down]
    missed = [each.comment_id for each in compared if each.took_down and not each.found]
    return AgreementCounts(
        compared=len(compared),
        found=sum(each.found for each in compared),
        agreed=len(compared) - len(wrongly) - len(missed),
        held_wrongly=len(wrongly),
        missed=len(missed),
        is_complete=len(rows) < MAX_DECISIONS or rows[-1].decided_at < since,
        examples=await _examples(connection, wrongly[:MAX_EXAMPLES], missed[:MAX_EXAMPLES]),
    )


async def measure_rules(
    connection: AsyncConnection, site: Site, *, since: datetime, max_decisions: int
) -> dict[str, RuleAccuracy]:
    """Compare all rules with the latest ``max_decisions`` decisions, on comments that arrived since ``since``.

    A rule without a finding on any of them is left out.
    """
    rows = await _read_decisions(connection, site, _NO_RULE, limit=max_decisions)
    compared = _last_decisions(
        row for row in reversed(rows) if row.created_at and row.created_at >= since and not row.is_erased
    )
    found, right, dialect = Counter[str](), Counter[str](), connection.dialect.name
    statement = select(FindingRow.comment_id, FindingRow.rule).where(any_of(dialect, FindingRow.comment_id))
    for first in range(0, len(compared), READ_AT_ONCE):
        took_down = {each.comment_id: each.took_down for each in compared[first : first + READ_AT_ONCE]}
        findings = await connection.execute(statement, row_parameters(dialect, [(each,) for each in took_down]))
        for finding in findings:
            found[finding.rule] += 1
            right[finding.rule] += took_down[finding.comment_id]
        await asyncio.sleep(0)
    return {rule: RuleAccuracy(count, right[rule]) for rule, count in found.items()}


async def _read_decisions(
    connection: AsyncConnection, site: Site, rule: str, *, limit: int
) -> list[Row[*tuple[Any, ...]]]:
    """Return the latest ``limit`` decisions on comments, newest first.

    They are read in parts: SQLite reads the texts of their comments too, and lets no other request run meanwhile.
    """
    rows: list[Row[*tuple[Any, ...]]] = []
    while len(rows) < limit:
        some, before = min(READ_AT_ONCE, limit - len(rows)), rows[-1].id if rows else None
        part = (await connection.execute(_decisions(site, rule, before=before, limit=some))).all()
        rows += part
        if len(part) < some:
            break
        await asyncio.sleep(0)
    return rows


def _decisions(site: Site, rule: str, *, before: UUID | None, limit: int) -> Select[*tuple[Any, ...]]:
    """The ``limit`` decisions on comments before ``before``, each with what the rule found in the comment.

    The limit applies to the log's index before anything is joined, so the number of rows read is bounded too.
    """
    of_comments = (DecisionRow.site_id == site.id, DecisionRow.comment_id.is_not(None))
    columns = (DecisionRow.id, DecisionRow.comment_id, DecisionRow.action, DecisionRow.by_kind, DecisionRow.decided_at)
    newest = select(*columns).where(*of_comments).order_by(DecisionRow.id.desc()).limit(limit)
    latest = (newest if before is None else newest.where(DecisionRow.id < before)).subquery()
    found = and_(FindingRow.comment_id == latest.c.comment_id, FindingRow.rule == rule)
    is_erased = (CommentRow.body == "").label("is_erased")  # its findings are erased with it
    return (
        select(latest, CommentRow.created_at, CommentRow.edited_at, is_erased, FindingRow.action.label("found"))
        .outerjoin(CommentRow, CommentRow.id == latest.c.comment_id)  # those of erased articles are gone
        .outerjoin(FindingRow, found)
        .order_by(latest.c.id.desc())
    )


def _last_decisions(rows: Iterable[Row[*tuple[Any, ...]]]) -> list[_Compared]:
    """Return the comments with a last decision that published them or took them down, newest decision first.

    ``rows`` are oldest first. A decision on words that the author has edited since is left out: the findings are on
    the new words.
    """
    standing: dict[UUID, list[tuple[bool | None, bool]]] = {}
    for row in rows:
        decisions = standing.pop(row.comment_id, [])  # so that the latest decided are last
        if row.action == "undo":
            decisions = decisions[:-1]
        elif _is_judgement(row) and (row.edited_at is None or row.edited_at <= row.decided_at):
            decisions = [*decisions, (_TOOK_DOWN.get(row.action), row.found is not None)]
        standing[row.comment_id] = decisions
    last = ((comment_id, *decisions[-1]) for comment_id, decisions in reversed(standing.items()) if decisions)
    return [_Compared(comment_id, found, took_down) for comment_id, took_down, found in last if took_down is not None]


def _is_judgement(row: Row[*tuple[Any, ...]]) -> bool:
    """Whether a person decided whether the comment may be read."""
    return row.by_kind not in {"author", "rule"} and row.action not in {"feature", "unfeature"}


async def _examples(
    connection: AsyncConnection, wrongly: Sequence[UUID], missed: Sequence[UUID]
) -> list[AgreementExample]:
    """Read the comments on which rule and moderators disagree, as they are now; those held wrongly first."""
    kinds: dict[UUID, Disagreement] = {**dict.fromkeys(wrongly, "held-wrongly"), **dict.fromkeys(missed, "missed")}
    if not kinds:
        return []
    dialect = connection.dialect.name
    statement = (
        select(CommentRow.id, ThreadRow.article, CommentRow.state, CommentRow.body)
        .join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
        .where(any_of(dialect, CommentRow.id))
    )
    rows = await connection.execute(statement, row_parameters(dialect, [(each,) for each in kinds]))
    found = {row.id: row for row in rows}
    return [AgreementExample(*found[each], kind) for each, kind in kinds.items()]
