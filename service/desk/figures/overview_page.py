"""How the site is doing: what waits, comments a day, busiest threads, rules, webhooks.

*Why no chart library*: the tables are the charts. Days and threads have a bar beside their number (``meter``), which
works without colour, in the dark, on paper and for screen readers, and costs no script.
"""

import asyncio
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from starlette.responses import Response

from service.conversation.threads.model import Thread
from service.conversation.threads.thread_activity import list_active_threads
from service.desk.figures.rule_figures import read_rule_figures
from service.desk.frame.site_figures import DeskState
from service.desk.sign_in.desk_request import DeskRequest
from service.integrations.endpoints.delivery_outcomes import DeliveryOutcomes, count_outcomes, most_counted
from service.integrations.endpoints.endpoint_store import Endpoint, list_endpoints
from service.moderation.queue.daily_counts import count_by_day
from service.moderation.queue.review_queue import QueueFilter, read_queue
from service.moderation.queue.tab_counts import WaitingCounts, count_waiting
from service.moderation.transparency.count_decisions import Period, measure_waiting
from service.moderation.transparency.wire import WaitingTimes
from service.platform import clock
from service.platform.http.app_state import state_of

DAYS, BUSIEST, ENDPOINTS = 30, 10, 20
WEEK = timedelta(days=7)


class Overview(NamedTuple):
    """The figures of a site, or of a moderator's sections."""

    waiting: WaitingCounts
    oldest: datetime | None
    days: dict[date, dict[str, int]]
    busiest: list[Thread]
    waited: WaitingTimes | None
    endpoints: list[Endpoint]
    outcomes: dict[UUID, DeliveryOutcomes]


async def get_overview(desk: DeskRequest) -> Response:
    """Send the overview, whose figures are at most a minute old."""
    sections = desk.caller.own_sections
    name = f"overview for {desk.caller.role}, {sections!r}"
    overview = await state_of(desk.request, DeskState).site_figures.get(desk.site, name, lambda: _count(desk))
    totals = [sum(each.values()) for each in overview.days.values()]
    return desk.page(
        "overview.html",
        overview=overview,
        most=max([*totals, 1]),
        most_replies=max([each.reply_count for each in overview.busiest], default=1) or 1,
        rules=await read_rule_figures(desk),
        states=("published", "pending", "rejected", "spam"),
        most_counted=most_counted(len(overview.endpoints)),
        most_deliveries=max(map(sum, overview.outcomes.values()), default=0),
    )


async def _count(desk: DeskRequest) -> Overview:
    site, sections, now = desk.site, desk.caller.own_sections, clock.now()
    async with desk.database.read() as connection:
        waiting = await count_waiting(connection, site, sections)
        criteria = QueueFilter(sections=sections)
        oldest, _ = await read_queue(connection, site, criteria, by=None, after=None, limit=1, now=now)
        await asyncio.sleep(0)  # SQLite's reads do not let other requests run
        days = await count_by_day(connection, site, sections, days=DAYS, now=now)
        await asyncio.sleep(0)
        active = await list_active_threads(
            connection, site, "replies", sections=sections, since=now - WEEK, after=None, limit=BUSIEST
        )
        await asyncio.sleep(0)
        waited = await measure_waiting(connection, site, Period(now - timedelta(days=DAYS), now))
        is_admin = desk.caller.role == "admin"  # the URL of an endpoint may hold a secret
        endpoints = await list_endpoints(connection, site, after=None, limit=ENDPOINTS) if is_admin else []
        outcomes = await count_outcomes(connection, [each.id for each in endpoints], since=now - WEEK)
    return Overview(
        waiting=waiting,
        oldest=oldest[0].comment.created_at if oldest else None,
        days=days,
        busiest=[thread for thread, _ in active],
        waited=waited if sections is None else None,
        endpoints=endpoints,
        outcomes=outcomes,
    )
