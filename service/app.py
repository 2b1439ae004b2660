"""The ASGI app: settings in, app out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from service import settings as settings_of
from service.conversation.comments.akismet_check import AkismetCheck
from service.conversation.comments.group_commit import GroupCommit
from service.conversation.comments.site_spam_models import SiteSpamModels
from service.conversation.screening.akismet import Akismet
from service.integrations.endpoints.endpoint_clients import EndpointClients
from service.integrations.endpoints.endpoint_secrets import EndpointSecrets
from service.platform.access.api_keys import Keys
from service.platform.access.author_tokens import AuthorTokens
from service.platform.access.authorize import Gate
from service.platform.access.fingerprints import Fingerprints
from service.platform.access.host_tokens import HostTokens
from service.platform.access.jwks import KeySets
from service.platform.access.passwords import Passwords
from service.platform.access.rate_limits import RateLimits
from service.platform.access.sessions import Sessions
from service.platform.http.problem_responses import answer_problem, locale_asked, problem_response
from service.platform.http.raw_routes import allowed_methods
from service.platform.http.request_log import RequestLog, set_up_log
from service.platform.outbound.safe_client import Targets
from service.platform.problems import Busy, MethodNotAllowed, NotFound, Problem
from service.platform.sites.site_lookup import Sites
from service.platform.sites.site_secrets import Secrets
from service.platform.storage.engine import TIME_LIMIT_SECONDS, Database
from service.reading.cache.invalidation import LogCursor
from service.reading.cache.response_cache import ResponseCache
from service.reading.pages.form_timestamps import FormTimestamps
from service.reading.pages.page_sessions import problem_page
from service.reading.streams.log_follower import LogFollower
from service.routes import routes
from service.settings import Settings
from service.worker import collect_seldom, delivering, sweep_for_ever


def from_environment() -> Starlette:
    """Create the app of a worker process from the environment's settings."""
    settings = settings_of.load()
    set_up_log(style=settings.log_format, level=settings.log_level)
    app = create_app(settings)
    collect_seldom()
    return app


def create_app(settings: Settings, *, passwords: Passwords | None = None) -> Starlette:
    """Create an app for the database in ``settings``; its lifespan runs the sweep and finishes work in flight.

    ``passwords`` replaces the password hasher, so that tests can use a cheaper one.
    """
    database = Database(
        settings.database_url,
        read_connections=settings.read_connections,
        time_limit=TIME_LIMIT_SECONDS,
        slow_statement_seconds=settings.slow_statement_seconds,
    )
    keys, sessions = Keys(database), Sessions(database)
    group = GroupCommit(database)
    secrets = Secrets(database, settings.secret_key)
    akismet_key = partial(secrets.find, name="akismet-key")
    asking = AkismetCheck(database, Akismet(settings.akismet_url), find_key=akismet_key)
    following = LogFollower(database, max_streams=settings.max_streams)
    webhooks = EndpointClients(
        EndpointSecrets(settings.secret_key), Targets(allow_private=settings.webhooks_allow_private)
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(sweep_for_ever(database, keys, sessions, every_seconds=settings.sweep_seconds))
        delivers = delivering(database, webhooks, settings) if settings.serving_delivers() else nullcontext()
        try:
            async with delivers:
                yield
        finally:
            await following.close()
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping
            await group.finish()
            await asking.close()
            with suppress(Busy):  # a lost last-used time must not prevent the shutdown
                await keys.note_uses()
                await sessions.note_seen()
            await database.close()

    app = Starlette(
        routes=routes(),
        middleware=[*_behind(settings.proxies()), Middleware(RequestLog)],
        exception_handlers={
            Problem: answer_problem,
            HTTPException: _answer_http_exception,
        },
        lifespan=lifespan,
    )
    app.state.database = database
    targets = Targets(allow_private=settings.allow_private_targets)
    app.state.doorkeeper = Gate(
        sites=Sites(database),
        keys=keys,
        tokens=AuthorTokens(settings.secret_key),
        host_tokens=HostTokens(secrets, KeySets(targets), secret_key=settings.secret_key),
        limits=RateLimits(),
        marks=Fingerprints(settings.secret_key),
        sessions=sessions,
        passwords=passwords or Passwords(),
    )
    app.state.targets = targets
    app.state.webhooks = webhooks
    app.state.secrets = secrets
    app.state.base_url = settings.base_url
    app.state.metrics_key = settings.metrics_key
    app.state.asking = asking
    app.state.group = group
    app.state.stamps = FormTimestamps(settings.secret_key)
    app.state.classifiers = SiteSpamModels(database)
    app.state.following = following
    app.state.answers = ResponseCache(LogCursor(database))
    return app


def _behind(proxies: list[str]) -> list[Middleware]:
    """The middleware that reads the client's address from ``X-Forwarded-For``, for requests through ``proxies``."""
    return [Middleware(ProxyHeadersMiddleware, trusted_hosts=proxies)] if proxies else []


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    """Answer the router's own errors: 404, and 405 with every method of the path in ``Allow``.

    Starlette's own 405 lists only the methods of the first route of that path.
    """
    assert isinstance(error, HTTPException)
    problem: Problem = NotFound()
    if error.status_code == 405:
        problem = MethodNotAllowed()
        problem.headers["allow"] = ", ".join(allowed_methods(request.app.routes, request.scope))
    is_for_people = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1/")
    return problem_page(request, problem) if is_for_people else problem_response(problem, locale_asked(request.scope))
