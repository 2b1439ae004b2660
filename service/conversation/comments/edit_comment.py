"""Authors edit their comments for a limited time."""

from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.automated_decisions import decision_by_rules
from service.conversation.comments.comment_lookup import find_own_comment, lock_own_comment
from service.conversation.comments.comment_versions import keep_version
from service.conversation.comments.findings_store import replace_findings, rule_order
from service.conversation.comments.model import Comment, PostAuthor, State
from service.conversation.comments.prepare_text import PreparedText, prepare_text
from service.conversation.comments.refusals import explain_rejection
from service.conversation.comments.reputation_queries import read_activity, uses_reputation
from service.conversation.comments.screening_webhook import WebhookFindings
from service.conversation.comments.staff import is_exempt
from service.conversation.comments.states import ARRIVAL_EVENTS, STATE_AFTER, STRICTEST_STATES, Change, change_states
from service.conversation.comments.submission import SubmissionState
from service.conversation.comments.visibility import EditRefusal, edit_refusal
from service.conversation.readers.measure_lookup import Banned, longest_ban, read_measures, trust_in
from service.conversation.screening.external_rules import screen_webhook
from service.conversation.screening.findings import Action, Finding, rejecting, strictest
from service.conversation.screening.reputation_rules import NEW_AUTHOR, Reputation, Trust, hash_text, reputation_of
from service.conversation.screening.screen_text import screen_author
from service.conversation.threads.model import Thread
from service.conversation.threads.thread_lookup import require_visible
from service.conversation.threads.thread_policy import mode_of, rules_of
from service.platform import clock
from service.platform.access.caller import Caller, PostOrigin
from service.platform.access.fingerprints import Fingerprints
from service.platform.events.event_types import EventType
from service.platform.events.record_decisions import record_decisions
from service.platform.problems import Detail, Problem
from service.platform.sites.site_lookup import Site, current_sites


class EditRefused(Problem):
    """An edit that was not accepted; ``draft`` returns the typed text."""

    status: ClassVar[int] = 409

    def __init__(self, body: str, detail: Detail | None = None, **members: Any) -> None:
        super().__init__(detail, draft={"body": body}, **members)


class EditInClosedThread(EditRefused):
    """Comments in a closed thread cannot be edited."""

    slug = "thread-closed"


class EditWindowClosed(EditRefused):
    """The time in which the author may edit is over."""

    slug = "edit-window-closed"


class NotEditable(EditRefused):
    """The comment was rejected or deleted."""

    slug = "not-editable"


class EditNotAccepted(EditRefused):
    """A rule of the site rejects the new text; ``rule`` names it."""

    status, slug = 422, "not-accepted"


REFUSALS: dict[EditRefusal, type[EditRefused]] = {
    "thread-closed": EditInClosedThread,
    "not-editable": NotEditable,
    "edit-window-closed": EditWindowClosed,
}


class Edit(NamedTuple):
    """An author's new text, ``body``, rendered and screened, with the data that bans need.

    ``webhook`` is the answer of the screening webhook. ``address`` is the author's address, if known.
    """

    body: str
    prepared: PreparedText
    webhook: WebhookFindings | None
    address: str | None
    fingerprints: Fingerprints

    def fingerprints_of(self, comment: Comment, site: Site) -> list[int]:
        """Return every fingerprint by which the author of ``comment`` can be banned."""
        by_author = self.fingerprints.of_author(site.id, reader_id=comment.reader_id, email=comment.author_email)
        return by_author + (self.fingerprints.of_address(site.id, self.address) if self.address else [])


async def submit_edit(
    state: SubmissionState, caller: Caller, comment_id: UUID, *, body: str, origin: PostOrigin
) -> Comment:
    """Replace the text of the caller's own comment by ``body``, already cleaned; raises as :func:`edit_comment`."""
    site, model = caller.site, await state.spam_models.get(caller.site)
    async with state.database.read() as connection:
        before, thread = await find_own_comment(connection, site, comment_id, caller.reader_id)
    author_name, author_url = before.author_name, before.author_url
    prepared = await prepare_text(
        site, model, section=thread.section, author_name=author_name, author_url=author_url, body=body
    )
    author = PostAuthor(author_name, before.author_email, author_url, before.author_role)
    webhook = await state.remote_checks.check_edit(
        site, comment_id, author, reader_id=caller.reader_id, body=body, html=prepared.html
    )
    edit = Edit(body, prepared, webhook, origin.address, state.gate.fingerprints)
    async with state.database.write() as connection:
        return await edit_comment(connection, site, comment_id, reader_id=caller.reader_id, edit=edit)


async def edit_comment(
    connection: AsyncConnection, site: Site, comment_id: UUID, *, reader_id: UUID | None, edit: Edit
) -> Comment:
    """Replace the text of a comment by its author ``reader_id``, and screen it again.

    Raises NotFound if the comment is not theirs, Banned, or an :class:`EditRefused`.
    """
    comment, thread = await lock_own_comment(connection, site, comment_id, reader_id)
    site = (await current_sites(connection, {site.id: site}))[site.id]
    now, body = clock.now(), edit.body
    require_visible(thread, to_staff=False, now=now)
    refusal = edit_refusal(comment, thread, site, now)
    if refusal == "thread-closed":  # before a ban, as for posts
        raise EditInClosedThread(body)
    fingerprints = edit.fingerprints_of(comment, site)
    measures = await read_measures(connection, {(site.id, each) for each in fingerprints})
    if ban := longest_ban(measures, site.id, fingerprints, now):
        raise Banned(ban, draft={"body": body})
    if refusal:
        raise REFUSALS[refusal](body)
    if comment.body == body:
        return comment
    await keep_version(connection, site, comment, now=now)
    comment.featured = False  # editors picked the words
    comment.body, comment.html, comment.edited_at = body, edit.prepared.html, now
    trust = trust_in(measures, site.id, fingerprints, now)
    findings = await _screen_again(connection, comment, thread, site, edit, trust=trust)
    before, revision = comment.state, comment.revision
    to, event = after_edit(before, strictest(findings))
    change = Change(thread, site, comment, to, event, automated=None if to is before else True)
    comment.reports = comment.reports or 0
    await replace_findings(connection, comment.id, findings)
    if change.automated:
        decided = structs.replace(comment, state=to)
        decision = decision_by_rules(site.id, decided, findings, before=before, revision=revision)
        await record_decisions(connection, [decision], now=now)
    await change_states(connection, [change], now=now)
    return comment


async def _screen_again(
    connection: AsyncConnection,
    comment: Comment,
    thread: Thread,
    site: Site,
    edit: Edit,
    *,
    trust: Trust | None,
) -> list[Finding]:
    """Return the findings of the site's rules on the new text; raises EditNotAccepted if a rule rejects it."""
    prepared = edit.prepared
    comment.text_hash = hash_text(thread.id, prepared.text.folded_body)
    if is_exempt(comment.author_role, site):
        return []
    mode, rules = mode_of(thread, site, clock.now()), rules_of(thread, site)
    reputation = NEW_AUTHOR
    if uses_reputation(rules, mode):
        reputation = await _reputation(connection, comment)
    findings = screen_author(prepared.findings, mode=mode, reputation=reputation, trust=trust)
    findings = sorted([*findings, *screen_webhook(edit.webhook, rules)], key=rule_order)
    if refusal := rejecting(findings):
        detail = explain_rejection(refusal) if rules.explain_to_author else None
        raise EditNotAccepted(comment.body, detail, rule=refusal.rule)
    return findings


async def _reputation(connection: AsyncConnection, comment: Comment) -> Reputation:
    """Return the author's reputation without this comment; an edit does not count as another post."""
    text_hash, now = comment.text_hash, comment.edited_at
    assert text_hash is not None and now is not None
    activity = await read_activity(connection, readers=[comment.reader_id], addresses=[], texts=[])
    past = [each for each in activity.by_reader[comment.reader_id] if each.id != comment.id]
    reputation = reputation_of(past, [], last_posted_at=None, text_hash=text_hash, is_short=True, now=now)
    return structs.replace(reputation, posted=0)


def after_edit(before: State, action: Action) -> tuple[State, EventType]:
    """Return the state after an edit whose text gets ``action`` (not ``reject``), and the event to append.

    An edit can lower a comment's state but never raise it: a held comment stays held.
    """
    after = min(before, STATE_AFTER[action], key=STRICTEST_STATES.index)
    return after, EventType.COMMENT_EDITED if after is before else ARRIVAL_EVENTS[after]
