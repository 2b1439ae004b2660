"""A One Reply service and a WordPress site that are connected in both directions, and browsers that visit them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from playwright.async_api import Browser, BrowserContext, Page

from tests.browser.a_browser import WIDE, Size, a_browser
from tests.contract.a_real_service import onereply
from tests.host.a_wagtail_site import until
from tests.host.a_wordpress_site import EDITOR, PASSWORD, WordPressSite, a_wordpress_site
from tests.promises.service_process import Server, serving

ARTICLES, ENDPOINT = "whsec_" + "A" * 32, "whsec_" + "B" * 32
TOKEN_SECRET = "a secret that the two sites share for tests"
PHONE = (390, 844)


@dataclass(frozen=True)
class JoinedWordPress:
    """The site, the service with the header of an admin's key, and a browser whose user is logged in to WordPress."""

    wordpress: WordPressSite
    server: Server
    database_url: str
    client: httpx2.AsyncClient
    key: dict[str, str]
    browser: Browser
    admin: BrowserContext

    async def read(self, post: int) -> Any:
        """The thread of a post, as readers see it."""
        return (await self.client.get(f"threads/{post}")).raise_for_status().json()

    async def answers(self, post: int, status: int) -> None:
        """Wait until readers get ``status`` for the thread of a post."""

        async def look() -> int:
            return (await self.client.get(f"threads/{post}")).status_code

        await until(look, lambda seen: seen == status)

    async def switch_is(self, post: int, status: str) -> None:
        """Wait until “Allow comments” of a post is ``status``."""
        code = f"return get_post({post})->comment_status;"
        await until(lambda: self.wordpress.php(code), lambda seen: bool(seen == status))

    async def has(self, post: int, **members: Any) -> None:
        """Wait until the thread of a post has these members."""

        async def look() -> Any:
            return (await self.client.get(f"threads/{post}")).json()

        await until(look, lambda thread: all(thread.get(name) == value for name, value in members.items()))

    async def comment(self, post: int, body: str, name: str = "Ada") -> Any:
        """Post a reader's comment."""
        answer = await self.client.post(f"threads/{post}/comments", json={"author": {"name": name}, "body": body})
        assert answer.status_code in {201, 202}, answer.text
        return answer.json()["comment"]

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call One Reply with an admin's key."""
        answer = await self.client.request(method, path, json=body, headers=self.key)
        return answer.raise_for_status().json() if answer.content else None

    async def visit(self, path: str, *, size: Size = WIDE) -> Page:
        """Open a page of the site as a reader."""
        context = await self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce"
        )
        page = await context.new_page()
        page.set_default_timeout(15_000)
        await page.goto(self.wordpress.url + path)
        return page

    async def visit_admin(self, path: str) -> Page:
        """Open a page of the admin as the editor."""
        page = await self.admin.new_page()
        page.set_default_timeout(20_000)
        await page.goto(f"{self.wordpress.url}/wp-admin/{path}")
        return page

    async def command(self, *arguments: str, typed: str = "") -> str:
        """Run a command of One Reply."""
        return await asyncio.to_thread(onereply, self.database_url, *arguments, typed=typed)


@asynccontextmanager
async def joined_wordpress(folder: Path) -> AsyncIterator[JoinedWordPress]:
    """Start both sites in ``folder`` and connect them, as the guide “WordPress” says."""
    database_url = f"sqlite:///{folder}/onereply.db"
    setting_up = asyncio.create_task(asyncio.to_thread(_set_up, database_url))  # meanwhile WordPress starts
    async with a_wordpress_site(folder) as wordpress, a_browser() as browser:
        key = await setting_up
        await asyncio.to_thread(onereply, database_url, "site", "set", "gazette", f"cors_origins={wordpress.url}")
        async with serving(database_url, webhooks_allow_private="true") as server, server.client() as client:
            base_url = str(client.base_url).rstrip("/")
            client.base_url = client.base_url.join("/v1/sites/gazette/")
            endpoint = {"url": f"{wordpress.url}/wp-json/onereply/v1/webhooks", "secret": ENDPOINT}
            (await client.post("endpoints", json=endpoint, headers=key)).raise_for_status()
            # Without rules: a test fills in the form faster than readers do.
            (await client.put("rules", json={}, headers=key)).raise_for_status()
            admin = await browser.new_context(viewport={"width": 1200, "height": 900}, reduced_motion="reduce")
            joined = JoinedWordPress(wordpress, server, database_url, client, key, browser, admin)
            await _log_in(joined)
            await _connect(joined, base_url)
            yield joined


def _set_up(database_url: str) -> dict[str, str]:
    """Migrate, add the site and its secrets; return the header with an admin's key."""
    onereply(database_url, "migrate")
    onereply(database_url, "site", "add", "gazette", "--name", "The Gazette")
    for name, secret in (("article-webhooks", ARTICLES), ("host-token", TOKEN_SECRET)):
        onereply(database_url, "site", "secret", "gazette", name, "--set", typed=secret)
    return {"Authorization": f"Bearer {onereply(database_url, 'key', 'add', 'gazette', '--role', 'admin')}"}


async def _log_in(joined: JoinedWordPress) -> None:
    page = await joined.admin.new_page()
    await page.goto(f"{joined.wordpress.url}/wp-login.php")
    await page.get_by_label("Username or Email Address").fill(EDITOR)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Log In").click()
    await page.wait_for_url("**/wp-admin/**")
    await page.close()


async def _connect(joined: JoinedWordPress, base_url: str) -> None:
    """Fill in the settings page, save and check the connection."""
    page = await joined.visit_admin("options-general.php?page=onereply")
    await page.get_by_label("Base URL").fill(base_url)
    await page.get_by_label("Site", exact=True).fill("gazette")
    await page.get_by_label("Article secret").fill(ARTICLES)
    await page.get_by_label("Webhook secret").fill(ENDPOINT)
    await page.get_by_label("Token secret").fill(TOKEN_SECRET)
    await page.get_by_role("button", name="Save Changes").click()
    await page.get_by_text("Settings saved.").wait_for()
    await page.get_by_role("button", name="Check the connection").click()
    await page.get_by_text("One Reply answers, and the secrets are right.").wait_for()
    await page.close()
