"""Every setting of an installation: one environment variable, one default, one sentence each.

A variable that is not listed here, or whose value does not fit, stops the start with one line that says so.
What a publication can set for itself is in ``sites/site_settings.py``.
"""

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from service.platform.renamed import SETTINGS
from service.platform.storage.database_url import InvalidDatabaseUrl, parse_database_url
from service.platform.text.web_urls import is_origin

PREFIX = "ONEREPLY_"
_DELAY = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)([smhd])")
LONGEST_DELAY = timedelta(days=30)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class SettingsError(Exception):
    """A setting is missing, unknown or does not fit; the message is one line for whoever starts the service."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an installation is told by its environment; a field ``name`` is the variable ``ONEREPLY_NAME``."""

    secret_key: Annotated[
        str,
        Meta(
            min_length=32,
            description="Keys author tokens and other secrets. At least 32 random characters; required.",
        ),
    ]
    database_url: Annotated[
        str,
        Meta(
            description="The database: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME`; libpq's parameters, "
            "such as `?sslmode=require`, may follow.",
        ),
    ] = "sqlite:///var/onereply.db"
    base_url: Annotated[
        str | None,
        Meta(
            description="The origin under which readers reach the service, such as `https://comments.example`; by "
            "default what each request names."
        ),
    ] = None
    read_connections: Annotated[
        int, Meta(ge=1, le=200, description="Database connections for reading, per worker process.")
    ] = 8
    max_streams: Annotated[
        int, Meta(ge=0, le=50_000, description="Live streams that a worker process has open at most.")
    ] = 5000
    sweep_seconds: Annotated[
        float,
        Meta(gt=0, le=3600, description="Seconds between two sweeps for threads whose closing time has passed."),
    ] = 30.0
    shutdown_seconds: Annotated[
        int,
        Meta(
            ge=1,
            le=600,
            description="Seconds from SIGTERM until the process has ended: requests in flight may finish, then "
            "whatever still runs is stopped.",
        ),
    ] = 30
    slow_statement_seconds: Annotated[
        float,
        Meta(ge=0, le=60, description="Statements that take longer are logged, without their values; 0 logs none."),
    ] = 1.0
    trusted_proxies: Annotated[
        str,
        Meta(
            description="Addresses and networks (`10.0.0.0/8`) of the proxies in front, separated by commas: from them "
            "the client's address is taken from `X-Forwarded-For`."
        ),
    ] = ""
    akismet_url: Annotated[
        str,
        Meta(
            max_length=500,
            description="Where Akismet is asked by the sites that have it so; `https`, or `http` on this machine.",
        ),
    ] = "https://rest.akismet.com"
    metrics_key: Annotated[
        Annotated[str, Meta(min_length=16)] | None,
        Meta(description="What a scraper of `/metrics` sends as `Authorization: Bearer …`; without it there is none."),
    ] = None
    allow_private_targets: Annotated[
        bool,
        Meta(
            description="Whether hosts' URLs that the service itself calls may be http and lead to private addresses: "
            "for development only."
        ),
    ] = False
    webhooks_allow_private: Annotated[
        bool,
        Meta(
            description="Whether endpoints of webhooks may lead to private addresses, this machine included: "
            "for development only."
        ),
    ] = False
    webhooks_retries: Annotated[
        str,
        Meta(
            max_length=500,
            description="Delays between the tries of a delivery, such as `5s 5m 2h 1d`; after the last it has failed.",
        ),
    ] = "5s 5m 30m 2h 5h 10h 14h 20h 24h"
    webhooks_in_serve: Annotated[
        bool | None,
        Meta(
            description="Whether the serving processes deliver webhooks as well; by default on SQLite only, for else "
            "`onereply worker` does."
        ),
    ] = None
    log_format: Annotated[Literal["console", "json"], Meta(description="How the log is written.")] = "console"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="The least grave line that is logged.")
    ] = "info"

    def proxies(self) -> list[str]:
        """The trusted proxies, one by one."""
        return [proxy.strip() for proxy in self.trusted_proxies.split(",") if proxy.strip()]

    def serving_delivers(self) -> bool:
        """Whether the serving processes deliver webhooks as well."""
        return self.database_url.startswith("sqlite") if self.webhooks_in_serve is None else self.webhooks_in_serve

    def retries(self) -> list[timedelta]:
        """The delays between the tries of a delivery; raises ValueError."""
        found = [_DELAY.fullmatch(word) for word in self.webhooks_retries.split()]
        if not all(found):
            raise ValueError
        delays = [timedelta(**{_UNITS[each[2]]: float(each[1])}) for each in found if each]
        if max(delays, default=timedelta()) > LONGEST_DELAY:
            raise ValueError
        return delays


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """Decode the settings from ``environment``; raises :class:`SettingsError` with one clear line."""
    given = {name.removeprefix(PREFIX).lower(): value for name, value in environment.items() if name.startswith(PREFIX)}
    known = {field.name for field in msgspec.structs.fields(Settings)}
    for name in sorted(given.keys() & SETTINGS.keys()):
        raise SettingsError(f"{PREFIX}{name.upper()} is now called {PREFIX}{SETTINGS[name].upper()}.")
    for name in sorted(given.keys() - known):
        raise SettingsError(
            f"{PREFIX}{name.upper()} is not a setting of One Reply; the guide “Install and operate” lists them."
        )
    if not given.get("secret_key"):
        raise SettingsError(f"{PREFIX}SECRET_KEY is required: at least 32 random characters, kept secret.")
    try:
        settings = msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        message, _, path = str(error).rpartition(" - at `$.")
        raise SettingsError(f"{PREFIX}{path.rstrip('`').upper()} does not fit: {message.lower()}.") from None
    _check_database_url(settings.database_url)
    _check_base_url(settings.base_url)
    _check_proxies(settings)
    _check_akismet_url(settings.akismet_url)
    _check_retries(settings)
    return settings


def _check_database_url(url: str) -> None:
    try:
        parse_database_url(url)
    except InvalidDatabaseUrl as error:
        raise SettingsError(f"{PREFIX}DATABASE_URL does not fit: {error}") from None


def _check_base_url(url: str | None) -> None:
    if url is not None and not is_origin(url):
        raise SettingsError(f"{PREFIX}BASE_URL does not fit: it must be like “https://comments.example”, no path.")


def _check_proxies(settings: Settings) -> None:
    for proxy in settings.proxies():
        try:
            ip_network(proxy)
        except ValueError:
            raise SettingsError(f"{PREFIX}TRUSTED_PROXIES does not fit: “{proxy}” is no address or network.") from None


def _check_retries(settings: Settings) -> None:
    try:
        settings.retries()
    except ValueError:
        raise SettingsError(f"{PREFIX}WEBHOOKS_RETRIES does not fit: it must be like “5s 5m 2h 1d”.") from None


def _check_akismet_url(url: str) -> None:
    """What is sent there are sites' keys and what readers wrote, so nobody on the way may read it."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise SettingsError(f"{PREFIX}AKISMET_URL does not fit: its host or port is none.") from None
    if not host or parts.scheme not in {"http", "https"} or parts.username or parts.query or parts.fragment:
        raise SettingsError(f"{PREFIX}AKISMET_URL does not fit: it must be like “https://rest.akismet.com”.")
    if parts.scheme == "http" and not _is_loopback(host):
        raise SettingsError(f"{PREFIX}AKISMET_URL does not fit: other machines are asked over https only.")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
