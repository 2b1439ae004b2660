"""Sign in to the desk by name and password: what was typed is kept, and nothing leads astray."""

from datetime import timedelta

import httpx2
import pytest

from service.desk.sign_in.session_cookie import COOKIE
from service.desk.sign_in.sign_in_form import MAX_FIELDS
from tests.builders import PASSWORD, ASite, Clock, a_comment, a_moderator, a_session, a_site, a_thread, set_rules
from tests.desk.a_desk_client import ADesk, desk_of, sign_in, text_of
from tests.desk.a_visitor import AVisitor, a_visitor, hidden

KEPT = "nothing that you typed is lost"
# One of another origin is dropped in the browser, by a proxy, or by nobody: each of these must be refused.
ELSEWHERE = {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}


def session_of(visitor: AVisitor) -> str:
    return visitor.client.cookies.get(COOKIE) or ""


async def is_signed_in(visitor: AVisitor) -> bool:
    return (await visitor.get("queue")).status_code == 200


async def test_a_moderator_signs_in_where_they_were(site: ASite) -> None:
    await a_moderator(site)
    visitor = a_visitor(site)
    asked = await visitor.get("queue?tab=spam&q=a%20b")
    assert (asked.status_code, asked.headers["cache-control"]) == (401, "no-store")
    sent = await visitor.sign_in(asked)
    assert (sent.status_code, sent.headers["location"]) == (303, visitor.path("queue?tab=spam&q=a%20b"))
    cookie = next(each for each in sent.headers.get_list("set-cookie") if each.startswith(f"{COOKIE}="))
    assert f"Path=/desk/{site.slug}/" in cookie and "HttpOnly" in cookie and "SameSite=lax" in cookie
    assert await is_signed_in(visitor)


async def test_signing_out_ends_the_session(site: ASite) -> None:
    await a_moderator(site)
    visitor = a_visitor(site)
    await visitor.sign_in()
    token = session_of(visitor)
    out = await visitor.send("sign-out", [])
    page = await visitor.client.get(out.headers["location"])
    assert "You are signed out." in text_of(page)
    assert (await desk_of(site, token).get("queue")).status_code == 401


async def a_lost_form(site: ASite, clock: Clock, visitor: AVisitor) -> tuple[httpx2.Response, str]:
    """Send a decision two hours after the last request; return the answer and the id of the comment."""
    await set_rules(site, hold_words=["swindle"])
    comment = (await a_comment(await a_thread(site), "A swindle."))["comment"]
    token = session_of(visitor)
    clock.move(hours=2)
    fields = {
        "comment": f"{comment['id']}:{comment['revision']}",
        "action": "reject",
        "reason": "abuse",
        "note": 'Ünïcode & <b>markup</b> "quoted"',
        "next": visitor.path("queue?tab=pending"),
    }
    return await ADesk(site, visitor.client, token).send("decisions", fields), comment["id"]


async def note_of(site: ASite) -> tuple[str, str]:
    decided = (await site.call("GET", "/decisions?limit=1", by="moderator")).json()["decisions"][0]
    return decided["note"], decided["decided_by"]["name"]


async def test_a_form_outlives_its_session_and_a_wrong_password(site: ASite, the_clock: Clock) -> None:
    await a_moderator(site)
    visitor = a_visitor(site)
    await visitor.sign_in()
    asked, comment = await a_lost_form(site, the_clock, visitor)
    assert (asked.status_code, KEPT in text_of(asked)) == (401, True)
    wrong = await visitor.sign_in(asked, password="not the password")
    assert (wrong.status_code, KEPT in text_of(wrong)) == (401, True)
    assert "The name or the password is not right." in text_of(wrong)
    again = await visitor.sign_in(wrong)
    assert "You are signed in as Maria." in text_of(again)
    sent = await visitor.send_again(again)
    assert (sent.status_code, sent.headers["location"].startswith(visitor.path("queue?tab=pending"))) == (303, True)
    assert await note_of(site) == ('Ünïcode & <b>markup</b> "quoted"', "Maria")
    read = await site.call("GET", f"/comments/{comment}", by="moderator")
    assert read.json()["comment"]["state"] == "rejected"


async def test_another_moderator_sends_the_form_under_their_own_name(site: ASite, the_clock: Clock) -> None:
    await a_moderator(site, "Maria")
    await a_moderator(site, "Otto")
    visitor = a_visitor(site)
    await visitor.sign_in(name="Maria")
    asked, _ = await a_lost_form(site, the_clock, visitor)
    again = await visitor.sign_in(asked, name="Otto")
    assert "You are signed in as Otto." in text_of(again)
    assert (await visitor.send_again(again)).status_code == 303
    assert (await note_of(site))[1] == "Otto"


async def test_a_script_gets_the_whole_page_to_sign_in(site: ASite, the_clock: Clock) -> None:
    desk = await sign_in(site)
    the_clock.move(hours=2)
    asked = await desk.send("decisions", {"note": "Mine."}, headers={"HX-Request": "true"})
    assert (asked.status_code, asked.headers["hx-retarget"], asked.headers["hx-push-url"]) == (401, "body", "false")
    assert ("kept.note", "Mine.") in hidden(asked)


async def test_passwords_are_never_kept_or_shown(site: ASite, the_clock: Clock) -> None:
    await a_moderator(site)
    visitor = a_visitor(site)
    changed = [("own_password", PASSWORD), ("new_password", "another of my trams"), ("new_password_again", "typo")]
    asked = await visitor.send("account/password", changed)
    assert PASSWORD not in asked.text and "trams" not in asked.text
    assert (await visitor.sign_in(asked)).headers["location"] == visitor.path("account")
    await visitor.send("sign-out", [])
    asked = await visitor.send("decisions", [("note", "Mine."), ("secret", "whsec"), ("password", "a password")])
    assert [each for each in hidden(asked) if each[0].startswith("kept.")] == [("kept.note", "Mine.")]


async def test_a_form_without_fields_leads_to_a_page_that_can_be_read(site: ASite) -> None:
    await a_moderator(site)
    for path, expected in (("account/sessions/end", "account"), ("decisions", "queue"), ("claims", "queue")):
        visitor = a_visitor(site)
        sent = await visitor.sign_in(await visitor.send(path, [("csrf", "x")]))
        assert sent.headers["location"] == visitor.path(expected), path


async def test_what_a_page_asks_by_itself_keeps_no_session_alive_and_replaces_nothing(
    site: ASite, the_clock: Clock
) -> None:
    desk, poll = await sign_in(site), {"HX-Request": "true", "HX-Trigger": "newer"}
    the_clock.move(hours=1)
    assert (await desk.get("queue/newer", headers=poll)).status_code == 200
    the_clock.move(hours=1)
    ended = await desk.get("queue/newer", headers=poll)
    assert (ended.status_code, "hx-retarget" in ended.headers) == (401, False)
    assert "Your session has ended." in text_of(ended) and "<main" not in ended.text


async def test_a_form_with_as_many_fields_as_are_read_is_kept_whole(site: ASite) -> None:
    await a_moderator(site)
    visitor = a_visitor(site)
    fields = [(f"field-{number}", "x" * 400) for number in range(MAX_FIELDS)]
    asked = await visitor.send("decisions", fields)
    again = await visitor.sign_in(asked)
    assert again.status_code == 200, again.text[:500]
    assert [each for each in hidden(again) if each[0] != "csrf"] == fields


@pytest.mark.parametrize("headers", ELSEWHERE)
async def test_what_another_origin_filled_in_is_never_sent_by_a_moderator(site: ASite, headers: dict[str, str]) -> None:
    await a_moderator(site)
    visitor = a_visitor(site)
    asked = await visitor.send("decisions", [("action", "delete")], headers=headers)
    assert (asked.status_code, "delete" in asked.text) == (401, False)
    filled = [("kept.action", "delete"), ("name", "Maria"), ("password", PASSWORD)]
    refused = await visitor.send("sign-in", filled, headers=headers)
    assert (refused.status_code, "delete" in refused.text, session_of(visitor)) == (200, False, "")


async def test_no_address_leads_elsewhere_after_the_sign_in(site: ASite) -> None:
    await a_moderator(site)
    here = f"/desk/{site.slug}/"
    for hostile in (
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        f"{here}\\..\\..\\evil.example",
        f"{here}../../evil",
        f"{here}%2E%2e/%2e./evil",
        f"{here}queue\r\nSet-Cookie: a=b",
        f"{here}queue\x00",
        f"{here}sign-out",
        f"/desk/{site.slug}evil/queue",
        f"{here}é",
        "javascript:alert(1)",
        "",
    ):
        visitor = a_visitor(site)
        page = await visitor.get("sign-in", params={"next": hostile})
        assert ("next", f"{here}queue") in hidden(page), hostile
    for hostile in ("https://evil.example/", "//evil.example/", f"{here}queue\r\nSet-Cookie: a=b", f"{here}\\.."):
        fields = [("name", "Maria"), ("password", PASSWORD), ("next", hostile)]
        sent = await a_visitor(site).send("sign-in", fields)
        assert sent.headers["location"] == f"{here}queue", hostile
        assert "a=b" not in str(sent.headers)


async def test_very_long_fields_are_wrong_and_no_error(site: ASite) -> None:
    await a_moderator(site)
    visitor = a_visitor(site)
    for name, password in (
        ("M" * 100_000, PASSWORD),
        ("Maria", PASSWORD * 10_000),
        ("\0", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")),
    ):
        assert (await visitor.sign_in(name=name, password=password)).status_code == 401
    long = await visitor.send(
        "sign-in", [("name", "Maria"), ("password", PASSWORD), ("next", visitor.path("q") * 5_000)]
    )
    assert long.status_code == 303


async def test_a_sign_in_makes_a_new_session_and_ends_that_of_the_browser(site: ASite) -> None:
    await a_moderator(site, "Otto")
    planted = await a_session(site, "Maria")
    visitor = a_visitor(site)
    visitor.client.cookies.set(COOKIE, planted, domain="onereply.test", path=f"/desk/{site.slug}/")
    await visitor.sign_in(name="Otto")
    assert session_of(visitor) not in {planted, ""}
    assert (await desk_of(site, planted).get("queue")).status_code == 401


async def test_a_session_opens_no_other_sites_desk(site: ASite) -> None:
    async with a_site(site.app) as other:
        token = await a_session(other)
        stranger = ADesk(site, desk_of(other, token).client, token)
        assert (await stranger.get("queue")).status_code == 401
        assert (await stranger.get(f"/desk/{other.slug}/queue")).status_code == 200


async def test_a_form_needs_a_token_of_its_own_session(site: ASite) -> None:
    maria, otto = await sign_in(site, "Maria"), await sign_in(site, "Otto")
    for csrf in ("", "x" * 43, "é", maria.token):
        assert (await otto.send("account/sessions/end", csrf=csrf)).status_code == 403
    from_maria = ADesk(site, otto.client, maria.token)
    assert (await from_maria.send("account/sessions/end")).status_code == 403
    for headers in ELSEWHERE:
        assert (await otto.send("account/sessions/end", headers=headers)).status_code == 403
    assert (await otto.send("account/sessions/end")).status_code == 303


async def test_the_addresses_that_people_type_lead_to_a_queue(own_site: ASite) -> None:
    visitor = a_visitor(own_site)
    for path in ("/desk", "/desk/", f"/desk/{own_site.slug}", f"/desk/{own_site.slug}/"):
        led = await visitor.get(path)
        assert (led.status_code, led.headers.get("location")) == (303, visitor.path("queue")), path
    async with a_site(own_site.app) as other:
        listed = await visitor.get("/desk")
        assert listed.status_code == 200
        for each in (own_site, other):
            assert f'href="/desk/{each.slug}/queue"' in listed.text
    assert (await visitor.get("/desk/nowhere")).status_code == 404


async def test_sign_ins_are_limited_as_log_ins_and_keep_the_form(site: ASite) -> None:
    await a_moderator(site)
    visitor = a_visitor(site)
    page = await visitor.send("decisions", [("note", "Mine.")])
    for _ in range(5):
        page = await visitor.sign_in(page, password="not the password")
    limited = await visitor.sign_in(page)
    assert (limited.status_code, ("kept.note", "Mine.") in hidden(limited)) == (429, True)
    assert 0 < int(limited.headers["retry-after"]) <= timedelta(minutes=1).total_seconds()
