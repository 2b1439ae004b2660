"""The author of a card is banned from the queue, by a form in the card or on a page of its own."""

import re
from html import unescape

from tests.builders import ASite, Clock, Json, a_comment, a_thread, set_rules
from tests.desk.a_desk_client import PARTIAL, ADesk, sign_in, text_of
from tests.desk.form_of_page import form_of


async def held(site: ASite, *names: str, section: str | None = None) -> list[Json]:
    """A comment that waits, by each of ``names``."""
    await set_rules(site, hold_words=["swindle"])
    thread = await a_thread(site, section=section)
    return [(await a_comment(thread, "A swindle.", name=name))["comment"] for name in names]


async def measures_of(site: ASite) -> list[tuple[str, str, str | None, str | None]]:
    listed = (await site.call("GET", "/measures", by="moderator")).json()["measures"]
    return [(each["action"], each["kind"], each["until"], each["reason"]) for each in listed]


async def links(desk: ADesk, page: str = "queue") -> list[str]:
    """The links to the forms, in the order of the cards."""
    return [unescape(each) for each in re.findall(r'href="([^"]*/ban[^"]*)"', (await desk.get(page)).text)]


async def test_without_a_script_the_ban_leads_back_to_the_next_card(site: ASite, the_clock: Clock) -> None:
    first, second = await held(site, "Ada", "Bo")
    desk = await sign_in(site)
    page = await desk.get((await links(desk, "queue?tab=pending&order=oldest"))[0])
    assert "Ban author: Ada" in text_of(page)
    fields = form_of(page.text, f"comments/{first['id']}/ban", duration="day", reason="Abuse.")
    done = await desk.send(f"comments/{first['id']}/ban", fields)
    query = "tab=pending&order=oldest&said=taken"
    assert done.headers["location"] == desk.path(f"queue?{query}#comment-{second['id']}")
    words = text_of(await desk.follow(done))
    assert "Done. It holds from now on." in words and "Banned: Abuse." in words
    assert await measures_of(site) == [("ban", "reader", "2026-11-25T12:00:00Z", "Abuse.")]
    last = await desk.get((await links(desk))[1])
    assert f"#comment-{second['id']}" in last.text


async def test_a_script_gets_the_form_and_then_the_card_as_it_is_now(site: ASite) -> None:
    [comment] = await held(site, "Ada")
    desk = await sign_in(site)
    form = await desk.get(f"comments/{comment['id']}/ban?keep=thread", headers=PARTIAL)
    assert form.text.strip().startswith("<form") and 'name="duration" value="week" checked autofocus' in form.text
    fields = form_of(form.text, f"comments/{comment['id']}/ban", duration="good")
    done = await desk.send(f"comments/{comment['id']}/ban", fields, headers=PARTIAL)
    assert done.status_code == 200
    assert re.search(rf'<li id="card-{comment["id"]}" class="card is-pending[^>]*data-hx-swap-oob="true"', done.text)
    assert 'name="keep" value="thread"' in done.text
    assert '<span class="chip ban">Banned' in done.text and "Banned: Ada" in text_of(done)
    assert await measures_of(site) == [("ban", "reader", None, None)]


async def test_a_ban_that_is_refused_keeps_what_was_typed(site: ASite) -> None:
    [comment] = await held(site, "Ada")
    desk = await sign_in(site)
    here = desk.path("queue?tab=any")
    fields = {"duration": "month", "reason": "x" * 501, "next": here}
    for headers in ({}, PARTIAL):
        refused = await desk.send(f"comments/{comment['id']}/ban", fields, headers=headers)
        assert refused.status_code == 422
        assert f'value="{"x" * 501}"' in refused.text and 'id="ban-reason-hint"' in refused.text
        assert 'value="month" checked' in refused.text and f'name="next" value="{here}"' in refused.text
    assert f'<div id="ban-{comment["id"]}" class="ban" data-hx-swap-oob="true">' in refused.text
    assert await measures_of(site) == []


async def test_the_form_leads_to_pages_of_the_desk_only(site: ASite) -> None:
    [comment] = await held(site, "Ada")
    desk = await sign_in(site)
    page = await desk.get(f"comments/{comment['id']}/ban?next=https://evil.example/")
    assert "evil" not in page.text
    done = await desk.send(f"comments/{comment['id']}/ban", {"duration": "day", "next": "//evil.example/#a"})
    assert done.headers["location"] == desk.path("queue?said=taken")


async def test_moderators_ban_authors_of_their_sections_only(site: ASite) -> None:
    [comment] = await held(site, "Ada", section="politics")
    desk = await sign_in(site, sections=("sport",))
    assert (await desk.get(f"comments/{comment['id']}/ban")).status_code == 404
    assert (await desk.send(f"comments/{comment['id']}/ban", {"duration": "day"})).status_code == 404
    assert await measures_of(site) == []
    own = await sign_in(site, "Otto", sections=("politics",))
    assert (await own.send(f"comments/{comment['id']}/ban", {"duration": "day"})).status_code == 303
