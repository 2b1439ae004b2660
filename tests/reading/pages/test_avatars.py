"""Authors' initials on pages and in fragments."""

import re

from service.reading.pages.avatars import TONES, initial_of, tone_of
from tests.builders import ASite, a_comment, a_thread

AVATAR = re.compile(r'<span class="avatar tone-\d" aria-hidden="true">(.)</span>')


def test_an_initial_is_the_first_letter_of_a_name() -> None:
    expected = {"ada": "A", "“Zoë”": "Z", "ж": "Ж", "ßa": "S", "मीरा": "म", "محمد": "م", "9 lives": "9", "☃": "☃"}
    assert {name: initial_of(name) for name in expected} == expected


def test_a_name_keeps_its_colour_and_names_use_all_colours() -> None:
    assert tone_of("Ada") == tone_of("ADA")
    assert {tone_of(f"Name {number}") for number in range(100)} == set(range(TONES))


async def test_initials_are_shown_where_the_site_wants_them(site: ASite) -> None:
    thread = await a_thread(site)
    await a_comment(thread, name="<b>Ada")
    paths = (f"{thread.path}/comments.html", f"/{site.slug}/{thread.article}")
    for setting, expected in (("none", []), ("initials", ["B"]), ("none", [])):
        await site.set(avatars=setting)
        api = await site.call("GET", paths[0])
        page = await site.client.get(paths[1])
        assert AVATAR.findall(api.text) == AVATAR.findall(page.text) == expected


async def test_a_removed_comment_has_no_initial(site: ASite) -> None:
    thread = await a_thread(site)
    await site.set(avatars="initials")
    first = await a_comment(thread, name="Grace")
    await a_comment(thread, name="Ada", below=first["comment"]["id"])
    path = f"/comments/{first['comment']['id']}"
    assert (await site.call("DELETE", path, by=first["author_token"])).status_code == 204
    assert AVATAR.findall((await site.call("GET", f"{thread.path}/comments.html")).text) == ["A"]


async def test_no_other_kind_of_avatar_is_taken(site: ASite) -> None:
    assert (await site.call("PATCH", "/settings", by="admin", json={"avatars": "gravatar"})).status_code == 422
