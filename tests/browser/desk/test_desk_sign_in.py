"""Moderators sign in with a browser: with and without a script, with a second factor, and in the middle of a form."""

import re

import pytest
from playwright.async_api import Page, expect
from pyotp import TOTP

from service.platform import clock
from service.platform.access.second_factors import make_secret
from service.platform.sites.edit_site import find_site
from tests.browser.a_browser import Visits
from tests.browser.desk.a_desk import a_desk, sign_in
from tests.browser.page_checks import barriers, overflowing, photograph
from tests.builders import PASSWORD, ASite, a_comment, a_moderator, a_thread, set_rules

pytestmark = pytest.mark.slow
PHONE, WIDE = (360, 780), (1100, 900)


async def check(page: Page, name: str) -> None:
    """No barriers, nothing too wide; photographed at both sizes, light and dark."""
    for size in (PHONE, WIDE):
        await page.set_viewport_size({"width": size[0], "height": size[1]})
        assert await overflowing(page) == [], name
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
            assert await barriers(page) == [], (name, scheme)
            await photograph(page, f"desk-{name}-{size[0]}-{scheme}")
    await page.emulate_media(color_scheme="light")


async def a_second_factor(site: ASite, name: str = "Maria") -> tuple[str, list[str]]:
    """Add a moderator with a second factor, whose last code was used long ago."""
    moderator_id, secret = await a_moderator(site, name), make_secret()
    factors = site.app.state.gate.second_factors
    async with site.app.state.database.write() as connection:
        assert await find_site(connection, site.slug) is not None
        code = TOTP(secret).at(clock.now(), counter_offset=-1)
        codes = await factors.turn_on(connection, moderator_id, secret=secret, code=code)
    assert codes
    return secret, codes


def code_of(secret: str) -> str:
    return TOTP(secret).at(clock.now())


async def end_all_sessions(page: Page) -> None:
    """Delete the session in the browser, as if it had ended."""
    await page.context.clear_cookies(name="onereply-desk")


async def test_a_moderator_sets_up_a_second_factor_and_signs_in_with_it(
    site: ASite, visits: Visits, origin: str
) -> None:
    page = await a_desk(site, visits, origin, "account")
    await check(page, "account")
    await page.get_by_role("link", name="Set up").click()
    await expect(page.get_by_role("img", name="QR code")).to_be_visible()
    assert await page.evaluate("document.querySelector('.qr img').naturalWidth") > 100
    await check(page, "second-factor")
    secret = await page.locator('input[name="secret"]').input_value()
    await page.get_by_label("Code that the app shows").fill("000000")
    await page.get_by_label("Your password now").fill(PASSWORD)
    await page.get_by_role("button", name="Turn on").click()
    await expect(page.get_by_text("This code is wrong")).to_be_visible()
    await expect(page.get_by_label("Code that the app shows")).to_have_attribute("aria-invalid", "true")
    await check(page, "second-factor-wrong")
    await page.get_by_label("Code that the app shows").fill(code_of(secret))
    await page.get_by_label("Your password now").fill(PASSWORD)
    await page.get_by_role("button", name="Turn on").click()
    await expect(page.locator(".codes li")).to_have_count(10)
    await check(page, "recovery-codes")
    [recovery, *_] = await page.locator(".codes code").all_inner_texts()
    await page.get_by_role("link", name="I have saved them").click()
    await page.goto(f"{origin}/desk/{site.slug}/account")
    await check(page, "account-with-factor")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_text("You are signed out.")).to_be_visible()
    await check(page, "signed-out")
    await page.get_by_label("Name").fill("Maria")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_label("Code")).to_be_focused()
    await check(page, "code")
    await page.get_by_label("Code").fill("000000")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Code")).to_have_attribute("aria-invalid", "true")
    await check(page, "code-wrong")
    await page.get_by_label("Code").fill(recovery)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()


@pytest.mark.parametrize("script", [True, False])
async def test_a_decision_outlives_its_session_a_wrong_password_and_a_wrong_code(
    site: ASite, visits: Visits, origin: str, script: bool
) -> None:
    await set_rules(site, hold_words=["swindle"])
    comment = (await a_comment(await a_thread(site), "A swindle.", name="Ada"))["comment"]
    secret, _ = await a_second_factor(site)
    await a_moderator(site, "Otto")
    page = await visits.begin(script=script)
    await sign_in(page, f"{origin}/desk/{site.slug}/queue?tab=pending", name="Otto")
    await end_all_sessions(page)
    await page.locator("summary.reject").click()
    await page.get_by_label("Note for the log").fill("Ruder than <b>ever</b>.")
    await page.get_by_role("button", name="Reject").last.click()
    await expect(page.get_by_text("nothing that you typed is lost")).to_be_visible()
    if script:
        await check(page, "session-ended")
    for password in ("not the password", PASSWORD):
        await page.get_by_label("Name").fill("Maria")
        await page.get_by_label("Password").fill(password)
        await page.get_by_role("button", name="Sign in", exact=True).click()
    for code in ("000000", code_of(secret)):
        await page.get_by_label("Code").fill(code)
        await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_text("You are signed in as Maria.")).to_be_visible()
    await expect(page.get_by_text("Ruder than <b>ever</b>.")).to_be_visible()
    if script:
        await check(page, "send-again")
    await page.get_by_role("button", name="Send again").click()
    await expect(page).to_have_url(re.compile(r"/queue\?tab=pending&action=reject"))
    decided = (await site.call("GET", f"/decisions?comment={comment['id']}", by="moderator")).json()["decisions"][0]
    assert (decided["note"], decided["decided_by"]["name"]) == ("Ruder than <b>ever</b>.", "Maria")


async def test_a_moderator_ends_sessions_and_changes_the_password(site: ASite, visits: Visits, origin: str) -> None:
    page = await a_desk(site, visits, origin, "account")
    other = await visits.begin()
    await sign_in(other, f"{origin}/desk/{site.slug}/queue")
    await page.reload()
    await expect(page.locator(".sessions li")).to_have_count(2)
    await expect(page.locator(".sessions")).to_contain_text("Chrome, Linux")
    await page.get_by_role("button", name="End the session of Chrome, Linux").click()
    await expect(page.get_by_text("The session has ended.")).to_be_visible()
    await other.reload()
    await expect(other.get_by_role("button", name="Sign in")).to_be_visible()
    await page.get_by_label("Your password now").fill("wrong")
    await page.get_by_label("New password", exact=True).fill("a password of many trams")
    await page.get_by_label("New password again").fill("a password of many buses")
    await page.get_by_role("button", name="Change password").click()
    await expect(page.get_by_text("This is not your password.")).to_be_visible()
    await expect(page.get_by_text("The two new passwords differ.")).to_be_visible()
    await check(page, "account-refused")


async def test_the_sites_are_listed(site: ASite, visits: Visits, origin: str) -> None:
    page = await visits.begin()
    await page.goto(f"{origin}/desk")
    await expect(page).to_have_url(re.compile(rf"/desk(/{site.slug}/queue)?$"))
    await check(page, "sites")
