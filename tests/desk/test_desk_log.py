"""The decision log and the transparency report in the desk, and their exports."""

import csv
import json
from io import StringIO

from tests.builders import ASite, Json, a_comment, a_thread, decide
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
    for query in ("reader=x", "since=yesterday", "cursor=%F0", "automated=perhaps"):
        assert (await desk.get(f"log?{query}")).status_code in {400, 422}


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
    refused = await desk.get("transparency?since=2026-11-30&until=2026-11-01")
    assert refused.status_code == 400
    assert "must not be after" in text_of(refused)
