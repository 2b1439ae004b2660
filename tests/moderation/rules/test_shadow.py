"""A rule in shadow is recorded for moderators and has no effect; agreement compares it with their decisions."""

import asyncio
import re

import pytest

from service.app import App
from service.conversation.screening.findings import Finding, Rule, strictest, with_shadow
from service.conversation.screening.reputation_rules import Reputation, is_trusted
from service.moderation.rules import agreement
from service.platform.sites.site_rules import Rules
from service.reading.docs.guides import FOLDER
from tests.browser.app_server import serving
from tests.builders import ASite, AThread, Clock, Json, a_comment, a_site, a_thread, decide, events_of, set_rules
from tests.promises.test_query_counts import watched
from tests.reading.docs.documents import script_of
from tests.reading.docs.test_commands_in_guides import environment

GUIDE = FOLDER / "moderate.md"
SINCE = "2026-11-24T12:00:00Z"


async def findings_of(site: ASite, comment: Json) -> list[tuple[str, str, bool]]:
    seen = (await site.call("GET", f"/comments/{comment['id']}", by="moderator")).json()["comment"]
    return [(each["rule"], each["action"], each["shadow"]) for each in seen["findings"]]


async def agreement_of(site: ASite, rule: str = "hold_words", since: str = SINCE) -> Json:
    response = await site.call("GET", "/rules/agreement", by="moderator", params={"rule": rule, "since": since})
    assert response.status_code == 200, response.text
    found: Json = response.json()
    return found


async def test_a_rule_in_shadow_is_recorded_and_has_no_effect(site: ASite) -> None:
    thread = await a_thread(site)
    await set_rules(site, reject_words=["casino"], max_links=0, shadow=["reject_words", "max_links"])
    posted = await thread.post("A casino: https://a.example")
    assert (posted.status_code, posted.json()["comment"]["state"]) == (201, "published")
    comment, token = posted.json()["comment"], posted.json()["author_token"]
    shadow = [("reject_words", "reject", True), ("max_links", "hold", True)]
    assert await findings_of(site, comment) == shadow
    for by in (token, "host", None):
        assert "findings" not in (await site.call("GET", f"/comments/{comment['id']}", by=by)).text
    listed = await site.call("GET", "/queue?state=published&rule=max_links", by="moderator")
    assert [each["comment"]["id"] for each in listed.json()["comments"]] == [comment["id"]]
    assert (await site.call("GET", "/queue", by="moderator")).json()["pending"] == 0
    path = f"/comments/{comment['id']}"
    edited = await site.call("PATCH", path, by=token, json={"body": "Another casino"})
    assert edited.json()["state"] == "published"
    assert await findings_of(site, comment) == shadow[:1]
    assert "finding" not in str(await events_of(site))


async def test_a_shadow_finding_explains_nothing_to_the_author_of_a_held_comment(site: ASite) -> None:
    thread = await a_thread(site)
    await set_rules(site, hold_words=["casino"], max_links=0, shadow=["max_links"])
    held = await thread.post("A casino: https://a.example")
    path, token = f"/comments/{held.json()['comment']['id']}", held.json()["author_token"]
    seen = (await site.call("GET", path, by=token)).json()["comment"]
    for reasons in (held.json()["comment"]["status_reasons"], seen["status_reasons"]):
        assert len(reasons) == 1
        assert "link" not in reasons[0]


async def test_rules_in_shadow_are_tried_without_effect_and_unknown_ones_refused(site: ASite) -> None:
    await a_comment(await a_thread(site), "A casino")
    rules: Json = {"hold_words": ["casino"], "shadow": ["hold_words"]}
    tried = (await site.call("POST", "/rules/try", by="moderator", json={"rules": rules})).json()
    assert (tried["after"]["publish"], tried["changed"]) == (1, 0)
    for shadow in (["mode"], ["max_capitals_percent"], ["hold_words"] * 21, "hold_words"):
        refused = await site.call("PUT", "/rules", by="moderator", json={"shadow": shadow})
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid-field")
        assert refused.json()["pointer"].startswith("/shadow")


def test_every_finding_of_a_rule_in_shadow_is_without_effect() -> None:
    rules = Rules(shadow=("akismet", "max_rejected"), max_rejected_percent=50, trusted_after_published=3)
    found = [
        Finding(Rule.AKISMET, "spam"),
        Finding(Rule.ON_AKISMET_FAILURE, "hold"),
        Finding(Rule.MAX_REJECTED, "hold"),
    ]
    assert strictest(with_shadow(found, rules)) == "publish"
    assert strictest(with_shadow([*found, Finding(Rule.MODE, "hold")], rules)) == "hold"
    distrusted = Reputation(published=4, decided=10, rejected=6)
    assert is_trusted(distrusted, rules)
    assert not is_trusted(distrusted, Rules(max_rejected_percent=50, trusted_after_published=3))


async def posts_of(thread: AThread, *bodies: str) -> list[Json]:
    return [(await a_comment(thread, body))["comment"] for body in bodies]


async def test_agreement_counts_the_last_standing_decision_on_the_current_text(site: ASite, the_clock: Clock) -> None:
    await site.set(mode="hold")
    thread = await a_thread(site)
    await a_comment(thread, "A casino before")
    the_clock.move(seconds=1)
    since = the_clock.now().isoformat()
    await set_rules(site, hold_words=["casino"], shadow=["hold_words"])
    spam, fine, missed, plain, undone, undecided = await posts_of(
        thread, "A casino", "The casino burned", "Pills!", "Well said.", "Undone casino", "Casino undecided"
    )
    edited = await a_comment(thread, "A casino to edit")
    gone = await a_comment(thread, "A casino to delete")
    await decide(site, "spam", spam)
    await decide(site, "publish", *(await decide(site, "reject", fine)), plain)
    await decide(site, "delete", missed)
    await decide(site, "undo", *(await decide(site, "reject", undone)))
    await decide(site, "publish", edited["comment"], gone["comment"])
    the_clock.move(seconds=1)
    for comment, method, body in ((edited, "PATCH", {"json": {"body": "No casino now"}}), (gone, "DELETE", {})):
        path = f"/comments/{comment['comment']['id']}"
        assert (await site.call(method, path, by=comment["author_token"], **body)).status_code < 300
    found = await agreement_of(site, since=since)
    examples = [(each["id"], each["kind"], each["excerpt"], each["state"]) for each in found.pop("examples")]
    assert examples == [
        (fine["id"], "held-wrongly", "The casino burned", "published"),
        (missed["id"], "missed", "Pills!", "deleted"),
    ]
    assert found == {
        "rule": "hold_words",
        "since": since.replace("+00:00", "Z"),
        "is_complete": True,
        "compared": 4,
        "found": 2,
        "agreed": 2,
        "held_wrongly": 1,
        "missed": 1,
    }
    assert (await agreement_of(site, "max_links", since))["missed"] == 2
    assert (await agreement_of(site, since="2999-01-01T00:00:00Z"))["compared"] == 0
    assert undecided["state"] == "pending"


async def test_agreement_reads_a_bounded_number_of_rows_in_two_statements(
    site: ASite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "MAX_DECISIONS", 5)
    monkeypatch.setattr(agreement, "MAX_EXAMPLES", 2)
    comments = await posts_of(await a_thread(site), *(f"Comment {number}" for number in range(7)))
    await decide(site, "reject", *comments[:4])
    assert (await agreement_of(site))["is_complete"]
    with watched() as few:
        await agreement_of(site)
    await decide(site, "reject", *comments[4:])
    with watched() as more:
        found = await agreement_of(site)
    assert (found["is_complete"], found["missed"]) == (False, 5)
    assert [each["id"] for each in found["examples"]] == [comments[6]["id"], comments[5]["id"]]
    assert len(more) == len(few)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("rule=hold_words", "since"),
        (f"since={SINCE}", "rule"),
        (f"rule=mode&since={SINCE}", "rule"),
        ("rule=hold_words&since=yesterday", "since"),
        ("rule=hold_words&since=2026-11-24T12:00:00", "since"),
        (f"rule=hold_words&since={SINCE}&until={SINCE}", "until"),
    ],
)
async def test_bad_queries_of_agreement_are_refused(site: ASite, query: str, parameter: str) -> None:
    refused = await site.call("GET", f"/rules/agreement?{query}", by="moderator")
    assert (refused.status_code, refused.json()["parameter"]) == (400, parameter), refused.text


async def test_the_guide_puts_a_rule_in_shadow_for_a_day(app: App, the_clock: Clock) -> None:
    """The commands of the guide, with a day between the second and the third block."""
    set_up = [line for line in script_of(GUIDE, "demo").splitlines() if re.match(r"(call|guest)\(\)", line)]
    section = GUIDE.read_text().partition("### Try a rule in shadow")[2].partition("\n### ")[0]
    put, moderate, compare = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    async with a_site(app) as site, serving(app) as port:
        await a_thread(site, article="tram")
        at = f"S=http://127.0.0.1:{port}/v1/sites/{site.slug} MODERATOR_KEY={site.keys['moderator']}"
        at += f" ADMIN_KEY={site.keys['admin']}"
        shell = await asyncio.create_subprocess_exec(
            *("bash", "-euo", "pipefail"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment(),
        )
        await _run(shell, "\n".join([at, *set_up, put]))
        the_clock.move(days=1)
        printed = await _run(shell, moderate + compare)
        shell.kill()
        await shell.wait()
    assert '"compared":2,"found":2,"agreed":1,"held_wrongly":1,"missed":0' in printed
    assert "Children travel free." in printed


async def _run(shell: asyncio.subprocess.Process, commands: str) -> str:
    """Run ``commands`` in ``shell`` and return what they print."""
    assert shell.stdin is not None and shell.stdout is not None
    shell.stdin.write(f"{commands}\necho; echo end-of-block\n".encode())
    await shell.stdin.drain()
    return (await shell.stdout.readuntil(b"end-of-block\n")).decode()
