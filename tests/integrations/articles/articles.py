"""A host that signs and sends article events."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx2
import msgspec

from service.platform import clock
from service.platform.outbound.webhook_signatures import Signer
from service.platform.sites.edit_site import find_site
from service.platform.sites.site_secrets import set_secret
from tests.builders import ASite, Json
from tests.conftest import SECRET_KEY

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSBob3N0IGFuZCB0aGlzIHNpdGU="
PATH = "/webhooks/articles"
_numbers = count(1)


async def share_webhook_secret(site: ASite, secret: str = SECRET) -> None:
    """Store the host's article secret at the site."""
    async with site.app.state.database.write() as connection:
        found = await find_site(connection, site.slug)
        await set_secret(connection, found, "article-webhooks", secret, secret_key=SECRET_KEY)
    site.app.state.gate.sites.evict(site.slug)


def signed(
    body: bytes, *, message_id: str | None = None, at: datetime | None = None, secret: str = SECRET
) -> dict[str, str]:
    """The headers of a message sent at ``at``, by default now."""
    message_id = message_id or f"msg_{next(_numbers)}"
    return {"content-type": "application/json", **Signer(secret).headers(message_id, at or clock.now(), body)}


def article_event(kind: str, article: str = "a", *, at: str | None = None, **data: Any) -> Json:
    """An article event at ``at``, by default now."""
    timestamp = at or clock.now().astimezone(UTC).isoformat()
    return {"type": f"article.{kind}", "timestamp": timestamp, "data": {"article": article, **data}}


async def send(site: ASite, body: Json | bytes, **given: Any) -> httpx2.Response:
    """Send a message, given as JSON or as bytes."""
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    headers = given.pop("headers", None) or signed(content, **given)
    return await site.call("POST", PATH, content=content, headers=headers)


async def send_event(
    site: ASite, kind: str, article: str = "a", *, at: str | None = None, **data: Any
) -> httpx2.Response:
    """Send an article event, which must be accepted."""
    response = await send(site, article_event(kind, article, at=at, **data))
    assert response.status_code in {200, 204}, response.text
    return response
