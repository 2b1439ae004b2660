"""Moderators sign in through a real OpenID provider, and in a frame of their CMS."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Page, Route, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route as AppRoute

from service.platform import clock
from service.platform.sites.edit_site import find_site
from service.platform.sites.site_secrets import set_secret
from service.platform.sites.site_settings import OidcRole
from tests.browser.a_browser import Visits
from tests.browser.app_server import serving
from tests.browser.desk.a_real_provider import a_real_provider
from tests.browser.desk.test_desk_sign_in import check, end_all_sessions
from tests.browser.page_checks import photograph
from tests.builders import ASite, Json, a_comment, a_thread, set_rules
from tests.conftest import SECRET_KEY
from tests.platform.access.a_host import SECRET, a_token, share_secret

pytestmark = pytest.mark.slow
USERS = (
    {"sub": "maria", "name": "Maria", "groups": ["newsroom"]},
    {"sub": "otto", "name": "Otto", "groups": ["readers"]},
)
STYLE_OF_PROVIDER = re.compile(r"request: \S+\.css")  # its pages load one from elsewhere; ours must not
ROLES = {"newsroom": OidcRole("moderator")}


@pytest.fixture
async def issuer(site: ASite, visits: Visits) -> AsyncIterator[str]:
    """The provider of the site."""
    async with a_real_provider(*USERS) as issuer:
        await site.set(oidc_issuer=issuer, oidc_client_id="onereply-desk", oidc_roles=ROLES)
        async with site.app.state.database.write() as connection:
            found = await find_site(connection, site.slug)
            await set_secret(connection, found, "oidc-client", "any secret", secret_key=SECRET_KEY)
        site.app.state.gate.sites.evict(site.slug)
        visits.origins.add(issuer)
        yield issuer
        visits.faults[:] = [each for each in visits.faults if not STYLE_OF_PROVIDER.fullmatch(each)]


async def choose(page: Page, user: str) -> None:
    """Go to the provider, and sign in there as ``user``."""
    await page.get_by_role("button", name=re.compile("Sign in with")).click()
    await page.get_by_role("button", name=user, exact=True).click()


@pytest.mark.parametrize("script", [True, False])
async def test_a_moderator_signs_in_through_the_provider_and_goes_on_where_they_were(
    site: ASite, visits: Visits, origin: str, issuer: str, script: bool
) -> None:
    await set_rules(site, hold_words=["swindle"])
    await a_comment(await a_thread(site), "A swindle.", name="Ada")
    page = await visits.begin(script=script)
    await page.goto(f"{origin}/desk/{site.slug}/queue?tab=pending&q=swindle")
    if script:
        await check(page, "sign-in-provider")
    await choose(page, "maria")
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    await expect(page).to_have_url(f"{origin}/desk/{site.slug}/queue?tab=pending&q=swindle")
    await end_all_sessions(page)
    await page.locator("summary.reject").click()
    await page.get_by_label("Note for the log").fill("Rude.")
    await page.get_by_role("button", name="Reject").last.click()
    await choose(page, "maria")
    await expect(page.get_by_text("Rude.")).to_be_visible()
    await page.get_by_role("button", name="Send again").click()
    await expect(page).to_have_url(re.compile("action=reject"))
    decided = (await site.call("GET", "/decisions?limit=1", by="moderator")).json()["decisions"][0]
    assert (decided["note"], decided["decided_by"]["name"]) == ("Rude.", "Maria")
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("link", name=re.compile("too$")).click()
    await page.get_by_role("button", name="End session").click()
    await expect(page).to_have_url(f"{origin}/desk/{site.slug}/sign-in")


async def test_somebody_without_a_role_is_refused(site: ASite, visits: Visits, origin: str, issuer: str) -> None:
    page = await visits.begin()
    await page.goto(f"{origin}/desk/{site.slug}/queue")
    await choose(page, "otto")
    await expect(page.get_by_text("This account may not moderate here.")).to_be_visible()
    await check(page, "no-role")


def changing(name: str) -> Callable[[Route], Awaitable[None]]:
    """Change a parameter of the address that leads to the provider."""

    async def change(route: Route) -> None:
        response = await route.fetch()
        body = re.sub(rf"\b{name}=[^&]*", f"{name}=of-another", await response.text())
        assert "of-another" in body
        await route.fulfill(response=response, body=body)

    return change


async def test_a_nonce_or_client_of_another_sign_in_is_refused(
    site: ASite, visits: Visits, origin: str, issuer: str
) -> None:
    for name in ("nonce", "client_id"):
        page = await visits.begin()
        await page.route("**/sign-in/oidc", changing(name))
        await page.goto(f"{origin}/desk/{site.slug}/queue")
        await choose(page, "maria")
        await expect(page.get_by_text("did not sign you in")).to_be_visible()
        await expect(page.get_by_role("button", name="Sign out")).to_have_count(0)


async def test_a_provider_that_is_down_has_a_clear_page(site: ASite, visits: Visits, origin: str) -> None:
    async with a_real_provider(*USERS) as issuer:
        await site.set(oidc_issuer=issuer, oidc_client_id="onereply-desk", oidc_roles=ROLES)
    page = await visits.begin()
    await page.goto(f"{origin}/desk/{site.slug}/queue")
    await page.get_by_role("button", name=re.compile("Sign in with")).click()
    await expect(page.get_by_text("can’t be reached now")).to_be_visible()
    await check(page, "provider-down")


async def test_a_cms_frames_the_desk_and_signs_its_user_in(site: ASite, visits: Visits, origin: str) -> None:
    await share_secret(site, SECRET)
    await set_rules(site, hold_words=["swindle"])
    await a_comment(await a_thread(site), "A swindle.", name="Ada")
    desk = f"{origin.replace('127.0.0.1', 'localhost')}/desk/{site.slug}"
    now = int(clock.now().timestamp())
    claims: Json = {"sub": "7", "name": "Maria", "role": "moderator", "jti": "1", "exp": now + 60}
    token = a_token(f"{site.slug}/desk", **claims)

    async def cms(_: Request) -> HTMLResponse:
        return HTMLResponse(
            "<!doctype html><title>CMS</title><iframe name=desk title=Comments width=1000 height=700></iframe>"
            f"<form method=post action='{desk}/sign-in/token' target=desk>"
            f"<input type=hidden name=token value='{token}'><button>Comments</button></form>"
        )

    async with serving(Starlette(routes=[AppRoute("/", cms)])) as port:
        page = await visits.begin()
        visits.origins |= {f"http://127.0.0.1:{port}", origin.replace("127.0.0.1", "localhost")}
        await site.set(desk_frame_origins=f"http://127.0.0.1:{port}")
        await page.goto(f"http://127.0.0.1:{port}/")
        await page.get_by_role("button", name="Comments").click()
        frame = page.frame_locator("iframe")
        await expect(frame.get_by_role("button", name="Sign out")).to_be_visible()
        await frame.locator(".card").get_by_role("button", name="Publish").click()
        await expect(frame.locator(".card.done")).to_have_count(1)
        await photograph(page, "desk-framed")
        cookies = await page.context.cookies()
        [session] = [each for each in cookies if each.get("name") == "onereply-desk"]
        assert (session.get("sameSite"), session.get("secure")) == ("None", True)
        assert visits.faults == []
        await site.set(desk_frame_origins=None)
        await page.reload()
        async with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
            await page.get_by_role("button", name="Comments").click()
    visits.faults.clear()  # the refusal to frame
