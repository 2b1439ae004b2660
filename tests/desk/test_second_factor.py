"""Second factors: set up in the desk, asked for at every sign-in by password, and never by a way around it."""

import re

import pytest
from pyotp import TOTP
from sqlalchemy import select

from service.desk_routes import DESK_PAGES
from service.platform import clock
from service.platform.access.model import RecoveryCodeRow, SecondFactorRow
from service.platform.access.second_factors import RECOVERY_CODES
from service.platform.sites.edit_site import change_site, find_site
from service.routes import SITE_ROUTES
from tests.builders import PASSWORD, ASite, Clock, a_moderator, a_session, a_site, try_log_in
from tests.desk.a_desk_client import ADesk, desk_of, sign_in, text_of
from tests.desk.a_visitor import a_visitor, hidden

CODE_WANTED = "Enter your code"


def code_of(secret: str, *, steps: int = 0) -> str:
    return TOTP(secret).at(clock.now(), counter_offset=steps)


async def a_second_factor(site: ASite, desk: ADesk) -> tuple[str, list[str]]:
    """Set up a second factor in the desk; return its secret and the recovery codes."""
    page = await desk.get("account/second-factor")
    secret = dict(hidden(page))["secret"]
    fields = {"secret": secret, "code": code_of(secret), "own_password": PASSWORD, "next": ""}
    done = await desk.send("account/second-factor", fields)
    assert done.status_code == 200, text_of(done)
    return secret, re.findall(r"<li><code>([a-z2-7-]+)</code>", done.text)


async def log_in(site: ASite, code: str | None = None, *, name: str = "Maria") -> tuple[int, str]:
    """Log in by the API; return status and problem."""
    body = {"name": name, "password": PASSWORD, **({"code": code} if code is not None else {})}
    answer = await site.call("POST", "/sessions", json=body)
    return answer.status_code, answer.json().get("type", "").removeprefix("/problems/")


REFUSED = 401, "second-factor-required"


async def test_it_is_set_up_by_a_code_and_asked_for_from_then_on(site: ASite, the_clock: Clock) -> None:
    desk = await sign_in(site)
    page = await desk.get("account/second-factor")
    secret = dict(hidden(page))["secret"]
    assert "data:image/svg+xml" in page.text and f"secret={secret}" in page.text
    wrong = await desk.send("account/second-factor", {"secret": secret, "code": "000000", "own_password": PASSWORD})
    assert (wrong.status_code, "This code is wrong" in text_of(wrong)) == (422, True)
    assert dict(hidden(wrong))["secret"] == secret, "the app already has it"
    assert await log_in(site) == (201, "")
    _, codes = await a_second_factor(site, desk)
    assert len({*codes}) == RECOVERY_CODES
    assert await log_in(site) == REFUSED
    assert "Recovery codes left: 10" in text_of(await desk.get("account"))


async def test_the_longest_names_fit_into_the_code(site: ASite) -> None:
    name = "👩\u200d🚀" * 33
    async with site.app.state.database.write() as connection:
        found = await find_site(connection, site.slug)
        await change_site(connection, found, name=name * 10, locale=None, settings=found.settings)
    site.app.state.gate.sites.evict(site.slug)
    desk = await sign_in(site, name)
    assert (await desk.get("account/second-factor")).status_code == 200
    await a_second_factor(site, desk)


async def test_setting_it_up_needs_the_password_and_ends_other_sessions(site: ASite, the_clock: Clock) -> None:
    desk = await sign_in(site)
    other = (await try_log_in(site)).json()["token"]
    secret = dict(hidden(await desk.get("account/second-factor")))["secret"]
    refused = await desk.send(
        "account/second-factor", {"secret": secret, "code": code_of(secret), "own_password": "wrong"}
    )
    assert (refused.status_code, "This is not your password." in text_of(refused)) == (422, True)
    assert (await desk_of(site, other).get("queue")).status_code == 200
    await a_second_factor(site, desk)
    assert (await desk_of(site, other).get("queue")).status_code == 401
    assert (await desk.get("queue")).status_code == 200


async def test_a_code_counts_once_and_near_its_time(site: ASite, the_clock: Clock) -> None:
    secret, _ = await a_second_factor(site, await sign_in(site))
    assert await log_in(site, code_of(secret)) == REFUSED, "it was used to set it up"
    the_clock.move(seconds=30)
    assert await log_in(site, code_of(secret)) == (201, "")
    assert await log_in(site, code_of(secret)) == REFUSED
    assert await log_in(site, code_of(secret, steps=-1)) == REFUSED, "older than the last one"
    assert await log_in(site, code_of(secret, steps=2)) == REFUSED
    assert await log_in(site, code_of(secret, steps=1)) == (201, "")
    the_clock.move(seconds=90)
    code = code_of(secret)
    arabic = "".join(chr(ord("٠") + int(digit)) for digit in code)
    assert await log_in(site, f"{arabic[:3]} {arabic[3:]}") == (201, "")


async def test_what_is_no_code_is_refused(site: ASite, the_clock: Clock) -> None:
    secret, _ = await a_second_factor(site, await sign_in(site))
    the_clock.move(seconds=30)
    code = code_of(secret)
    for wrong in (code[:5], code + "0", f"x{code}", "½²³45⁶", "\0", "-" * 40):
        assert await log_in(site, wrong) == REFUSED, wrong
    assert (await log_in(site, ""))[0] == 422


async def test_a_recovery_code_counts_once(site: ASite, the_clock: Clock) -> None:
    desk = await sign_in(site)
    _, codes = await a_second_factor(site, desk)
    assert await log_in(site, codes[0].upper().replace("-", " ")) == (201, "")
    assert await log_in(site, codes[0]) == REFUSED
    assert "Recovery codes left: 9" in text_of(await desk.get("account"))
    renewed = await desk.send("account/recovery-codes", {"own_password": PASSWORD})
    assert renewed.status_code == 200
    assert await log_in(site, codes[1]) == REFUSED


async def test_recovery_codes_of_another_moderator_do_not_count(site: ASite, the_clock: Clock) -> None:
    await a_second_factor(site, await sign_in(site, "Maria"))
    _, codes = await a_second_factor(site, await sign_in(site, "Otto"))
    assert await log_in(site, codes[0], name="Maria") == REFUSED
    assert await log_in(site, codes[0], name="Otto") == (201, "")


async def test_codes_are_limited_even_for_who_knows_the_password(site: ASite, the_clock: Clock) -> None:
    secret, codes = await a_second_factor(site, await sign_in(site))
    the_clock.move(seconds=30)
    visitor = a_visitor(site)
    asked = await visitor.sign_in(await visitor.send("decisions", [("note", "Mine.")]))
    for _ in range(10):
        assert (await visitor.send_code(asked, "000000")).status_code == 401
    for code in (code_of(secret), codes[0]):
        limited = await visitor.send_code(asked, code)
        assert (limited.status_code, ("kept.note", "Mine.") in hidden(limited)) == (429, True)
    assert (await log_in(site, codes[0]))[0] == 429


async def test_the_desk_asks_for_the_code_in_a_second_step(site: ASite, the_clock: Clock) -> None:
    secret, codes = await a_second_factor(site, await sign_in(site))
    the_clock.move(seconds=30)
    visitor = a_visitor(site)
    asked = await visitor.sign_in(await visitor.send("decisions", [("note", "Mine.")]))
    assert (asked.status_code, CODE_WANTED in text_of(asked), PASSWORD in asked.text) == (200, True, False)
    assert (await visitor.get("queue")).status_code == 401
    wrong = await visitor.send_code(asked, "000000")
    assert (wrong.status_code, "This code is wrong" in text_of(wrong)) == (401, True)
    again = await visitor.send_code(wrong, code_of(secret))
    assert ("note", "Mine.") in hidden(again)
    assert (await visitor.get("queue")).status_code == 200
    elsewhere = a_visitor(site)
    assert (await elsewhere.send_code(await elsewhere.sign_in(), codes[0])).status_code == 303


async def test_the_step_between_does_not_last_and_is_of_one_site_and_password(site: ASite, the_clock: Clock) -> None:
    desk = await sign_in(site)
    secret, codes = await a_second_factor(site, desk)
    visitor = a_visitor(site)
    asked = await visitor.sign_in()
    async with a_site(site.app) as other:
        await a_moderator(other)
        stranger = a_visitor(other)
        assert (await stranger.send("sign-in/code", [("code", codes[0]), *hidden(asked)])).status_code == 400
    for step in ("", "AAAA", "é", "x" * 10_000):
        assert (await visitor.send("sign-in/code", [("code", codes[0]), ("step", step)])).status_code == 400
    changed = {
        "own_password": PASSWORD,
        "new_password": "another of my trams",
        "new_password_again": "another of my trams",
    }
    assert (await desk.send("account/password", changed)).status_code == 303
    assert (await visitor.send_code(asked, codes[0])).status_code == 400
    late = await visitor.sign_in(password="another of my trams")
    the_clock.move(minutes=10)
    assert (await visitor.send_code(late, code_of(secret))).status_code == 400


@pytest.mark.parametrize(
    ("required", "role", "lacks"),
    [
        ("none", "admin", False),
        ("admins", "moderator", False),
        ("admins", "admin", True),
        ("all", "moderator", True),
    ],
)
async def test_a_site_can_require_it(site: ASite, the_clock: Clock, required: str, role: str, lacks: bool) -> None:
    await site.set(require_second_factor=required)
    await a_moderator(site, role="admin" if role == "admin" else "moderator")
    token = (await try_log_in(site)).json()["token"]
    answer = await site.call("GET", "/queue", by=token)
    assert (answer.status_code == 403) is lacks
    if not lacks:
        return
    assert answer.json()["type"] == "/problems/second-factor-missing"
    assert (await site.call("GET", "/sessions/current", by=token)).status_code == 200
    desk = desk_of(site, token)
    led = await desk.get("queue?tab=spam")
    assert led.status_code == 303
    page = await desk.get(led.headers["location"])
    assert "This site requires a second factor." in text_of(page)
    refused = await desk.send("decisions", {"note": "Mine."})
    assert (refused.status_code, "Mine." in text_of(refused)) == (403, True)
    secret = dict(hidden(page))["secret"]
    done = await desk.send(
        "account/second-factor",
        {"secret": secret, "code": code_of(secret), "own_password": PASSWORD, "next": dict(hidden(page))["next"]},
    )
    assert f'href="/desk/{site.slug}/queue?tab=spam"' in done.text
    assert (await desk.get("queue")).status_code == 200
    assert (await site.call("GET", "/queue", by=token)).status_code == 200


async def test_no_route_goes_around_it(site: ASite) -> None:
    await site.set(require_second_factor="all")
    token = await a_session(site, role="admin")
    for method, path, _, who in SITE_ROUTES:
        answer = await site.call(method, re.sub(r"\{\w+\}", "0", path), by=token)
        missing = answer.status_code == 403 and answer.json()["type"] == "/problems/second-factor-missing"
        assert missing is ("session" not in who), (method, path, answer.text)
    desk = await sign_in(site, "Otto", role="admin")  # the loop has logged the first one out
    for method, path, _, who in DESK_PAGES:
        address = re.sub(r"\{\w+\}", "0", path).removeprefix("/")
        answer = await (desk.get(address) if method == "GET" else desk.send(address))
        if "session" in who:
            assert answer.status_code in {200, 422}, path
        elif method == "GET":
            assert answer.headers["location"].startswith(desk.path("account/second-factor?next=")), path
        else:
            assert (answer.status_code, "requires a second factor" in text_of(answer)) == (403, True), path


async def test_it_is_turned_off_with_the_password_alone(site: ASite, the_clock: Clock) -> None:
    desk = await sign_in(site)
    await a_second_factor(site, desk)
    assert (await desk.send("account/second-factor/off", {"own_password": "wrong"})).status_code == 422
    assert await log_in(site) == REFUSED
    assert (await desk.send("account/second-factor/off", {"own_password": PASSWORD})).status_code == 303
    assert await log_in(site) == (201, "")


async def test_neither_secret_nor_codes_are_readable_in_the_database(site: ASite, the_clock: Clock) -> None:
    secret, codes = await a_second_factor(site, await sign_in(site))
    async with site.app.state.database.read() as connection:
        rows = [await connection.execute(select(row.__table__)) for row in (SecondFactorRow, RecoveryCodeRow)]
        stored = str([each.all() for each in rows])
    assert secret not in stored and not any(code in stored for code in codes)


async def test_an_api_key_needs_no_second_factor(site: ASite) -> None:
    await site.set(require_second_factor="all")
    assert (await site.call("GET", "/queue", by="moderator")).status_code == 200
    assert (await site.call("GET", "/queue", by=await a_session(site))).status_code == 403
