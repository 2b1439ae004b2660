"""All settings of an installation, as environment variables with a default and a description.

An unknown variable or an invalid value stops the start with one line that names it. The settings of a publication are
in ``sites/site_settings.py``.
"""

import os
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from service.platform.http.trusted_proxies import parse_proxy
from service.platform.outbound.retry_schedule import DEFAULT_DELAYS, parse_delays
from service.platform.renamed import SETTINGS
from service.platform.sites.site_settings import Rates
from service.platform.storage.database_url import InvalidDatabaseUrl, parse_database_url
from service.platform.text.web_urls import is_base_url
from service.setting_urls import akismet_url_fault, limits_url_fault

PREFIX = "ONEREPLY_"


class SettingsError(Exception):
    """A setting is missing, unknown or invalid; the message is one line for the operator."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of an installation; the field ``name`` is the environment variable ``ONEREPLY_NAME``."""

    secret_key: Annotated[
        str,
        Meta(
            min_length=32,
            description="Secret key for author tokens, fingerprints and stored secrets. At least 32 random "
            "characters; required.",
        ),
    ]
    database_url: Annotated[
        str,
        Meta(
            description="Database URL: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME`, optionally with "
            "libpq parameters such as `?sslmode=require`.",
        ),
    ] = "sqlite:///var/onereply.db"
    base_url: Annotated[
        str | None,
        Meta(
            description="Base URL of links to the service, such as `https://comments.example` or "
            "`https://news.example/comments`; default: the scheme and host of each request."
        ),
    ] = None
    read_connections: Annotated[
        int, Meta(ge=1, le=200, description="Database connections for reading, per worker process.")
    ] = 8
    max_streams: Annotated[
        int, Meta(ge=0, le=50_000, description="Maximum number of open live streams per worker process.")
    ] = 5000
    max_connections: Annotated[
        int,
        Meta(ge=1, le=60_000, description="Maximum number of connections per worker process."),
    ] = 10_000
    max_connections_per_address: Annotated[
        int,
        Meta(
            ge=1,
            le=60_000,
            description="Maximum number of connections per address (IPv6: per /64) and worker process; trusted proxies "
            "have no limit.",
        ),
    ] = 256
    sweep_seconds: Annotated[
        float,
        Meta(gt=0, le=3600, description="Seconds between two sweeps, which close threads on time and prune old data."),
    ] = 30.0
    shutdown_seconds: Annotated[
        int,
        Meta(
            ge=1,
            le=600,
            description="Shutdown timeout in seconds from SIGTERM: requests in flight may finish, then the process "
            "is stopped.",
        ),
    ] = 30
    slow_statement_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=60,
            description="Threshold in seconds for logging slow statements, without their values; 0 logs none.",
        ),
    ] = 1.0
    open_request_limit_per_address: Annotated[
        Rates | None,
        Meta(
            description="Rate limit per address of requests that belong to no site: documentation, scripts, unknown "
            "sites; default: no limit."
        ),
    ] = None
    limits_url: Annotated[
        Annotated[str, Meta(max_length=500)] | None,
        Meta(
            description="URL of a Redis or Valkey server (`redis://HOST`, `valkey://HOST`) in which all processes "
            "count requests for the rate limits; default: each process counts its own."
        ),
    ] = None
    trusted_proxies: Annotated[
        str,
        Meta(
            description="Addresses and networks (`10.0.0.0/8`) of trusted proxies, separated by commas. Behind them,"
            " and on a Unix socket (`unix:`), the client's address comes from `X-Forwarded-For`."
        ),
    ] = ""
    akismet_url: Annotated[
        str,
        Meta(
            max_length=500,
            description="Base URL of Akismet, for sites that use it; `https`, or `http` on this machine.",
        ),
    ] = "https://rest.akismet.com"
    metrics_key: Annotated[
        Annotated[str, Meta(min_length=16)] | None,
        Meta(description="Bearer token that a scraper must send to `/metrics`; without it, `/metrics` is off."),
    ] = None
    allow_private_targets: Annotated[
        bool,
        Meta(
            description="Whether the service may fetch hosts' URLs over http and from private addresses: for "
            "development only."
        ),
    ] = False
    webhooks_allow_private: Annotated[
        bool,
        Meta(
            description="Whether webhook endpoints may be at private addresses, including this machine: for "
            "development only."
        ),
    ] = False
    explain_invalid_tokens: Annotated[
        bool,
        Meta(
            description="Whether the response to an invalid host token names the claim that is wrong: for development "
            "only. The log always names it."
        ),
    ] = False
    webhooks_retries: Annotated[
        str,
        Meta(
            max_length=500,
            description="Retry schedule of webhook deliveries: delays such as `5s 5m 2h 1d`; after the last retry "
            "the delivery has failed.",
        ),
    ] = DEFAULT_DELAYS
    webhooks_in_serve: Annotated[
        bool | None,
        Meta(
            description="Whether serving processes also deliver webhooks; default: only on SQLite, otherwise "
            "`onereply worker` does."
        ),
    ] = None
    log_format: Annotated[Literal["console", "json"], Meta(description="Log format.")] = "console"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Minimum level of log lines.")
    ] = "info"

    def proxies(self) -> list[str]:
        """The trusted proxies as a list."""
        return [proxy.strip() for proxy in self.trusted_proxies.split(",") if proxy.strip()]

    def serving_delivers(self) -> bool:
        """Whether the serving processes also deliver webhooks."""
        return self.database_url.startswith("sqlite") if self.webhooks_in_serve is None else self.webhooks_in_serve


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """Load the settings from ``environment``; raises :class:`SettingsError` with one line."""
    given = {name.removeprefix(PREFIX).lower(): value for name, value in environment.items() if name.startswith(PREFIX)}
    if "base_url" in given:
        given["base_url"] = given["base_url"].removesuffix("/")
    known = {field.name for field in msgspec.structs.fields(Settings)}
    for name in sorted(given.keys() & SETTINGS.keys()):
        raise SettingsError(f"{PREFIX}{name.upper()} is now called {PREFIX}{SETTINGS[name].upper()}.")
    for name in sorted(given.keys() - known):
        raise SettingsError(
            f"{PREFIX}{name.upper()} is not a setting of One Reply; the guide “Install and operate” lists them."
        )
    if not given.get("secret_key"):
        raise SettingsError(f"{PREFIX}SECRET_KEY is required: set it to at least 32 random characters.")
    try:
        settings = msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        message, _, path = str(error).rpartition(" - at `$.")
        raise SettingsError(f"{PREFIX}{path.rstrip('`').upper()} is invalid: {message.lower()}.") from None
    _check_database_url(settings.database_url)
    _check_base_url(settings.base_url)
    _check_proxies(settings)
    if fault := akismet_url_fault(settings.akismet_url) or limits_url_fault(settings.limits_url):
        raise SettingsError(f"{PREFIX}{fault}")
    _check_retries(settings)
    return settings


def _check_database_url(url: str) -> None:
    try:
        parse_database_url(url)
    except InvalidDatabaseUrl as error:
        raise SettingsError(f"{PREFIX}DATABASE_URL is invalid: {error}") from None


def _check_base_url(url: str | None) -> None:
    if url is not None and not is_base_url(url):
        raise SettingsError(
            f"{PREFIX}BASE_URL must be a URL such as “https://comments.example” or “https://news.example/comments”, "
            "without a query."
        )


def _check_proxies(settings: Settings) -> None:
    for proxy in settings.proxies():
        try:
            parse_proxy(proxy)
        except ValueError:
            raise SettingsError(
                f"{PREFIX}TRUSTED_PROXIES is invalid: “{proxy}” is not an IP address or network, such as 10.0.0.0/8."
            ) from None


def _check_retries(settings: Settings) -> None:
    try:
        parse_delays(settings.webhooks_retries)
    except ValueError:
        raise SettingsError(
            f"{PREFIX}WEBHOOKS_RETRIES must be delays of at most 30 days each, such as “5s 5m 2h 1d”."
        ) from None
