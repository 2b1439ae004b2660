"""A browser without JavaScript at the desk: it keeps cookies, and sends forms with the fields that the page holds."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urlencode

import httpx2

from tests.builders import PASSWORD, ASite, client_of

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
Pairs = Iterable[tuple[str, str]]


@dataclass
class AVisitor:
    """Somebody at the desk of a site."""

    site: ASite
    client: httpx2.AsyncClient

    def path(self, path: str) -> str:
        """The path of a page of this desk."""
        return path if path.startswith("/") else f"/desk/{self.site.slug}/{path}"

    async def get(self, path: str, **given: Any) -> httpx2.Response:
        return await self.client.get(self.path(path), **given)

    async def send(self, path: str, fields: Pairs, *, headers: dict[str, str] | None = None) -> httpx2.Response:
        content = urlencode([*fields])
        return await self.client.post(self.path(path), content=content, headers=FORM | (headers or {}))

    async def sign_in(
        self, page: httpx2.Response | None = None, *, name: str = "Maria", password: str = PASSWORD
    ) -> httpx2.Response:
        """Send name and password, from ``page`` or the page to sign in."""
        page = page or await self.get("sign-in")
        return await self.send("sign-in", [("name", name), ("password", password), *hidden(page)])

    async def send_code(self, page: httpx2.Response, code: str) -> httpx2.Response:
        """Send the code that ``page`` asks for."""
        return await self.send("sign-in/code", [("code", code), *hidden(page)])

    async def send_again(self, page: httpx2.Response) -> httpx2.Response:
        """Send the form that waited for the sign-in."""
        [action] = re.findall(r'<form class="stacked" method="post" action="([^"]*)"', page.text)
        return await self.send(unescape(action), hidden(page))


def a_visitor(site: ASite) -> AVisitor:
    """A browser without cookies."""
    return AVisitor(site, client_of(site.app))


def hidden(page: httpx2.Response) -> list[tuple[str, str]]:
    """The hidden fields of the page's forms, in their order."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text)
    return [(unescape(name), unescape(value)) for name, value in found]
