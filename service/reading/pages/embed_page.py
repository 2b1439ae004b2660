"""A demonstration of the embed: a page that loads it as a host's page does, with the code to copy."""

from starlette.requests import Request
from starlette.responses import Response

from service.conversation.threads.thread_lookup import find_thread, require_visible
from service.conversation.threads.wire import thread_out
from service.platform import clock
from service.platform.access.caller import Caller
from service.platform.http.app_state import database_of
from service.platform.http.base_path import base_path_of
from service.platform.http.base_url import base_url_of
from service.platform.http.path_ids import article_of
from service.platform.http.request_origin import locale_of
from service.reading.pages.templates_engine import page
from service.reading.pages.thread_view import page_path

# The strictest policy under which the embed works on a host's page.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'self'; require-trusted-types-for 'script'; trusted-types onereply"
)


async def get_embed_page(request: Request, caller: Caller) -> Response:
    """Send a page that shows an article's thread with the embed."""
    locale, now, article = locale_of(request, caller), clock.now(), article_of(request)
    async with database_of(request).read() as connection:
        thread = require_visible(await find_thread(connection, caller.site.id, article), to_staff=False, now=now)
    return page(
        "embed.html",
        base_path=base_path_of(request),
        locale=locale,
        headers={"content-security-policy": POLICY, "cache-control": "no-cache", "vary": "Accept-Language"},
        thread=thread_out(thread, caller.site, locale=locale, now=now),
        site=caller.site.slug,
        origin=base_url_of(request),
        path=page_path(caller.site, thread.article),
    )
