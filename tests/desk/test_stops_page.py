"""Stops of comments in the desk: counted first, then confirmed, and undone by a button."""

import re

from tests.builders import ASite, AThread, Clock, a_thread
from tests.desk.a_desk_client import ADesk, sign_in, text_of


async def confirm(desk: ADesk, fields: dict[str, str]) -> str:
    """Send the form, and then the form that confirms it; return the text of the page."""
    counted = await desk.send("stops", fields)
    assert counted.status_code == 200
    form = counted.text.partition("notice-panel")[2].partition("</form>")[0]
    hidden = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form))
    hidden.pop("csrf")
    return text_of(await desk.follow(await desk.send("stops", hidden)))


async def is_open(thread: AThread) -> bool:
    return bool((await thread.read())["state"] == "open")


async def test_nothing_closes_before_the_count_is_confirmed(site: ASite) -> None:
    threads = [await a_thread(site) for _ in range(3)]
    desk = await sign_in(site)
    counted = await desk.send("stops", {"reason": "A storm."})
    assert "Threads that close: 3" in text_of(counted)
    assert await is_open(threads[0])
    text = await confirm(desk, {"reason": "A storm."})
    assert "Threads closed: 3" in text and "A storm." in text
    assert not await is_open(threads[0])


async def test_a_section_is_closed_and_reopened(site: ASite) -> None:
    sport, politics = await a_thread(site, section="sport"), await a_thread(site, section="politics")
    desk = await sign_in(site)
    assert "Section sport" in await confirm(desk, {"section": "sport"})
    assert (await is_open(sport), await is_open(politics)) == (False, True)
    page = await desk.get("stops")
    [undo] = re.findall(r'action="([^"]*/end)"', page.text)
    for _ in range(2):  # another moderator undoes it again
        assert "The stop is undone." in text_of(await desk.follow(await desk.send(undo)))
    assert await is_open(sport)
    assert "No stop is in force." in text_of(await desk.get("stops"))


async def test_another_filter_than_the_confirmed_one_is_counted_first(site: ASite) -> None:
    thread = await a_thread(site, section="sport")
    desk = await sign_in(site)
    counted = await desk.send("stops", {"section": "politics", "confirmed": "sport||"})
    assert "Threads that close: 0" in text_of(counted)
    await desk.send("stops", {"confirmed": "||", "section": "sport"})
    assert await is_open(thread)


async def test_a_stop_that_has_ended_is_not_in_force(site: ASite, the_clock: Clock) -> None:
    await a_thread(site, section="sport", published_at="2026-11-01T00:00:00Z")
    await site.set(time_zone="Europe/Berlin")
    desk = await sign_in(site)
    await confirm(desk, {"published_before": "2026-11-20T00:00", "until": "2026-11-24T14:00"})
    assert "Published before" in text_of(await desk.get("stops"))
    the_clock.move(minutes=119)
    assert "No stop is in force." in text_of(await desk.get("stops"))


async def test_a_refused_form_keeps_what_was_typed(site: ASite, the_clock: Clock) -> None:
    desk = await sign_in(site)
    refused = await desk.send("stops", {"until": "2026-11-01T10:00", "reason": "A storm.", "section": "sport"})
    assert refused.status_code == 422
    assert "The time must be in the future." in text_of(refused)
    for value in ("2026-11-01T10:00", "A storm.", "sport"):
        assert f'value="{value}"' in refused.text


async def test_moderators_stop_only_their_sections(site: ASite) -> None:
    sport, politics = await a_thread(site, section="sport"), await a_thread(site, section="politics")
    desk = await sign_in(site, sections=("sport",))
    assert (await desk.send("stops", {})).status_code == 403
    assert (await desk.send("stops", {"section": "politics"})).status_code == 404
    await confirm(desk, {"section": "sport"})
    assert (await is_open(sport), await is_open(politics)) == (False, True)
    other = await sign_in(site, "Otto")
    await confirm(other, {})
    [site_wide, _] = re.findall(r'action="([^"]*/end)"', (await other.get("stops")).text)
    assert len(re.findall(r'action="([^"]*/end)"', (await desk.get("stops")).text)) == 1
    assert (await desk.send(site_wide)).status_code == 404
    assert not await is_open(politics)
