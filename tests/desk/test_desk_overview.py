"""The overview counts what happened, and is kept for a minute."""

from tests.builders import ASite, Clock, a_comment, a_thread, decide, set_rules
from tests.desk.a_desk_client import sign_in, text_of


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
