"""Try rules on past comments before they take effect."""

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.conversation.comments.model import CommentRow
from service.conversation.comments.reputation_queries import RecentActivity, no_activity
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
MAX_EXAMPLES = 20
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
    """The number of comments per action under the site's rules and under the new ones; the newest that differ."""

    before: Counter[Action]
    after: Counter[Action]
    changed: int
    examples: list[Example]


async def try_rules(
    database: Database, site: Site, rules: Rules, *, last: int, model: SpamModel | None = None
) -> Trial:
    """Screen the ``last`` comments of ``site`` by its current rules and by ``rules``, without changing anything.

    Comments without text are skipped. The rest are screened in order of arrival, and reputation comes only from them.
    Form data and Akismet are not used, the spam filter is today's ``model``, and the mode is ``publish``.
    """
    comments: list[_Comment] = []
    while len(comments) < last:
        async with database.read() as connection:
            before = comments[-1].id if comments else _LAST_ID
            older = await _older_than(connection, site, before, limit=min(BATCH, last - len(comments)))
        if not older:
            break
        comments += older
    return await asyncio.to_thread(_screen_all, comments, site.rules, rules, model)


async def _older_than(connection: AsyncConnection, site: Site, before: UUID, *, limit: int) -> Sequence[_Comment]:
    origin = (CommentRow.thread_id, CommentRow.reader_id, CommentRow.address_fingerprint, CommentRow.created_at)
    columns = (CommentRow.author_name, CommentRow.author_url, CommentRow.body, CommentRow.html)
    statement = (
        select(CommentRow.id, ThreadRow.article, CommentRow.state, *origin, *columns)
        .join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
        .where(of_site(connection.dialect.name, site), CommentRow.id < before, CommentRow.body != "")
        .order_by(CommentRow.id.desc())
        .limit(limit)
    )
    return (await connection.execute(statement)).all()


def _screen_all(comments: Sequence[_Comment], current: Rules, new: Rules, model: SpamModel | None) -> Trial:
    """Screen ``comments``, newest first, under both rule sets."""
    compiled, activity = (compile_rules(current), compile_rules(new)), no_activity()
    before, after, changed = Counter[Action](), Counter[Action](), 0
    examples: deque[Example] = deque(maxlen=MAX_EXAMPLES)
    for comment in reversed(comments):
        by_current, by_new = _screen_both(comment, activity, *compiled, model)
        current_action, new_action = strictest(by_current), strictest(by_new)
        before[current_action] += 1
        after[new_action] += 1
        if current_action != new_action:
            changed += 1
            shown = (comment.id, comment.article, comment.state, comment.body)
            examples.appendleft(Example(*shown, current_action, new_action, by_new))
    return Trial(before, after, changed, [*examples])


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
