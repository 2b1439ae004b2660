"""The transparency report counts decisions, reports and appeals exactly, and in four statements."""

import csv
from io import StringIO
from math import ceil

from tests.builders import ASite, Clock, Json, a_comment, a_session, a_site, a_thread, decide, set_rules
from tests.moderation.reports.test_file_report import report
from tests.promises.test_query_counts import watched


async def transparency(site: ASite, query: str = "", *, by: str = "moderator") -> Json:
    response = await site.call("GET", f"/transparency{query}", by=by)
    assert response.status_code == 200, response.text
    found: Json = response.json()
    return found


async def test_every_decision_counts_once_unless_it_was_undone(own_site: ASite, the_clock: Clock) -> None:
    site = own_site
    await set_rules(site, hold_words=["casino"], report_threshold=1, on_report_threshold="hide")
    thread = await a_thread(site, section="sport")
    empty = await transparency(site)
    assert (empty["total"], empty["automated_share"], empty["decisions"], empty["reports"]) == (0, None, [], [])
    assert empty["time_to_decision"] == {"decisions": 0, "median_seconds": None, "p90_seconds": None}
    waited = []
    for number in range(11):
        posted = await a_comment(thread, f"A casino {number}.")
        held = posted["comment"]
        the_clock.move(seconds=number + 1)
        if number == 8:  # an appeal for a held comment does not begin the wait again
            await site.call("POST", f"/comments/{held['id']}/appeal", by=posted["author_token"], json={})
        [rejected] = await decide(site, "reject", held, reason="spam" if number % 2 else "off-topic")
        waited.append(number + 1)
        if number == 10:
            the_clock.move(seconds=60)
            [undone] = await decide(site, "undo", rejected)
            waited.pop()
            the_clock.move(seconds=40)
            await decide(site, "publish", undone)
            waited.append(40)
    posted = await a_comment(thread, "Rude.")
    await report(thread, posted["comment"], reason="abuse")
    the_clock.move(seconds=100)
    [kept] = await decide(site, "reject", {"id": posted["comment"]["id"], "revision": 2}, reason="abuse")
    waited.append(100)
    path = f"/comments/{kept['id']}/appeal"
    appealed = (await site.call("POST", path, by=posted["author_token"], json={})).json()
    the_clock.move(seconds=200)
    await decide(site, "publish", appealed)
    waited.append(200)
    other = await a_comment(thread, "Another.")
    [gone] = await decide(site, "delete", other["comment"])
    await site.call("POST", f"/comments/{gone['id']}/appeal", by=other["author_token"], json={})
    regretted = await a_comment(thread, "Regretted.")
    await site.set()
    await site.call("DELETE", f"/comments/{regretted['comment']['id']}", by=regretted["author_token"])
    await decide(site, "undo", (await decide(site, "spam", (await a_comment(thread, "Fine."))["comment"]))[0])
    await site.call("PUT", thread.path, by="host", json={"section": "politics"})  # counts as it is now
    elsewhere = (await a_comment(await a_thread(site), "Off."))["comment"]
    await report(thread, elsewhere, reason="spam")
    await decide(site, "publish", {**elsewhere, "revision": 2})
    waited.append(0)

    the_clock.move(seconds=1)
    with watched() as statements:
        found = await transparency(site, by=await a_session(site))
    counting = [each for each in statements if "decisions" in each.sql or "reports" in each.sql]
    assert len(counting) == 4
    groups = ("action", "reason", "rule", "section")
    counts = {tuple(each[name] for name in groups): each["count"] for each in found["decisions"]}
    assert counts == {
        ("delete", "other", None, "politics"): 1,
        ("hold", None, "hold_words", "politics"): 11,
        ("hold", None, "report_threshold", None): 1,
        ("hold", None, "report_threshold", "politics"): 1,
        ("publish", None, None, None): 1,
        ("publish", None, None, "politics"): 2,
        ("reject", "abuse", None, "politics"): 1,
        ("reject", "off-topic", None, "politics"): 5,
        ("reject", "spam", None, "politics"): 5,
    }
    assert (found["total"], found["automated"], found["automated_share"]) == (28, 13, round(13 / 28, 4))
    assert found["reports"] == [
        {"reason": "abuse", "outcome": "removed", "section": "politics", "count": 1},
        {"reason": "spam", "outcome": "kept", "section": None, "count": 1},
    ]
    assert found["appeals"] == {"filed": 3, "upheld": 1, "dismissed": 1, "unanswered": 1}
    waited.sort()
    at = {name: waited[ceil(share * len(waited)) - 1] for name, share in (("median", 0.5), ("p90", 0.9))}
    assert found["time_to_decision"] == {
        "decisions": len(waited),
        "median_seconds": at["median"],
        "p90_seconds": at["p90"],
    }
    response = await site.call("GET", "/transparency.csv", by="host")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    rows = [*csv.DictReader(StringIO(response.text))]
    assert {
        tuple(row[name] or None for name in groups): int(row["value"]) for row in rows if row["measure"] == "decisions"
    } == counts
    assert [row["outcome"] for row in rows if row["measure"] == "reports" and row["section"] == "politics"] == [
        "removed"
    ]
    assert [row["value"] for row in rows if row["outcome"] == "upheld"] == ["1"]
    assert [float(row["value"]) for row in rows if row["measure"] == "p90_seconds"] == [at["p90"]]
    async with a_site(site.app) as stranger:
        assert (await transparency(stranger))["total"] == 0


async def test_a_period_has_a_start_an_end_and_a_length(own_site: ASite, the_clock: Clock) -> None:
    thread = await a_thread(own_site)
    await decide(own_site, "reject", (await a_comment(thread))["comment"])
    instant = the_clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    the_clock.move(days=40)
    for query, total in (
        ("", 0),
        (f"?since={instant}", 1),
        (f"?until={instant}", 0),
        (f"?since={instant}&until={instant}", 0),
        ("?since=2026-11-24T00:00:00Z&until=2026-11-25T00:00:00Z", 1),
        ("?since=2026-11-24T14:00:00%2B02:00", 1),
    ):
        assert (await transparency(own_site, query))["total"] == total, query
    for query, parameter, says in (
        ("?since=2026-11-25T00:00:00Z&until=2026-11-24T00:00:00Z", "since", "after"),
        ("?since=2025-01-01T00:00:00Z&until=2026-11-24T00:00:00Z", "since", "366"),
        ("?since=2099-01-01T00:00:00Z", "since", "after"),
        ("?until=yesterday", "until", ""),
        ("?since=1066-01-01T00:00:00Z", "since", "1900"),
        ("?from=2026-11-24T00:00:00Z", "from", ""),
    ):
        for path in ("/transparency", "/transparency.csv"):
            response = await own_site.call("GET", path + query, by="host")
            assert (response.status_code, response.json()["parameter"]) == (400, parameter), query
            assert says in response.json()["detail"]


async def test_no_section_is_a_formula_in_a_spreadsheet(site: ASite) -> None:
    await site.set(mode="hold")
    await a_comment(await a_thread(site, section="=1+1"))
    rows = csv.DictReader(StringIO((await site.call("GET", "/transparency.csv", by="host")).text))
    assert [row["section"] for row in rows if row["measure"] == "decisions"] == ["'=1+1"]
