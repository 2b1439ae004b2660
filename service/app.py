"""The ASGI app: settings in, app out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import partial

from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from service import settings as settings_of
from service.conversation.comments.akismet_check import AkismetCheck
from service.conversation.comments.group_commit import GroupCommit
from service.conversation.comments.idempotency_keys import DerivedKeys
from service.conversation.comments.remote_checks import RemoteChecks
from service.conversation.comments.screening_webhook import ScreeningWebhook
from service.conversation.comments.site_spam_models import SiteSpamModels
from service.conversation.comments.staff import StaffNames
from service.conversation.screening.akismet import Akismet
from service.conversation.threads.article_sections import ArticleSections
from service.desk.frame.site_figures import DeskState, SiteFigures
from service.integrations.endpoints.endpoint_clients import EndpointClients
from service.integrations.endpoints.endpoint_secrets import EndpointSecrets
from service.moderation.reports.sealed_words import report_seal
from service.platform.access.api_keys import Keys
from service.platform.access.author_tokens import AuthorTokens
from service.platform.access.device_cookies import DeviceCookies
from service.platform.access.fingerprints import Fingerprints
from service.platform.access.gate import Gate
from service.platform.access.host_tokens import HostTokens
from service.platform.access.jwks import KeySets
from service.platform.access.oidc_provider import OidcProviders
from service.platform.access.passwords import Passwords
from service.platform.access.rate_limits import RateLimits
from service.platform.access.second_factors import SecondFactors
from service.platform.access.sessions import Sessions
from service.platform.background import running
from service.platform.http.app_state import ServiceApp
from service.platform.http.base_path import BasePath
from service.platform.http.problem_responses import answer_problem
from service.platform.http.raw_routes import allowed_methods
from service.platform.http.request_log import RequestLog, set_up_log
from service.platform.http.trusted_proxies import TrustedProxies
from service.platform.outbound.safe_client import Targets
from service.platform.problems import Busy, MethodNotAllowed, NotFound, Problem
from service.platform.sites.site_lookup import Sites
from service.platform.sites.site_secrets import Secrets
from service.platform.storage.engine import TIME_LIMIT_SECONDS, Database
from service.platform.storage.seal import Seal
from service.reading.cache.hot_responses import HotReads, HotResponses
from service.reading.cache.invalidation import LogCursor
from service.reading.cache.response_cache import ResponseCache
from service.reading.pages.form_timestamps import FormTimestamps
from service.reading.pages.page_sessions import problem_page
from service.reading.streams.log_follower import LogFollower
from service.routes import routes
from service.settings import Settings
from service.worker import run_deliverer, sweep_forever, tune_garbage_collection

App = ServiceApp[DeskState]


def from_environment() -> App:
    """Create the app of a worker process from the environment's settings."""
    settings = settings_of.load()
    set_up_log(style=settings.log_format, level=settings.log_level)
    app = create_app(settings)
    tune_garbage_collection()
    return app


def create_app(settings: Settings, *, passwords: Passwords | None = None) -> App:
    """Create an app for the database in ``settings``; its lifespan runs the sweep and finishes work in flight.

    ``passwords`` replaces the password hasher, so that tests can use a cheaper one.
    """
    state = make_state(settings, passwords or Passwords())
    return ServiceApp(
        state,
        routes=routes(),
        middleware=_middleware(settings, state),
        exception_handlers={Problem: _answer_problem, HTTPException: _answer_http_exception},
        lifespan=partial(_lifespan, state, settings),
    )


def make_state(settings: Settings, passwords: Passwords) -> DeskState:
    """Open the database and create everything that the handlers use."""
    database = Database(
        settings.database_url,
        read_connections=settings.read_connections,
        time_limit=TIME_LIMIT_SECONDS,
        slow_statement_seconds=settings.slow_statement_seconds,
    )
    secrets = Secrets(database, settings.secret_key)
    targets = Targets(allow_private=settings.allow_private_targets)
    webhook_targets = Targets(allow_private=settings.webhooks_allow_private)
    gate = _gate(settings, database, secrets, targets, passwords)
    response_cache = ResponseCache(LogCursor(database))
    return DeskState(
        database=database,
        base_url=settings.base_url,
        metrics_key=settings.metrics_key,
        gate=gate,
        targets=targets,
        secrets=secrets,
        report_seal=report_seal(settings.secret_key),
        sign_in_seal=Seal(settings.secret_key, purpose="sign-in"),
        oidc=OidcProviders(targets, secrets),
        remote_checks=RemoteChecks(
            database,
            AkismetCheck(Akismet(settings.akismet_url), find_key=partial(secrets.find, name="akismet-key")),
            ScreeningWebhook(database, webhook_targets, find_secret=partial(secrets.find, name="screening-webhook")),
        ),
        spam_models=SiteSpamModels(database),
        staff_names=StaffNames(database),
        article_sections=ArticleSections(database),
        group_commit=GroupCommit(database),
        response_cache=response_cache,
        hot_responses=HotResponses(response_cache, gate),
        log_follower=LogFollower(database, max_streams=settings.max_streams),
        form_timestamps=FormTimestamps(settings.secret_key),
        form_keys=DerivedKeys(settings.secret_key),
        endpoint_clients=EndpointClients(EndpointSecrets(settings.secret_key), webhook_targets),
        site_figures=SiteFigures(),
    )


def _gate(settings: Settings, database: Database, secrets: Secrets, targets: Targets, passwords: Passwords) -> Gate:
    fingerprints = Fingerprints(settings.secret_key)
    return Gate(
        sites=Sites(database),
        keys=Keys(database),
        tokens=AuthorTokens(settings.secret_key),
        host_tokens=HostTokens(
            secrets,
            KeySets(targets),
            secret_key=settings.secret_key,
            explains=settings.explain_invalid_tokens,
        ),
        limits=RateLimits(fingerprints, settings.limits_url),
        fingerprints=fingerprints,
        sessions=Sessions(database),
        passwords=passwords,
        devices=DeviceCookies(settings.secret_key),
        second_factors=SecondFactors(settings.secret_key),
        open_rates=settings.open_request_limit_per_address,
    )


@asynccontextmanager
async def _lifespan(state: DeskState, settings: Settings, _app: App) -> AsyncIterator[None]:
    database, gate = state.database, state.gate
    sweeps = sweep_forever(
        database, gate.keys, gate.sessions, state.remote_checks.akismet, every_seconds=settings.sweep_seconds
    )
    delivers = settings.serving_delivers()
    deliveries = run_deliverer(database, state.endpoint_clients, settings) if delivers else nullcontext()
    try:
        async with running(sweeps), deliveries, database.telling_writes():
            yield
    finally:
        await state.log_follower.close()
        await state.group_commit.finish()
        await state.remote_checks.close()
        with suppress(Busy):  # a failure to write these times must not prevent the shutdown
            await gate.keys.write_last_used()
            await gate.sessions.write_last_seen()
        await gate.limits.close()
        await database.close()


def _middleware(settings: Settings, state: DeskState) -> list[Middleware]:
    below = [Middleware(BasePath, path=state.base_path)] if state.base_path else []
    logs = settings.log_level in {"debug", "info"}
    hot = Middleware(HotReads, responses=state.hot_responses, logs=logs)
    return [Middleware(TrustedProxies, proxies=settings.proxies()), hot, *below, Middleware(RequestLog)]


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    """Answer the router's own errors: 404, and 405 with every method of the path in ``Allow``.

    Starlette's own 405 lists only the methods of the first route of that path.
    """
    assert isinstance(error, HTTPException)
    problem: Problem = NotFound()
    if error.status_code == 405:
        problem = MethodNotAllowed()
        problem.headers["allow"] = ", ".join(allowed_methods(request.app.routes, request.scope))
    return await _answer_problem(request, problem)


async def _answer_problem(request: Request, problem: Exception) -> Response:
    """Answer a problem: as a page to a reader's browser, else as JSON."""
    assert isinstance(problem, Problem)
    accepts_html = "text/html" in request.headers.get("accept", "") and not request.scope["path"].startswith("/v1/")
    return problem_page(request, problem) if accepts_html else await answer_problem(request, problem)
