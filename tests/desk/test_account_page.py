"""The moderator's own account: sessions and password."""

import re

from service.desk.sign_in.browser_names import browser_name
from tests.builders import PASSWORD, ASite, Clock, try_log_in
from tests.desk.a_desk_client import desk_of, sign_in, text_of
from tests.desk.test_second_factor import a_second_factor

NEW = "a password of many trams"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0 Safari/537.36"


def test_browsers_have_the_names_that_people_use() -> None:
    names = {
        FIREFOX: "Firefox, Linux",
        CHROME: "Chrome, Windows",
        f"{CHROME} Edg/129.0": "Edge, Windows",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari/604.1": "Safari, iPhone",
        "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/129.0 Mobile Safari/537.36": "Chrome, Android",
        "curl/8.5.0": "curl/8.5.0",
        "": "",
        "<script>" * 30: ("<script>" * 5),
    }
    assert {each: browser_name(each) for each in names} == names
    assert browser_name(None) == ""


async def test_a_moderator_sees_and_ends_their_sessions(site: ASite, the_clock: Clock) -> None:
    desk = await sign_in(site)
    the_clock.move(minutes=5)
    headers = {"User-Agent": FIREFOX}
    body = {"name": "Maria", "password": PASSWORD}
    other = (await site.call("POST", "/sessions", json=body, headers=headers)).json()["token"]
    await sign_in(site, "Otto")
    page = await desk.get("account")
    assert page.text.count("/end") == 2, "one other session, and all others"
    assert "Firefox, Linux" in text_of(page) and "This session" in text_of(page)
    [session] = re.findall(r"sessions/([0-9a-f]{64})/end", page.text)
    otto = await sign_in(site, "Ottilie")
    assert (await otto.send(f"account/sessions/{session}/end")).status_code == 404, "it is not hers"
    done = await desk.follow(await desk.send(f"account/sessions/{session}/end"))
    assert "The session has ended." in text_of(done)
    assert (await desk_of(site, other).get("queue")).status_code == 401
    assert (await desk.send(f"account/sessions/{session}/end")).status_code == 404
    assert (await desk.send("account/sessions/nonsense/end")).status_code == 404


async def test_signing_out_everywhere_keeps_this_session(site: ASite, the_clock: Clock) -> None:
    desk, otto = await sign_in(site, "Maria"), await sign_in(site, "Otto")
    others = [(await try_log_in(site)).json()["token"] for _ in range(2)]
    assert (await desk.send("account/sessions/end")).status_code == 303
    assert [(await desk_of(site, each).get("queue")).status_code for each in others] == [401, 401]
    assert [(await each.get("queue")).status_code for each in (desk, otto)] == [200, 200]


async def test_a_moderator_changes_their_password(site: ASite) -> None:
    desk = await sign_in(site)
    other = (await try_log_in(site)).json()["token"]
    done = await desk.follow(
        await desk.send("account/password", {"own_password": PASSWORD, "new_password": NEW, "new_password_again": NEW})
    )
    assert "Your password is changed." in text_of(done)
    assert (await desk_of(site, other).get("queue")).status_code == 401
    assert (await try_log_in(site)).status_code == 401
    assert (await try_log_in(site, password=NEW)).status_code == 201


async def test_a_refused_password_marks_the_field(site: ASite) -> None:
    desk = await sign_in(site)
    for fields, field, sentence in (
        (
            {"own_password": "wrong", "new_password": NEW, "new_password_again": NEW},
            "old",
            "This is not your password.",
        ),
        (
            {"own_password": PASSWORD, "new_password": "short", "new_password_again": "short"},
            "new",
            "12 to 200 characters",
        ),
        (
            {"own_password": PASSWORD, "new_password": NEW, "new_password_again": f"{NEW}!"},
            "again",
            "The two new passwords differ.",
        ),
        ({"own_password": PASSWORD}, "new", "12 to 200 characters"),
    ):
        refused = await desk.send("account/password", fields)
        assert (refused.status_code, f'id="{field}-error"' in refused.text) == (422, True), fields
        assert sentence in text_of(refused) and NEW not in refused.text
    assert (await try_log_in(site)).status_code == 201


async def test_guesses_of_the_own_password_are_limited(site: ASite) -> None:
    desk = await sign_in(site)
    for _ in range(5):
        await desk.send("account/password", {"own_password": "wrong", "new_password": NEW, "new_password_again": NEW})
    limited = await desk.send(
        "account/password", {"own_password": PASSWORD, "new_password": NEW, "new_password_again": NEW}
    )
    assert limited.status_code == 422
    assert (await try_log_in(site)).status_code == 201, "the password is still the old one"


async def test_the_decision_log_has_what_changed_and_never_a_secret(site: ASite, the_clock: Clock) -> None:
    desk = await sign_in(site)
    secret, codes = await a_second_factor(site, desk)
    await desk.send("account/password", {"own_password": PASSWORD, "new_password": NEW, "new_password_again": NEW})
    await desk.send("account/second-factor/off", {"own_password": NEW})
    listed = await site.call("GET", "/decisions", by="admin")
    logged = [(each["action"], each["reason"], each["decided_by"]["name"]) for each in listed.json()["decisions"]]
    assert logged == [
        ("change-moderator", "Maria: second factor", "Maria"),
        ("change-moderator", "Maria: password", "Maria"),
        ("change-moderator", "Maria: second factor", "Maria"),
    ]
    assert not any(each in listed.text for each in (secret, NEW, *codes))
