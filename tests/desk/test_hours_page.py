"""Opening hours in the desk: a line for each day, and what is true now."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.desk.threads.hours_by_day import InvalidDay, hours_of, lines_of
from service.platform.sites.opening_hours import parse_hours
from service.platform.sites.site_settings import SectionSettings
from tests.builders import ASite, Clock
from tests.desk.a_desk_client import ADesk, sign_in, text_of

WEEK = dict.fromkeys(("Mo", "Tu", "We", "Th", "Fr"), "8-22")


async def save(desk: ADesk, fields: dict[str, str], query: str = "?edit=true") -> str:
    form = (await desk.get(f"hours{query}")).text
    [version] = re.findall(r'name="version" value="([^"]*)"', form)
    sent = await desk.send("hours", {"version": version, "hours": "weekly", "outside_hours": "close", **fields})
    return text_of(await desk.follow(sent)) if sent.status_code == 303 else sent.text


async def settings_of(site: ASite) -> dict[str, object]:
    read: dict[str, object] = (await site.call("GET", "/settings", by="admin")).json()
    return read


def test_days_are_written_as_the_settings_have_them() -> None:
    lines = ["8-12, 13:30–22:00", "08:00-12:00,13:30-22:00", "", "", "22:00-24:00", "22-2", ""]
    assert hours_of(lines) == "Mo-Tu 08:00-12:00,13:30-22:00; Fr 22:00-24:00; Sa 22:00-02:00"
    assert lines_of("Sa,Su 10:00-24:00; Mo 22:00-02:00") == ["22:00-02:00", *[""] * 4, "10:00-24:00", "10:00-24:00"]
    assert hours_of([""] * 7) is None
    for wrong in ("soon", "8", "25-26", "08:61-09:00", "8-"):
        with pytest.raises(InvalidDay):
            hours_of([wrong, *[""] * 6])


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(13, 24)), min_size=7, max_size=7))
def test_hours_mean_the_same_after_a_form(spans: list[tuple[int, int]]) -> None:
    written = hours_of([f"{start}-{end}" for start, end in spans])
    assert written
    assert parse_hours(hours_of(lines_of(written)) or "") == parse_hours(written)


async def test_admins_set_the_hours_and_everybody_sees_what_is_true_now(site: ASite, the_clock: Clock) -> None:
    admin = await sign_in(site, "Otto", role="admin")
    text = await save(admin, {**WEEK, "time_zone": "Europe/Berlin"})
    assert "The hours are saved." in text
    assert (await settings_of(site))["opening_hours"] == "Mo-Fr 08:00-22:00"
    desk = await sign_in(site)
    assert "Open until Tuesday 22:00 (Europe/Berlin)" in text_of(await desk.get("hours"))
    the_clock.move(hours=10)  # to 23:00 in Berlin, when her session has ended
    desk = await sign_in(site, "Maja")
    assert "Closed until Wednesday 08:00 (Europe/Berlin)" in text_of(await desk.get("hours"))
    assert "Admins change the hours." in text_of(await desk.get("hours?edit=true"))
    assert (await desk.send("hours", {})).status_code == 403


async def test_a_section_has_hours_of_its_own_or_those_of_the_site(site: ASite) -> None:
    await site.set(sections={"sport": SectionSettings(close_after_days=3)})
    admin = await sign_in(site, role="admin")
    await save(admin, {"section": "sport", "Sa": "10-18", "outside_hours": "hold"}, "?section=sport")
    own = (await settings_of(site))["sections"]
    assert own == {"sport": {"close_after_days": 3, "opening_hours": "Sa 10:00-18:00", "outside_hours": "hold"}}
    await save(admin, {"section": "sport", "hours": "always", "outside_hours": ""}, "?section=sport")
    own = (await settings_of(site))["sections"]
    assert own == {"sport": {"close_after_days": 3, "opening_hours": None}}
    await save(admin, {"section": "sport", "hours": "site", "outside_hours": ""}, "?section=sport")
    assert (await settings_of(site))["sections"] == {"sport": {"close_after_days": 3}}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Mo": "8-12, later"}, "Write hours such as"),
        ({"Mo": "8-12, 11-14"}, "overlap"),
        ({}, "at least one day"),
        ({"Mo": "8-12", "time_zone": "Berlin/Mitte"}, "Write a time zone such as"),
    ],
)
async def test_a_refused_form_keeps_what_was_typed(site: ASite, fields: dict[str, str], message: str) -> None:
    admin = await sign_in(site, role="admin")
    page = await save(admin, {**fields, "Su": "9-10", **({} if fields else {"Su": ""})})
    assert message in page
    for value in fields.values():
        assert f'value="{value}"' in page
    assert (await settings_of(site))["opening_hours"] is None


async def test_two_admins_do_not_overwrite_each_other(site: ASite) -> None:
    maria, otto = await sign_in(site, role="admin"), await sign_in(site, "Otto", role="admin")
    form = (await maria.get("hours?edit=true")).text
    [version] = re.findall(r'name="version" value="([^"]*)"', form)
    await save(otto, WEEK)
    refused = await maria.send("hours", {"version": version, "hours": "weekly", "Su": "9-12"})
    assert refused.status_code == 409
    assert "Somebody has changed the settings" in text_of(refused)
    assert 'value="9-12"' in refused.text
    assert (await settings_of(site))["opening_hours"] == "Mo-Fr 08:00-22:00"
