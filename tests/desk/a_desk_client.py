"""A signed-in moderator who calls the desk by HTTP, as a browser without JavaScript would."""

import re
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urlencode

import httpx2

from service.desk.frame.csrf_tokens import FIELD, make_csrf_token
from service.desk.sign_in.session_cookie import COOKIE
from service.platform.access.moderator_accounts import ModeratorRole
from service.platform.sites.sections import Sections
from tests.builders import ASite, a_session, client_of

PARTIAL = {"HX-Request": "true"}  # a script asks for a part of the page


@dataclass
class ADesk:
    """The desk of a site; ``token`` is that of the moderator's session."""

    site: ASite
    client: httpx2.AsyncClient
    token: str

    def path(self, path: str) -> str:
        """The path of a page of this desk."""
        return path if path.startswith("/") else f"/desk/{self.site.slug}/{path}"

    async def get(self, path: str, **given: Any) -> httpx2.Response:
        """Get a page."""
        return await self.client.get(self.path(path), **given)

    async def send(self, path: str, fields: Any = (), *, csrf: str | None = None, **given: Any) -> httpx2.Response:
        """Post a form: ``fields`` by name, or pairs; with a valid CSRF token unless ``csrf`` is another."""
        pairs = [*(fields.items() if isinstance(fields, dict) else fields)]
        pairs.append((FIELD, make_csrf_token(self.token) if csrf is None else csrf))
        headers = {"Content-Type": "application/x-www-form-urlencoded", **given.pop("headers", {})}
        return await self.client.post(self.path(path), content=urlencode(pairs), headers=headers, **given)

    async def follow(self, response: httpx2.Response) -> httpx2.Response:
        """Go on to the page to which a form leads."""
        assert response.status_code == 303, response.text
        return await self.client.get(response.headers["location"])


async def sign_in(
    site: ASite, name: str = "Maria", *, role: ModeratorRole = "moderator", sections: Sections = None
) -> ADesk:
    """Add a moderator and sign them in."""
    return desk_of(site, await a_session(site, name, role=role, sections=sections))


def desk_of(site: ASite, token: str) -> ADesk:
    """The desk of ``site`` for the session ``token``."""
    client = client_of(site.app)
    client.cookies.set(COOKIE, token)
    return ADesk(site, client, token)


def text_of(response: httpx2.Response) -> str:
    """The words of a page, without markup, in one line."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", response.text, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())
