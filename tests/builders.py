"""Builders for tests, with good defaults: a site, a thread, a comment; and a fixed clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Literal
from urllib.parse import quote
from uuid import uuid4

import httpx2
from argon2 import PasswordHasher

from service.app import App
from service.conversation.comments.fingerprint_retention import FingerprintRetention
from service.platform.access.api_keys import add_key
from service.platform.access.gate import Gate
from service.platform.access.moderator_accounts import ModeratorRole, add_moderator
from service.platform.access.passwords import Passwords
from service.platform.access.sessions import begin_session
from service.platform.sites.edit_site import add_site, change_site, find_site
from service.platform.sites.sections import Sections
from service.platform.sites.site_settings import SiteSettings
from service.platform.storage.engine import Database
from service.worker import sweep

REFERENCE_TITLE = "Moscow conference calls for global counterterrorism dialogue"

Json = dict[str, Any]
_numbers = count(1)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def move(self, **by: float) -> None:
        """Move the clock forward; the arguments are those of ``timedelta``."""
        self.instant += timedelta(**by)


@dataclass
class ASite:
    """A site, and a client that calls it as different callers."""

    app: App
    slug: str
    keys: dict[str, str]
    client: httpx2.AsyncClient

    async def call(
        self, method: str, path: str, *, by: str | None = None, headers: Json | None = None, **given: Any
    ) -> httpx2.Response:
        """Call ``path`` below the site as ``by``: a role with a key, a token, or None."""
        sent = dict(headers or {})
        if by:
            sent["Authorization"] = f"Bearer {self.keys.get(by, by)}"
        return await self.client.request(method, f"/v1/sites/{self.slug}{path}", headers=sent, **given)

    def at(self, app: App) -> "ASite":
        """The same site, served by another app on the same database."""
        return ASite(app, self.slug, self.keys, client_of(app))

    async def sweep(self) -> None:
        """Run the background sweep once."""
        database: Database = self.app.state.database
        await sweep(database, FingerprintRetention(database))

    async def set(self, **settings: Any) -> None:
        """Change the site's settings."""
        gate: Gate = self.app.state.gate
        async with self.app.state.database.write() as connection:
            site = await find_site(connection, self.slug)
            await change_site(connection, site, name=None, locale=None, settings=SiteSettings(**settings))
        gate.sites.evict(self.slug)


@asynccontextmanager
async def a_site(app: App, *, locale: str = "en", **settings: Any) -> AsyncIterator[ASite]:
    """A new site with a key of each role."""
    slug = f"site-{uuid4().hex[:12]}"
    async with app.state.database.write() as connection:
        site = await add_site(connection, slug, name="The Gazette", locale=locale, settings=SiteSettings(**settings))
        keys = {role: await add_key(connection, site.id, role) for role in ("host", "moderator", "admin")}
    async with client_of(app) as client:
        yield ASite(app, slug, keys, client)


def client_of(app: App) -> httpx2.AsyncClient:
    """A client that calls ``app`` within this process."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://onereply.test")


PASSWORD = "nine trams to the depot"


def cheap_passwords() -> Passwords:
    """A password hasher with a thousandth of the usual cost."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


async def a_moderator(
    site: ASite, name: str = "Maria", *, role: ModeratorRole = "moderator", sections: Sections = None
) -> str:
    """Add a moderator with :data:`PASSWORD`; return the id."""
    gate: Gate = site.app.state.gate
    password_hash = await gate.passwords.hash(PASSWORD)
    async with site.app.state.database.write() as connection:
        found = await find_site(connection, site.slug)
        return await add_moderator(
            connection, found.id, name, role=role, sections=sections, password_hash=password_hash
        )


async def a_session(
    site: ASite, name: str = "Maria", *, role: ModeratorRole = "moderator", sections: Sections = None
) -> str:
    """Add a moderator and create a session; return its token."""
    moderator_id = await a_moderator(site, name, role=role, sections=sections)
    async with site.app.state.database.write() as connection:
        return await begin_session(connection, moderator_id)


async def try_log_in(site: ASite, name: str = "Maria", password: str = PASSWORD) -> httpx2.Response:
    """Log in; return the response."""
    return await site.call("POST", "/sessions", json={"name": name, "password": password})


@dataclass
class AThread:
    """A registered article."""

    site: ASite
    article: str
    registered: Json = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/threads/{quote(self.article, safe='')}"

    async def read(self, *, by: str | None = None, **headers: str) -> Json:
        """The thread as it is now."""
        response = await self.site.call("GET", self.path, by=by, headers=headers)
        assert response.status_code == 200, response.text
        found: Json = response.json()
        return found

    async def close(self, **body: Any) -> httpx2.Response:
        return await self.site.call("POST", f"{self.path}/close", by="host", json=body)

    async def reopen(self, **body: Any) -> httpx2.Response:
        return await self.site.call("POST", f"{self.path}/reopen", by="host", json=body)

    async def post(
        self,
        body: str = "Well said.",
        *,
        name: str = "Ada",
        below: str | None = None,
        by: str | None = None,
        key: str | None = None,
        **author: Any,
    ) -> httpx2.Response:
        """Post a reply, to the comment whose id is ``below`` or to the article."""
        post: Json = {"body": body, "author": {"name": name, **author}}
        if below:
            post["parent_id"] = below
        headers = {"Idempotency-Key": key} if key else {}
        return await self.site.call("POST", f"{self.path}/comments", by=by, json=post, headers=headers)

    async def page(self, *, by: str | None = None, **query: Any) -> Json:
        """A page of the thread's comments."""
        response = await self.site.call("GET", f"{self.path}/comments", by=by, params=query)
        assert response.status_code == 200, response.text
        page: Json = response.json()
        return page

    async def pages(self, *, by: str | None = None, limit: int = 50, order: str = "oldest") -> list[Json]:
        """All comments that whoever asks meets by paging to the end."""
        comments: list[Json] = []
        page: Json = {"next": ""}
        while page["next"] is not None:
            more = {"cursor": page["next"]} if page["next"] else {}
            page = await self.page(by=by, limit=limit, order=order, **more)
            comments += page["comments"]
        return comments


async def a_thread(site: ASite, *, article: str | None = None, closed: bool = False, **fields: Any) -> AThread:
    """A registered article, open unless ``closed``."""
    article = article or f"article-{next(_numbers)}"
    thread = AThread(site, article)
    body = {"title": REFERENCE_TITLE, **fields}
    response = await site.call("PUT", thread.path, by="host", json=body)
    assert response.status_code == 201, response.text
    thread.registered = response.json()
    if closed:
        assert (await thread.close()).status_code == 200
    return thread


async def a_comment(thread: AThread, body: str = "Well said.", **given: Any) -> Json:
    """Post a comment that is accepted; return its ``comment``, ``thread`` and ``author_token``."""
    response = await thread.post(body, **given)
    assert response.status_code in {201, 202}, response.text
    posted: Json = response.json()
    return posted


Action = Literal["publish", "hold", "reject", "spam", "delete", "restore", "feature", "unfeature", "undo"]


async def decide(
    site: ASite, action: Action, *comments: Json, reason: str | None = None, note: str | None = None
) -> list[Json]:
    """Decide on comments at their last read revision; return the results."""
    decided = [{"id": comment["id"], "revision": comment["revision"]} for comment in comments]
    body = {"action": action, "comments": decided, "reason": reason, "note": note}
    response = await site.call("POST", "/decisions", by="moderator", json=body)
    assert response.status_code == 200, response.text
    results: list[Json] = response.json()["results"]
    return results


async def events_of(site: ASite, *, after: int = 0) -> list[Json]:
    """The site's events after a position."""
    response = await site.call("GET", f"/events?after={after}&limit=1000", by="host")
    assert response.status_code == 200, response.text
    events: list[Json] = response.json()["events"]
    return events


async def set_rules(site: ASite, **rules: Any) -> None:
    """Set the site's rules."""
    response = await site.call("PUT", "/rules", by="moderator", json=rules)
    assert response.status_code == 200, response.text


async def found_in(site: ASite, comment: Json) -> list[str]:
    """The rules of a comment's findings."""
    response = await site.call("GET", f"/comments/{comment['id']}", by="moderator")
    assert response.status_code == 200, response.text
    return [finding["rule"] for finding in response.json()["comment"]["findings"]]
