"""The most discussed threads, by replies or by the newest one, read from an index."""

from base64 import urlsafe_b64encode

import pytest
from sqlalchemy import text

from service.platform.storage.engine import Database
from tests.builders import ASite, Clock, a_comment, a_site, a_thread, decide
from tests.promises.test_query_counts import query_plan, watched

_MANY_THREADS = """INSERT INTO threads (id, site_id, article, title, comments_on, closing_kind, reply_count, places,
 sequence, shown_version, created_at, changed_at) SELECT {n} + 1000000, site_id, 'grown ' || {n}, title, comments_on,
 closing_kind, {n} % 100, places, sequence, shown_version, created_at, changed_at FROM
 (SELECT * FROM threads LIMIT 1) t, {numbers}"""
_NUMBERS = {
    "sqlite": (
        "n",
        "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000) SELECT n FROM c) numbers",
    ),
    "postgresql": ("n", "generate_series(1, 3000) numbers(n)"),
}


async def listed(site: ASite, **query: str | int) -> list[str]:
    """The articles of all pages."""
    articles: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        more = {"cursor": cursor} if cursor else {}
        response = await site.call("GET", "/threads", by="host", params={**query, **more})
        assert response.status_code == 200, response.text
        articles += [thread["article"] for thread in response.json()["threads"]]
        cursor = response.json()["next"]
    return articles


async def test_threads_are_listed_by_replies_and_by_activity(site: ASite, the_clock: Clock) -> None:
    tram, harbour, quiet = [await a_thread(site, article=article) for article in ("tram", "harbour", "quiet")]
    the_clock.move(hours=1)
    for number in range(3):
        comment = (await a_comment(tram, f"{number}."))["comment"]
    the_clock.move(hours=1)
    await a_comment(harbour)
    async with a_site(site.app) as other:
        await a_comment(await a_thread(other))
    for limit in (1, 2, 50):
        assert await listed(site, sort="replies", limit=limit) == ["tram", "harbour", "quiet"]
        assert await listed(site, sort="activity", limit=limit) == ["harbour", "tram", "quiet"]
    assert await listed(site, sort="replies", since="2026-11-24T13:00:00Z") == ["tram", "harbour"]
    assert await listed(site, sort="replies", since="2026-11-24T13:30:00Z") == ["harbour"]
    the_clock.move(hours=1)
    await a_comment(harbour, "Again.")
    await decide(site, "delete", comment)
    await a_comment(quiet)
    assert await listed(site, sort="replies") == ["harbour", "tram", "quiet"], "a deleted reply no longer counts"
    assert await listed(site, sort="activity", since="2026-11-24T15:00:00Z") == ["quiet", "harbour"]
    assert await listed(site, sort="activity", since="2026-11-24T13:00:00Z") == ["quiet", "harbour", "tram"]


async def test_what_does_not_fit_together_is_a_problem(site: ASite, the_clock: Clock) -> None:
    for number in range(2):
        await a_thread(site, article=str(number))
    of_activity = (await site.call("GET", "/threads?sort=activity&limit=1", by="host")).json()["next"]
    late = urlsafe_b64encode(b"activity 9999999999999999999 0").rstrip(b"=").decode()
    wrong = urlsafe_b64encode(b"replies 2147483648 0").rstrip(b"=").decode()
    for query, parameter in (
        (f"sort=activity&cursor={late}", "cursor"),
        ("sort=replies&since=2026-11-24T12:00:01Z", "since"),
        ("since=2026-11-24T11:00:00Z", "since"),
        ("sort=popular", "sort"),
        ("sort=replies&state=open", "state"),
        ("sort=replies&changed_since=2026-11-24T11:00:00Z", "changed_since"),
        (f"sort=replies&cursor={of_activity}", "cursor"),
        (f"sort=replies&cursor={wrong}", "cursor"),
        ("sort=replies&cursor=AAAA", "cursor"),
    ):
        refused = await site.call("GET", f"/threads?{query}", by="host")
        assert (refused.status_code, refused.json()["parameter"]) == (400, parameter), query
    future = await site.call("GET", "/threads?sort=replies&since=2026-11-25T00:00:00Z", by="host")
    assert future.json()["detail"] == "It must not be in the future."


@pytest.mark.parametrize("sort", ["replies", "activity"])
async def test_a_page_is_a_range_of_an_index(own_site: ASite, dialect: str, sort: str) -> None:
    await a_comment(await a_thread(own_site))
    await listed(own_site, sort=sort)
    database: Database = own_site.app.state.database
    number, numbers = _NUMBERS[dialect]
    async with database.write() as connection:
        await connection.execute(text(_MANY_THREADS.format(n=number, numbers=numbers)))
        grown = "SELECT id, site_id, reply_count, created_at FROM threads WHERE id > 1000000"
        await connection.execute(
            text(f"INSERT INTO thread_activity (thread_id, site_id, reply_count, active_at) {grown}")
        )
        await connection.execute(text("ANALYZE"))
    first = (await own_site.call("GET", f"/threads?sort={sort}&limit=20", by="host")).json()
    assert len(first["threads"]) == 20
    for more in ("", f"&cursor={first['next']}"):
        with watched() as statements:
            await own_site.call("GET", f"/threads?sort={sort}&limit=20{more}", by="host")
        [statement] = [each for each in statements if "JOIN threads" in each.sql]
        plan = await query_plan(own_site, dialect, statement)
        assert f"ix_thread_activity_{'replies' if sort == 'replies' else 'active_at'}" in plan, plan
        assert "TEMP B-TREE" not in plan and "Sort" not in plan, plan
