"""What other rules would have made of the comments there are, before anybody is judged by them."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from service.comments.model import CommentRow
from service.screening.findings import Finding, Verdict, strictest
from service.screening.judging import judge
from service.screening.rules import Screen, make_screen, said
from service.sites.finding import Site
from service.sites.rules import Rules
from service.storage.engine import Database
from service.threads.model import ThreadRow

BATCH = 500
MOST_EXAMPLES = 20
_LAST_ID = UUID(int=2**128 - 1)

_Comment = Row[UUID, str, str, str, str | None, str, str]


class Example(NamedTuple):
    """A comment that the rules would have judged differently, and what they find in it."""

    comment_id: UUID
    article: str
    state: str
    body: str
    before: Verdict
    after: Verdict
    findings: list[Finding]


class Trial(NamedTuple):
    """How many comments get each verdict by the site's rules and by those tried; the newest that differ."""

    before: Counter[Verdict]
    after: Counter[Verdict]
    changed: int
    examples: list[Example]


async def try_rules(database: Database, site: Site, rules: Rules, *, last: int) -> Trial:
    """Judge the ``last`` comments of ``site`` that have words by its own rules and by ``rules``; nothing changes."""
    trial, before = Trial(Counter(), Counter(), 0, []), _LAST_ID
    screens = await asyncio.to_thread(lambda: (make_screen(site.rules), make_screen(rules)))
    while last > 0:
        async with database.read() as connection:
            comments = await _older_than(connection, site, before, limit=min(BATCH, last))
        if not comments:
            break
        trial = await asyncio.to_thread(_judge_both_ways, trial, comments, *screens)
        before, last = comments[-1].id, last - len(comments)
    return trial


async def _older_than(connection: AsyncConnection, site: Site, before: UUID, *, limit: int) -> Sequence[_Comment]:
    columns = (CommentRow.author_name, CommentRow.author_url, CommentRow.body, CommentRow.html)
    statement = (
        select(CommentRow.id, ThreadRow.article, CommentRow.state, *columns)
        .join(ThreadRow, ThreadRow.id == CommentRow.thread_id)
        .where(ThreadRow.site_id == site.id, CommentRow.id < before, CommentRow.body != "")
        .order_by(CommentRow.id.desc())
        .limit(limit)
    )
    return (await connection.execute(statement)).all()


def _judge_both_ways(trial: Trial, comments: Sequence[_Comment], now: Screen, tried: Screen) -> Trial:
    changed = trial.changed
    for comment_id, article, state, name, url, body, html in comments:
        says = said(author_name=name, author_url=url, body=body, html=html)
        findings = judge(says, tried, mode="publish")
        before, after = strictest(judge(says, now, mode="publish")), strictest(findings)
        trial.before[before] += 1
        trial.after[after] += 1
        if before != after:
            changed += 1
            if len(trial.examples) < MOST_EXAMPLES:
                trial.examples.append(Example(comment_id, article, state, body, before, after, findings))
    return trial._replace(changed=changed)
