"""The index page: the demo site's threads, or a message that the service is running."""

from starlette.requests import Request
from starlette.responses import Response

from service.conversation.threads.thread_list import list_threads
from service.conversation.threads.wire import ThreadOut, thread_out
from service.platform import clock
from service.platform.http.app_state import database_of, gate_of
from service.platform.http.base_path import base_path_of
from service.platform.languages.messages import negotiate
from service.platform.problems import NotFound
from service.reading.pages.templates_engine import page

DEMO = "demo"


async def get_index(request: Request) -> Response:
    """Send the demo site's threads; threads of other sites are never listed."""
    threads: list[ThreadOut] = []
    name, locale = "One Reply", negotiate(request.headers.get("accept-language"), site_locale="en")
    try:
        site = await gate_of(request).sites.find(DEMO)
    except NotFound:
        pass
    else:
        now, name = clock.now(), site.name
        async with database_of(request).read() as connection:
            found = await list_threads(
                connection, site, state=None, sections=None, changed_since=None, after=0, limit=50, now=now
            )
        threads = [thread_out(thread, site, locale=locale, now=now) for thread in found if not thread.is_hidden(now)]
    headers = {"cache-control": "no-cache", "vary": "Accept-Language"}
    return page(
        "index.html",
        base_path=base_path_of(request),
        locale=locale,
        headers=headers,
        title=name,
        site=DEMO,
        threads=threads,
    )
