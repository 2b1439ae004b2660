"""Complete the comments of the review queue to cards: everything that a moderator needs to decide, at once."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import CompoundSelect, Select, Text, false, func, literal, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_versions import CommentVersion, CommentVersionRow
from service.conversation.comments.findings_store import findings_of, rule_order
from service.conversation.comments.model import FindingRow
from service.conversation.readers.model import ReportRow
from service.conversation.screening.findings import Finding, Rule
from service.conversation.screening.matched_text import SearchableText, Span, find_match
from service.moderation.queue.author_records import AuthorRecord, read_author_records
from service.moderation.queue.review_queue import QueuedComment
from service.platform.storage.portable import any_of, row_parameters


class Mark(NamedTuple):
    """Where the match of a finding stands: in the comment's ``body`` or its author's ``name``."""

    rule: Rule
    field: Literal["body", "name"]
    span: Span


class Card(NamedTuple):
    """A queued comment with its findings, marks, earlier versions, reports by reason, and its author's record."""

    queued: QueuedComment
    findings: list[Finding]
    marks: list[Mark]
    versions: list[CommentVersion]
    reports: dict[str, int]
    author: AuthorRecord


async def read_cards(connection: AsyncConnection, queued: Sequence[QueuedComment], *, now: datetime) -> list[Card]:
    """Return the cards of ``queued``; for 50 comments three statements."""
    records = await _read_records(connection, [each.comment.id for each in queued])
    authors = await read_author_records(connection, {each.comment.reader_id for each in queued}, now=now)
    cards = []
    for each in queued:
        comment = each.comment
        recorded = records[comment.id]
        marks = _marks(each, recorded.findings)
        cards.append(
            Card(
                queued=each,
                findings=recorded.findings,
                marks=marks,
                versions=recorded.versions,
                reports=recorded.reports,
                author=authors[comment.reader_id],
            )
        )
        if marks:
            await asyncio.sleep(0)  # a long text takes milliseconds
    return cards


class _Records(msgspec.Struct):
    """What is recorded about a comment: findings, the number of reports by reason, and earlier versions."""

    findings: list[Finding] = msgspec.field(default_factory=list)
    reports: dict[str, int] = msgspec.field(default_factory=dict)
    versions: list[CommentVersion] = msgspec.field(default_factory=list)


async def _read_records(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, _Records]:
    records = {id_: _Records() for id_ in ids}
    if ids:
        dialect = connection.dialect.name
        for row in await connection.execute(_records(dialect), row_parameters(dialect, [(id_,) for id_ in ids])):
            of_comment = records[row.comment_id]
            match row.kind:
                case "finding":
                    of_comment.findings += findings_of(row)
                case "report":
                    of_comment.reports[row.rule] = row.number
                case "version":
                    of_comment.versions.append(CommentVersion(row.number, row.matched, row.at))
    for of_comment in records.values():
        of_comment.findings.sort(key=rule_order)
        of_comment.versions.sort()
    return records


@lru_cache
def _records(dialect: str) -> CompoundSelect[*tuple[Any, ...]]:
    """One statement for three tables, because a page has a limited number of them."""
    finding, report, version = FindingRow, ReportRow, CommentVersionRow
    no_text, no_time = null().cast(Text), null().cast(version.replaced_at.type)
    kinds = (literal(each).label("kind") for each in ("finding", "report", "version"))
    of_finding = (finding.rule, finding.action, finding.matched, finding.shadow, finding.details)
    of_others = (false(), no_text)  # in the place of the last two
    findings: Select[*tuple[Any, ...]] = select(
        finding.comment_id, next(kinds), *of_finding, literal(0).label("number"), no_time.label("at")
    )
    reports = select(report.comment_id, next(kinds), report.reason, no_text, no_text, *of_others, func.count(), no_time)
    versions = select(
        *(version.comment_id, next(kinds), no_text, no_text, version.body),
        *of_others,
        *(version.revision, version.replaced_at),
    )
    return union_all(
        findings.where(any_of(dialect, finding.comment_id)),
        reports.where(any_of(dialect, report.comment_id)).group_by(report.comment_id, report.reason),
        versions.where(any_of(dialect, version.comment_id)),
    )


def _marks(queued: QueuedComment, findings: Iterable[Finding]) -> list[Mark]:
    matched = [each for each in findings if each.matched]
    if not matched:
        return []
    body, name = SearchableText(queued.comment.body), SearchableText(queued.comment.author_name)
    marks: list[Mark] = []
    for finding in matched:
        marks += [Mark(finding.rule, "body", span) for span in find_match(finding, body)]
        marks += [Mark(finding.rule, "name", span) for span in find_match(finding, name)]
    return marks
