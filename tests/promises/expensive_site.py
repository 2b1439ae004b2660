"""A site with everything at its limits: texts, names, links, rules, lists and logs."""

from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import insert, select, update

from service.conversation.comments.comment_versions import MAX_VERSIONS, CommentVersionRow
from service.conversation.comments.model import CommentRow, FindingRow
from service.conversation.comments.tree_paths import child_position, newest_path
from service.conversation.readers.model import MeasureRow, ReportRow
from service.conversation.screening.findings import Rule
from service.conversation.threads.model import ThreadRow
from service.integrations.endpoints.model import AttemptRow, DeliveryRow, EndpointRow
from service.platform import clock
from service.platform.events.model import DecisionRow, EventRow
from service.platform.sites.model import SiteRow
from service.platform.storage.engine import Database
from tests.builders import ASite, AThread, a_comment, a_session, a_thread
from tests.integrations.articles.articles import share_webhook_secret
from tests.platform.access.a_host import SECRET, share_secret

LINE = "𝔐" * 500
TITLE, REASON, NAME = LINE, LINE, "𝔐" * 100
URL = "https://gazette.example/?" + "&" * 1975
MATCHED = {"hold_words": "w*w.*", "reject_words": "bc", "reject_link_domains": "a.bc", "max_repeated": "w × 3"}
TEXT = "www.a.bc " * 1111  # each link becomes ten times as long


class Sizes(NamedTuple):
    """Numbers of rows: comments of each thread, other rows, endpoints."""

    comments: int = 520
    rows: int = 300
    endpoints: int = 120


SMALL = Sizes(comments=3, rows=3, endpoints=2)


@dataclass
class ExpensiveSite:
    """The site, and what requests name: a published thread, a thread on hold, their comments, and the callers."""

    site: ASite
    published: AThread
    pending: AThread
    published_ids: list[str]
    pending_ids: list[str]
    author: str
    session: str
    endpoint: str
    ban: str
    measure: str
    reader: str

    @property
    def database(self) -> Database:
        return database_of(self.site)


def database_of(site: ASite) -> Database:
    database: Database = site.app.state.database
    return database


async def an_expensive_site(site: ASite, sizes: Sizes) -> ExpensiveSite:
    """Fill ``site`` with rows of the most expensive kind."""
    await share_webhook_secret(site)
    await share_secret(site, SECRET)
    await site.set(url_ignore_www=True, url_ignore_trailing_slash=True, url_ignore_tracking_parameters=True)
    session = await a_session(site, "Maria")
    published = await a_thread(site, article="中" * 500, title=TITLE, url=URL)
    pending = await a_thread(site, article="日" * 500, title=TITLE, url=URL[:-1] + "a", mode="hold")
    author = {"name": NAME, "email": f"{'a' * 60}@{'b' * 180}.example", "url": URL}
    first = await a_comment(published, TEXT, **author)
    held = await a_comment(pending, TEXT, by=first["author_token"], **author)
    async with database_of(site).write() as connection:
        published_ids = await _copy(connection, first["comment"]["id"], sizes.comments)
        pending_ids = await _copy(connection, held["comment"]["id"], sizes.comments)
        site_id = (await connection.execute(select(SiteRow.id).where(SiteRow.slug == site.slug))).scalar_one()
        reader = await connection.scalar(
            select(CommentRow.reader_id).where(CommentRow.id == UUID(held["comment"]["id"]))
        )
        old = update(CommentRow).where(CommentRow.id == pending_ids[-1]).values(imported_from="wordpress:57")
        await connection.execute(old)
        await _add_reports(connection, published_ids, sizes.rows)
        ban, measure = await _add_measures(connection, site_id, reader, sizes.rows)
        await _add_versions(connection, site_id, pending_ids[:60])
        await _add_decisions(connection, site_id, pending_ids, sizes.rows)
    endpoint = await _add_endpoints(site, sizes.endpoints)
    return ExpensiveSite(
        site,
        published,
        pending,
        [*map(str, published_ids)],
        [*map(str, pending_ids)],
        first["author_token"],
        session,
        endpoint,
        str(ban),
        str(measure),
        str(reader),
    )


async def _copy(connection: Any, comment_id: str, copies: int) -> list[UUID]:
    """Copy a comment with its event; return all ids."""
    comment = (await connection.execute(select(CommentRow.__table__).where(CommentRow.id == UUID(comment_id)))).one()
    event = (
        await connection.execute(
            select(EventRow.__table__)
            .where(EventRow.thread_id == comment.thread_id)
            .order_by(EventRow.position.desc())
            .limit(1)
        )
    ).one()
    head = (await connection.execute(select(SiteRow.position).where(SiteRow.id == event.site_id))).scalar_one()
    comments, events, findings = [], [], []
    for number in range(1, copies):
        position = child_position(None, number + 1, max_depth=6)
        new = clock.new_id()
        comments.append(
            {**comment._mapping, "id": new, "path": position.path, "newest_path": newest_path(position.path)}
            | ({"parent_id": comment.id} if comment.state == "pending" else {})
        )
        data = event.data.replace(comment_id, str(new))
        events.append(
            {
                **event._mapping,
                "id": clock.new_id(),
                "position": head + number,
                "sequence": event.sequence + number,
                "data": data,
            }
        )
    await connection.execute(insert(CommentRow), comments)
    await connection.execute(insert(EventRow), events)
    ids = [comment.id, *(each["id"] for each in comments)]
    for each in ids:
        findings += [
            {"comment_id": each, "rule": rule.value, "action": "hold", "matched": MATCHED.get(rule, "𝔐" * 300)}
            for rule in list(Rule)[:10]
            if rule != "mode"
        ]
    if comment.state == "pending":
        await connection.execute(insert(FindingRow), findings)
    await connection.execute(update(SiteRow).where(SiteRow.id == event.site_id).values(position=head + copies - 1))
    counted = {"reply_count": copies} if comment.state == "published" else {}
    await connection.execute(
        update(ThreadRow)
        .where(ThreadRow.id == comment.thread_id)
        .values(places=copies, sequence=event.sequence + copies - 1, **counted)
    )
    return ids


async def _add_reports(connection: Any, ids: list[UUID], count: int) -> None:
    rows = [
        {
            "comment_id": each,
            "reporter_fingerprint": number,
            "id": clock.new_id(),
            "reason": "other",
            "note": REASON,
            "by_address": False,
            "settled_by": None,
            "created_at": clock.now(),
        }
        for each in ids[:1]
        for number in range(count)
    ]
    await connection.execute(insert(ReportRow), rows)
    more = [dict(rows[0], comment_id=each, id=clock.new_id()) for each in ids[1:count]]
    await connection.execute(insert(ReportRow), more)
    await connection.execute(update(CommentRow).where(CommentRow.id.in_(ids[:count])).values(reports=1))


async def _add_versions(connection: Any, site_id: int, ids: list[UUID]) -> None:
    rows = [
        {
            "comment_id": each,
            "revision": number + 1,
            "site_id": site_id,
            "replaced_at": clock.now(),
            "size": 40_000,
            "body": "𝔐" * 10_000,
        }
        for each in ids
        for number in range(MAX_VERSIONS)
    ]
    await connection.execute(insert(CommentVersionRow), rows)


async def _add_measures(connection: Any, site_id: int, reader: Any, count: int) -> tuple[UUID, UUID]:
    rows = [
        {
            "id": clock.new_id(),
            "site_id": site_id,
            "action": "ban",
            "kind": "reader",
            "fingerprint": number + 1000,
            "masked_value": "𝔐" * 260,
            "reader_id": reader,
            "reason": REASON,
            "until": None,
            "created_at": clock.now(),
            "ended_at": None,
        }
        for number in range(count)
    ]
    await connection.execute(insert(MeasureRow), rows)
    return rows[-1]["id"], rows[-2]["id"]


async def _add_decisions(connection: Any, site_id: int, ids: list[UUID], count: int) -> None:
    rows = [
        {
            "id": clock.new_id(),
            "site_id": site_id,
            "action": "reject",
            "comment_id": each,
            "before": "pending",
            "after": "pending",
            "revision": 0,
            "reason": REASON,
            "by_kind": "key",
            "decided_by": "a" * 12,
            "decided_at": clock.now(),
        }
        for each in ids[:count]
    ]
    await connection.execute(insert(DecisionRow), rows)


async def _add_endpoints(site: ASite, count: int) -> str:
    """Add endpoints; return the id of the first, which has a delivery of every event. Each has 120 attempts."""
    body = {"url": "http://127.0.0.1:9/" + "a" * 1900, "description": LINE}
    response = await site.call("POST", "/endpoints", by="admin", json=body)
    assert response.status_code == 201, response.text
    first: str = response.json()["endpoint"]["id"]
    async with database_of(site).write() as connection:
        row = (await connection.execute(select(EndpointRow.__table__).where(EndpointRow.id == UUID(first)))).one()
        head = (await connection.execute(select(SiteRow.position).where(SiteRow.slug == site.slug))).scalar_one()
        await connection.execute(update(EndpointRow).where(EndpointRow.id == UUID(first)).values(position=head))
        others = [{**row._mapping, "id": clock.new_id(), "position": head} for _ in range(count)]
        await connection.execute(insert(EndpointRow), others)
        deliveries = [
            {
                "endpoint_id": UUID(first),
                "position": position,
                "state": "failed",
                "due_at": clock.now(),
                "worker_id": None,
                "schedule_step": 1,
                "attempts": 1,
                "created_at": clock.now(),
                "completed_at": clock.now(),
            }
            for position in range(1, head + 1)
        ]
        deliveries += [{**deliveries[0], "endpoint_id": other["id"]} for other in others]
        await connection.execute(insert(DeliveryRow), deliveries)
        attempts = [
            {
                "endpoint_id": each,
                "position": 1,
                "id": clock.new_id(),
                "attempted_at": clock.now(),
                "duration_ms": 1,
                "status": 500,
                "error": None,
                "response": "\\x01" * 256,
                "comment_id": None,
                "comment_revision": None,
            }
            for each in [UUID(first), *(other["id"] for other in others)]
            for _ in range(120)
        ]
        await connection.execute(insert(AttemptRow), attempts)
    return first
