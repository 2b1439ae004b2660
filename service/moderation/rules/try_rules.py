"""Try rules on past comments before they take effect."""

import asyncio
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.comment_lookup import read_with_threads
from service.conversation.comments.model import Comment, CommentRow, PostAuthor
from service.conversation.comments.reputation_queries import RecentActivity, no_activity
from service.conversation.comments.screening_webhook import ScreenedDraft, ScreeningWebhook, WebhookFindings
from service.conversation.screening.external_rules import screen_webhook
from service.conversation.screening.findings import Action, Finding, strictest
from service.conversation.screening.reputation_rules import PastComment, hash_text
from service.conversation.screening.rule_set import CompiledRules, compile_rules, make_draft_text
from service.conversation.screening.screen_text import screen_author, screen_text
from service.conversation.screening.spam_model import SpamModel
from service.conversation.threads.model import ThreadRow
from service.conversation.threads.thread_lookup import of_site
from service.platform.sites.site_lookup import Site
from service.platform.sites.site_rules import Rules
from service.platform.storage.engine import Database

BATCH = 20  # comments per read: with texts at their limit, some 10 ms
SEARCHED_AT_ONCE, MAX_SEARCHED = 1_000, 20_000  # comments of the site, to find those of a section
MAX_EXAMPLES = 20
MAX_ASKED = 50  # as many as run at once, so the answers take one timeout at most
_LAST_ID = UUID(int=2**128 - 1)

_Comment = Row[UUID, str, str, int, UUID, int | None, datetime, str, str | None, str, str]


class Example(NamedTuple):
    """A comment that gets a different action, and the findings of the new rules."""

    comment_id: UUID
    article: str
    state: str
    body: str
    before: Action
    after: Action
    findings: list[Finding]


class Trial(NamedTuple):
    """The number of comments per action under the site's rules and under the new ones; the newest that differ.

    ``asked`` is the number of comments that the screening webhook was asked about.
    """

    before: Counter[Action]
    after: Counter[Action]
    changed: int
    asked: int
    examples: list[Example]


async def try_rules(
    database: Database,
    site: Site,
    rules: Rules,
    *,
    last: int,
    webhook: ScreeningWebhook,
    model: SpamModel | None = None,
    section: str | None = None,
) -> Trial:
    """Screen the ``last`` comments of ``site`` by its current rules and by ``rules``, without changing anything.

    With ``section``, the rules are those of the section, and so are the comments: ``last`` of them at most, among the
    newest :data:`MAX_SEARCHED` of the site.

    Comments without text are skipped. The rest are screened in order of arrival, and reputation comes only from them.
    Form data and Akismet are not used, the spam filter is today's ``model``, and the mode is ``publish``. The screening
    ``webhook`` is asked about the newest :data:`MAX_ASKED` comments if a set of rules uses it.
    """
    if section is None:
        comments = await _latest(database, site, last)
    else:
        comments = await _latest_of_section(database, site, section, last)
    current = site.rules_in(section)
    uses_webhook = current.screening_webhook or rules.screening_webhook
    answers = await _ask(database, site, comments[:MAX_ASKED], webhook) if uses_webhook else {}
    return await asyncio.to_thread(_screen_all, comments, (current, rules), model, answers)


async def _latest(database: Database, site: Site, last: int) -> list[_Comment]:
    comments: list[_Comment] = []
    while len(comments) < last:
        async with database.read() as connection:
            before = comments[-1].id if comments else _LAST_ID
            older = await _read(connection, site, CommentRow.id < before, limit=min(BATCH, last - len(comments)))
        if not older:
            break
        comments += older
    return comments


async def _latest_of_section(database: Database, site: Site, section: str, last: int) -> list[_Comment]:
    found, comments, before = list[UUID](), list[_Comment](), _LAST_ID
    for _ in range(MAX_SEARCHED // SEARCHED_AT_ONCE):
        async with database.read() as connection:
            older = await _sections_before(connection, site, before)
        found += [comment_id for comment_id, its_section in older if its_section == section]
        if len(older) < SEARCHED_AT_ONCE or len(found) >= last:
            break
        before = older[-1].id
    for first in range(0, min(last, len(found)), BATCH):
        async with database.read() as connection:
            some = CommentRow.id.in_(found[first : min(first + BATCH, last)])
            comments += await _read(connection, site, some, limit=BATCH)
    return comments


async def _ask(
    database: Database, site: Site, comments: Sequence[_Comment], webhook: ScreeningWebhook
) -> dict[UUID, WebhookFindings | None]:
    """Ask the webhook about ``comments``, all at the same time; None where it does not answer."""
    ids = [comment.id for comment in comments]
    async with database.read() as connection:
        found = await read_with_threads(connection, ids)
    asked = [found[comment_id] for comment_id in ids if comment_id in found]
    answers = await asyncio.gather(*(webhook.ask_anyway(site, thread, _draft(each)) for each, thread in asked))
    return {comment.id: answer for (comment, _), answer in zip(asked, answers, strict=True)}


def _draft(comment: Comment) -> ScreenedDraft:
    author = PostAuthor(comment.author_name, comment.author_email, comment.author_url, comment.author_role)
    return ScreenedDraft(author, comment.reader_id, comment.body, comment.html, comment.parent_id, is_trial=True)


async def _read(
    connection: AsyncConnection, site: Site, which: ColumnElement[bool], *, limit: int
) -> Sequence[_Comment]:
    origin = (CommentRow.thread_id, CommentRow.reader_id, CommentRow.address_fingerprint, CommentRow.created_at)
    columns = (CommentRow.author_name, CommentRow.author_url, CommentRow.body, CommentRow.html)
    statement = (
        select(CommentRow.id, ThreadRow.article, CommentRow.state, *origin, *columns)
        .join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
        .where(of_site(connection.dialect.name, site), which, CommentRow.body != "")
        .order_by(CommentRow.id.desc())
        .limit(limit)
    )
    return (await connection.execute(statement)).all()


async def _sections_before(connection: AsyncConnection, site: Site, before: UUID) -> Sequence[Row[UUID, str | None]]:
    """Return the newest :data:`SEARCHED_AT_ONCE` comments before ``before``, each with the section of its thread."""
    statement = (
        select(CommentRow.id, ThreadRow.section)
        .join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
        .where(of_site(connection.dialect.name, site), CommentRow.id < before)
        .order_by(CommentRow.id.desc())
        .limit(SEARCHED_AT_ONCE)
    )
    return (await connection.execute(statement)).all()


def _screen_all(
    comments: Sequence[_Comment],
    rules: tuple[Rules, Rules],
    model: SpamModel | None,
    answers: Mapping[UUID, WebhookFindings | None],
) -> Trial:
    """Screen ``comments``, newest first, under both rule sets."""
    compiled, activity = (compile_rules(rules[0]), compile_rules(rules[1])), no_activity()
    before, after, changed = Counter[Action](), Counter[Action](), 0
    examples: deque[Example] = deque(maxlen=MAX_EXAMPLES)
    for comment in reversed(comments):
        by_current, by_new = _screen_both(comment, activity, *compiled, model)
        if comment.id in answers:
            by_current += screen_webhook(answers[comment.id], rules[0])
            by_new += screen_webhook(answers[comment.id], rules[1])
        current_action, new_action = strictest(by_current), strictest(by_new)
        before[current_action] += 1
        after[new_action] += 1
        if current_action != new_action:
            changed += 1
            shown = (comment.id, comment.article, comment.state, comment.body)
            examples.appendleft(Example(*shown, current_action, new_action, by_new))
    return Trial(before, after, changed, len(answers), [*examples])


def _screen_both(
    comment: _Comment, activity: RecentActivity, current: CompiledRules, new: CompiledRules, model: SpamModel | None
) -> tuple[list[Finding], list[Finding]]:
    """Return both rule sets' findings on ``comment``, then add it to ``activity``."""
    draft = make_draft_text(
        author_name=comment.author_name, author_url=comment.author_url, body=comment.body, html=comment.html
    )
    text_hash = hash_text(comment.thread_id, draft.folded_body)
    reputation = activity.reputation(
        reader_id=comment.reader_id,
        address_fingerprint=comment.address_fingerprint,
        text_hash=text_hash,
        folded=draft.folded_body,
        now=comment.created_at,
    )
    activity.add_past(
        PastComment(comment.id, comment.state, comment.created_at, text_hash),
        comment.reader_id,
        comment.address_fingerprint,
    )
    found = (
        screen_author(screen_text(draft, screen, model=model), mode="publish", reputation=reputation)
        for screen in (current, new)
    )
    return next(found), next(found)
