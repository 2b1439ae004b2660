"""What each rule did in the last week, and how often moderators agreed with it."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from service.desk.frame.site_figures import DeskState
from service.desk.sign_in.desk_request import DeskRequest
from service.moderation.rules.agreement import RuleAccuracy, measure_rules
from service.moderation.transparency.count_decisions import Period, count_decisions
from service.platform import clock
from service.platform.http.app_state import state_of

WEEK, COMPARED = timedelta(days=7), timedelta(days=30)
MAX_DECISIONS = 2_000  # that are compared with the rules


class RuleFigures(NamedTuple):
    """By rule: the comments of the week by action, and the accuracy over the latest decisions of moderators."""

    actions: Mapping[str, Mapping[str, int]]
    accuracy: Mapping[str, RuleAccuracy]


async def read_rule_figures(desk: DeskRequest) -> RuleFigures:
    """Return the figures, at most a minute old; none for a moderator who is limited to sections."""
    if desk.caller.own_sections is not None:
        return RuleFigures({}, {})

    async def count() -> RuleFigures:
        now, actions = clock.now(), dict[str, Counter[str]]()
        async with desk.database.read() as connection:
            for each in await count_decisions(connection, desk.site, Period(now - WEEK, now)):
                if each.rule:
                    actions.setdefault(each.rule, Counter())[each.action] += each.count
            await asyncio.sleep(0)  # SQLite's reads do not let other requests run
            since = now - COMPARED
            accuracy = await measure_rules(connection, desk.site, since=since, max_decisions=MAX_DECISIONS)
        return RuleFigures(actions, accuracy)

    return await state_of(desk.request, DeskState).site_figures.get(desk.site, "rules", count)
