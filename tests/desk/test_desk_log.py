"""The decision log and the transparency report in the desk, and their exports."""

import csv
import json
import re
from html import escape
from io import StringIO

from tests.builders import ASite, Clock, Json, a_comment, a_thread, decide
from tests.desk.a_desk_client import sign_in, text_of


async def some_decisions(site: ASite) -> list[Json]:
    sport, politics = await a_thread(site, section="sport"), await a_thread(site, section="=politics")
    comments = [(await a_comment(thread))["comment"] for thread in (sport, politics)]
    await decide(site, "reject", comments[0], reason="abuse", note="=1+1")
    await decide(site, "spam", comments[1])
    return comments


async def test_the_log_shows_who_decided_what_and_why(site: ASite) -> None:
    comment = (await a_comment(await a_thread(site)))["comment"]
    desk = await sign_in(site)
    fields = {"comment": f"{comment['id']}:1", "action": "reject", "reason": "abuse", "note": "Rude."}
    await desk.send("decisions", fields)
    words = text_of(await desk.get("log"))
    assert "Maria Rejected Published → Rejected" in words
    assert "It insults or threatens somebody. Rude." in words


async def test_the_log_is_filtered(site: ASite) -> None:
    await some_decisions(site)
    desk = await sign_in(site)

    async def counted(query: str) -> int:
        page = await desk.get(f"log?{query}")
        assert page.status_code == 200, page.text
        return page.text.count("<tr>") - ("<tr>" in page.text)

    assert await counted("") == await counted("action=&by=&since=&automated=") == 2
    assert await counted("action=spam") == await counted("reason=abuse") == await counted("section=sport") == 1
    assert await counted("automated=true") == await counted("since=2999-01-01") == await counted("by=nobody") == 0
    assert await counted("until=9999-12-31") == 2
    for query in ("cursor=%F0", f"cursor={'x' * 101}"):
        assert (await desk.get(f"log?{query}")).status_code in {400, 422}


async def test_a_filter_that_can_not_be_read_comes_back_as_typed(site: ASite) -> None:
    await some_decisions(site)
    desk = await sign_in(site)
    for name, typed, message in (
        ("reader", "<x>", "Write the whole id"),
        ("comment", "x", "Write the whole id"),
        ("since", "yesterday", "Write a day"),
        ("until", "2026-02-30", "Write a day"),
        ("by", "x" * 33, "Choose or write another value."),
    ):
        page = await desk.get("log", params={name: typed, "article": "a/1"})
        assert page.status_code == 422, name
        assert re.search(rf'type="text" name="{name}" value="{escape(typed)}"[^>]* aria-invalid="true"', page.text), (
            name
        )
        assert f'<p class="field-error" id="filter-{name}-error">{message}' in page.text
        assert 'name="article" value="a/1"' in page.text and '<details class="filter" open>' in page.text
        assert "<tr>" not in page.text and "No decision matches." not in page.text
    page = await desk.get("log?automated=perhaps")
    assert page.status_code == 422
    assert '<p class="field-error" id="filter-automated-error">Choose or write another value.' in page.text
    page = await desk.get("log?since=2026-11-30&until=2026-11-01")
    assert page.status_code == 422
    assert 'type="date" name="until" value="2026-11-01"' in page.text
    assert "The last day is before the first." in text_of(page)


async def test_the_log_is_exported_whole_and_no_cell_is_a_formula(site: ASite) -> None:
    comments = await some_decisions(site)
    desk = await sign_in(site)
    lines = [json.loads(line) for line in (await desk.get("log.jsonl")).text.splitlines()]
    assert [each["comment_id"] for each in lines] == [comments[1]["id"], comments[0]["id"]]
    assert (lines[1]["note"], lines[1]["revision"]) == ("=1+1", 1)
    rows = list(csv.DictReader(StringIO((await desk.get("log.csv?action=reject")).text)))
    assert [(row["action"], row["reason"], row["note"]) for row in rows] == [("reject", "abuse", "'=1+1")]


async def test_a_moderator_of_a_section_sees_the_log_of_that_section(site: ASite) -> None:
    comments = await some_decisions(site)
    desk = await sign_in(site, sections=("sport",))
    for path in ("log", "log.csv", "log.jsonl"):
        sent = (await desk.get(path)).text
        assert comments[0]["id"] in sent
        assert comments[1]["id"] not in sent
    assert (await desk.get("log?section=politics")).status_code == 404
    assert (await desk.get("transparency")).status_code == 403


async def test_the_transparency_report_is_a_page_and_csv(site: ASite) -> None:
    await some_decisions(site)
    desk = await sign_in(site)
    words = text_of(await desk.get("transparency"))
    assert "Decisions 2" in words
    assert "Rejected It insults or threatens somebody. sport 1" in words
    rows = list(csv.DictReader(StringIO((await desk.get("transparency.csv")).text)))
    assert {"'=politics", "sport"} <= {row["section"] for row in rows}


async def test_a_period_that_can_not_be_reported_on_comes_back_as_typed(site: ASite, the_clock: Clock) -> None:
    desk = await sign_in(site)
    for since, until, field, message in (
        ("2026-11-20", "2026-11-01", "until", "The last day is before the first."),
        ("2025-01-01", "2026-11-01", "since", "Choose days that are at most 366 days apart"),
        ("2026-12-24", "", "since", "Choose days that are at most 366 days apart and not in the future."),
        ("2026-11-01", "soon", "until", "Write a day as year-month-day"),
    ):
        refused = await desk.get("transparency", params={"since": since, "until": until})
        assert refused.status_code == 422
        assert f'name="since" value="{since}"' in refused.text and f'name="until" value="{until}"' in refused.text
        assert f'<p class="field-error" id="filter-{field}-error">{message}' in refused.text
        assert "transparency.csv" not in refused.text
