"""The overview counts what happened, and is kept for a minute."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert

from service.integrations.endpoints import delivery_outcomes
from service.integrations.endpoints.delivery_outcomes import count_outcomes
from service.integrations.endpoints.model import DeliveryRow
from tests.builders import ASite, Clock, a_comment, a_thread, decide, set_rules
from tests.desk.a_desk_client import sign_in, text_of
from tests.integrations.endpoints.deliveries import an_endpoint
from tests.promises.shared_batch import database_of
from tests.promises.test_query_counts import query_plan, watched


async def test_the_overview_shows_what_waits_and_what_happened(site: ASite, the_clock: Clock) -> None:
    await set_rules(site, hold_words=["swindle"])
    thread = await a_thread(site, title="The new <b>tram</b>", section="sport")
    await a_comment(thread, "A swindle.")
    await decide(site, "spam", (await a_comment(thread, "Fine."))["comment"])
    await a_comment(thread, "Well said.")
    await site.sweep()
    desk = await sign_in(site)
    page = await desk.get("overview")
    words = text_of(page)
    assert "Pending 1 Reported 0 Appeals 0 The oldest waits since November 24" in words
    assert "2026-11-24 3 1 1 – 1" in words
    assert "The new &lt;b&gt;tram&lt;/b&gt;" in page.text
    await a_comment(thread, "Another swindle.")
    assert "Pending 1 " in text_of(await desk.get("overview"))
    the_clock.move(minutes=1)
    assert "Pending 2 " in text_of(await desk.get("overview"))


async def test_a_moderator_of_a_section_sees_its_figures_only(site: ASite) -> None:
    await set_rules(site, hold_words=["swindle"])
    for section in ("sport", "politics"):
        await a_comment(await a_thread(site, section=section, title=f"About {section}"), "A swindle.")
    await site.sweep()
    page = text_of(await (await sign_in(site, sections=("sport",))).get("overview"))
    assert "Pending 1 " in page
    assert "About politics" not in page


async def test_only_admins_see_the_addresses_of_webhooks(site: ASite) -> None:
    url = "https://192.0.2.1/hook?token=secret"
    assert (await site.call("POST", "/endpoints", by="admin", json={"url": url})).status_code == 201
    admin, moderator = await sign_in(site, "Otto", role="admin"), await sign_in(site)
    assert url in (await admin.get("overview")).text
    assert "192.0.2.1" not in (await moderator.get("overview")).text


async def deliver(site: ASite, clock: Clock, endpoint: str, counts: tuple[int, int, int], *, days_ago: int) -> None:
    """Store so many deliveries that were delivered, wait, and have failed, created ``days_ago``."""
    made_at = clock.now() - timedelta(days=days_ago)
    states = [
        state for state, count in zip(("delivered", "waiting", "failed"), counts, strict=True) for _ in range(count)
    ]
    common = {
        "endpoint_id": UUID(endpoint),
        "due_at": made_at,
        "schedule_step": 0,
        "attempts": 1,
        "created_at": made_at,
    }
    rows = [{**common, "position": 100 - days_ago * 10 + at, "state": state} for at, state in enumerate(states)]
    async with database_of(site).write() as connection:
        await connection.execute(insert(DeliveryRow), rows)


async def test_admins_see_what_became_of_the_weeks_deliveries(site: ASite, the_clock: Clock) -> None:
    endpoint, _ = await an_endpoint(site, "https://192.0.2.1/hook")
    await an_endpoint(site, "https://192.0.2.2/hook")
    await deliver(site, the_clock, endpoint, (3, 2, 1), days_ago=1)
    await deliver(site, the_clock, endpoint, (4, 0, 0), days_ago=8)
    page = await (await sign_in(site, "Otto", role="admin")).get("overview")
    assert "https://192.0.2.1/hook Active 0 3 3 2 1 " in text_of(page)
    assert "https://192.0.2.2/hook Active 0 0 0 0 0 " in text_of(page)
    assert '<meter min="0" max="6" value="3" aria-label="Delivered">3</meter>' in page.text
    assert f'webhooks/{endpoint}?state=failed#deliveries">1</a>' in page.text
    assert "Only the newest" not in text_of(page)
    assert "192.0.2.1" not in (await (await sign_in(site)).get("overview")).text


async def test_only_so_many_deliveries_of_an_endpoint_are_counted(
    site: ASite, the_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_outcomes, "MAX_COUNTED", 4)
    endpoint, _ = await an_endpoint(site, "https://192.0.2.1/hook")
    await deliver(site, the_clock, endpoint, (3, 2, 1), days_ago=1)
    page = text_of(await (await sign_in(site, "Otto", role="admin")).get("overview"))
    assert "https://192.0.2.1/hook Active 0 1 1 2 1 " in page
    assert "Only the newest" in page


async def test_deliveries_are_counted_by_one_query_of_an_index(site: ASite, dialect: str, the_clock: Clock) -> None:
    endpoints = [UUID((await an_endpoint(site, f"https://192.0.2.{number}/hook"))[0]) for number in (1, 2)]
    async with database_of(site).read() as connection:
        with watched() as statements:
            await count_outcomes(connection, endpoints, since=the_clock.now())
    [statement] = statements
    plan = await query_plan(site, dialect, statement)
    assert len(re.findall(r"USING PRIMARY KEY \(endpoint_id=\?\)|deliveries_pkey|pk_deliveries", plan)) == 2, plan
    assert "Seq Scan on deliveries" not in plan
