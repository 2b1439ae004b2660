"""File a report on a comment; at the site's threshold the comment is queued for review, or hidden until then."""

from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.automated_decisions import decision_by_rules
from service.conversation.comments.comment_lookup import lock_comment, no_comment
from service.conversation.comments.findings_store import add_finding
from service.conversation.comments.model import Comment, CommentRow, State
from service.conversation.comments.states import Change, change_states
from service.conversation.comments.visibility import event_view
from service.conversation.readers.measure_lookup import Banned, longest_ban, read_measures
from service.conversation.screening.findings import Finding, Rule
from service.conversation.threads.close_thread import close_due_threads
from service.conversation.threads.counts import write_counts
from service.conversation.threads.model import Thread
from service.conversation.threads.thread_events import thread_event
from service.conversation.threads.thread_lookup import require_visible
from service.moderation.reports.receipts import hash_token, new_token
from service.moderation.reports.report_store import (
    NewReport,
    Report,
    Reporter,
    last_decision,
    read_own_report,
    write_report,
)
from service.moderation.reports.sealed_words import Words, seal_words
from service.platform import clock
from service.platform.events.append import append_events
from service.platform.events.event_types import EventType, NewEvent
from service.platform.events.record_decisions import record_decisions
from service.platform.sites.site_lookup import Site
from service.platform.storage.seal import Seal


async def file_report(
    connection: AsyncConnection, site: Site, comment_id: UUID, *, by: Reporter, new: NewReport, seal: Seal
) -> tuple[Report, str | None]:
    """Report a comment; return the report and the token of its receipt. A reader can report the same text once.

    The token is None if they have reported it before. The words of an ``illegal`` comment are sealed with ``seal``.
    A report on text that a moderator has already approved does not queue it again. Raises NotFound if readers cannot
    see the comment, or Banned.
    """
    comment, thread = await lock_comment(connection, site, comment_id)
    now = clock.now()
    require_visible(thread, to_staff=False, now=now)
    if comment.state is not State.PUBLISHED:
        raise no_comment()
    measures = await read_measures(connection, {(site.id, fingerprint) for fingerprint in by.fingerprints})
    if ban := longest_ban(measures, site.id, by.fingerprints, now):
        raise Banned(ban)
    known = await read_own_report(connection, comment_id, by.fingerprint)
    if known and known.report.created_at >= (comment.edited_at or comment.created_at):
        return known.report, None
    report, token = Report(clock.new_id(), *new, now), new_token()
    settled_by = await last_decision(connection, comment_id) if comment.reports is None else None
    is_sealed = new.reason == "illegal" and settled_by is None
    await write_report(
        connection,
        comment_id,
        by,
        report,
        settled_by,
        receipt=hash_token(token),
        sealed_words=seal_words(seal, report.id, Words(comment.body, new.note)) if is_sealed else None,
        replaces=known is not None,
    )
    if comment.reports is not None and not (known and known.settled_by is None):
        comment.reports += 1
    events = await close_due_threads(connection, [thread], {site.id: site}, now=now)
    events.append(_report_event(comment, thread, site, report))
    hide = Change(thread, site, comment, State.PENDING, EventType.COMMENT_HELD, automated=True)
    await _count_or_hide(connection, hide, events)
    return report, token


def _report_event(comment: Comment, thread: Thread, site: Site, report: Report) -> NewEvent:
    reported = {"id": report.id, "reason": report.reason}
    data = {"comment": event_view(comment), "report": reported}
    return thread_event(thread, site, EventType.REPORT_FILED, occurred_at=report.created_at, **data)


async def _count_or_hide(connection: AsyncConnection, hide: Change, events: list[NewEvent]) -> None:
    """Write the report count of a comment, and ``hide`` it if the site hides at its threshold."""
    comment, rules, now = hide.comment, hide.site.rules, events[-1].occurred_at
    count = comment.reports or 0
    if rules.on_report_threshold == "hide" and count >= rules.report_threshold:
        finding = Finding(Rule.REPORT_THRESHOLD, "hold", str(count))
        await add_finding(connection, comment.id, finding)
        held = replace(comment, state=hide.to)
        decision = decision_by_rules(hide.site.id, held, [finding], before=comment.state, revision=comment.revision)
        await record_decisions(connection, [decision], now=now)
        await change_states(connection, [hide], now=now, earlier_events=events)
        return
    await connection.execute(update(CommentRow).where(CommentRow.id == comment.id).values(reports=comment.reports))
    await write_counts(connection, [hide.thread], now=now)
    await append_events(connection, events)
