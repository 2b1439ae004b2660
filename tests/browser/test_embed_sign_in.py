"""Where a reader must sign in to post, the embed leads to the host's sign-in page, in the host's own way."""

import pytest
from playwright.async_api import expect

from tests.browser.a_browser import Visits
from tests.browser.a_host_page import AHost, events_of, the_embed
from tests.browser.page_checks import photograph
from tests.builders import ASite, a_thread
from tests.platform.access.a_host import SECRET, a_token, share_secret

pytestmark = pytest.mark.slow
PREVENT = "addEventListener('onereply:sign-in', (event) => event.preventDefault())"


async def test_the_link_returns_to_the_page_and_the_host_may_open_a_dialog_instead(
    site: ASite, host: AHost, visits: Visits
) -> None:
    await share_secret(site, SECRET)
    settings = {"sign_in_url": f"{host.origin}/login?next={{return_url}}", "cors_origins": host.origin}
    await site.set(who_may_post="signed-in", **settings)
    thread, page = await a_thread(site), await visits.begin()
    url = host.write(the_embed(thread))
    await page.goto(url)
    link = page.get_by_role("link", name="Sign in to comment.")
    await expect(link).to_be_visible()
    await expect(page.get_by_label("Your reply")).to_have_count(0)
    await photograph(page, "embed-sign-in")
    await page.evaluate(PREVENT)
    await link.click()
    [detail] = await events_of(page, "sign-in")
    expected = f"{host.origin}/login?next={url.replace(':', '%3A').replace('/', '%2F')}"
    assert (page.url, detail) == (url, {"url": expected})
    await page.evaluate(f"document.querySelector('comment-thread').setAttribute('token', '{a_token(site.slug)}')")
    await expect(page.get_by_label("Your reply")).to_be_visible()
    await expect(link).to_have_count(0)


async def test_without_a_listener_the_link_is_followed(site: ASite, host: AHost, visits: Visits) -> None:
    sign_in_page = host.write("<h2>Log in</h2>")
    await site.set(who_may_post="signed-in", sign_in_url=sign_in_page, cors_origins=host.origin)
    page = await visits.begin()
    await page.goto(host.write(the_embed(await a_thread(site))))
    await page.get_by_role("link", name="Sign in to comment.").click()
    await page.wait_for_url(sign_in_page)


async def test_the_hosts_own_content_takes_the_place_of_the_line(site: ASite, host: AHost, visits: Visits) -> None:
    await site.set(who_may_post="signed-in", cors_origins=host.origin)
    page = await visits.begin()
    own = '<button slot="sign-in">Members only: log in</button>'
    await page.goto(host.write(the_embed(await a_thread(site), content=own)))
    await expect(page.locator(".heading")).to_be_visible()
    await expect(page.get_by_role("button", name="Members only: log in")).to_be_visible()
    await expect(page.get_by_text("Sign in to comment.")).to_be_hidden()
