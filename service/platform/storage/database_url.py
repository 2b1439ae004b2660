"""Parse the database URL into a typed value.

SQLite: ``sqlite:///relative/path`` and ``sqlite:////absolute/path``. PostgreSQL: libpq's URLs, with several hosts,
socket folders and TLS parameters; ``postgres_url_parts.py`` explains passwords with special characters. SQLAlchemy's
driver names (``sqlite+aiosqlite``, ``postgresql+asyncpg``) are accepted and mean the same.

Nothing here opens a file or a connection. Messages, ``describe`` and ``repr`` never contain the password.
"""

import re
from pathlib import Path
from typing import Literal, Required, TypedDict
from urllib.parse import quote, urlencode

import msgspec

from service.platform.storage.postgres_parameters import KNOWN_PARAMETERS, read_parameters
from service.platform.storage.postgres_url_parts import (
    Host,
    InvalidDatabaseUrl,
    PostgresUrlParts,
    is_ipv6,
    parse_host,
    parse_port,
    split_postgres_url,
)

__all__ = [
    "ConnectArguments",
    "DatabaseUrl",
    "InvalidDatabaseUrl",
    "PostgresUrl",
    "SqliteUrl",
    "TlsParameters",
    "describe",
    "parse_database_url",
]

DEFAULT_PORT = 5432
DEFAULT_HOSTS = ("/run/postgresql", "/var/run/postgresql", "/tmp", "localhost")  # noqa: S108 - as asyncpg looks for one
_SCHEME = re.compile(r"(?:(sqlite(?:\+aiosqlite)?:///)|(?:postgres|postgresql(?:\+asyncpg)?)://)")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class SqliteUrl(msgspec.Struct, frozen=True):
    """A SQLite database: one file."""

    path: Path


class TlsParameters(msgspec.Struct, frozen=True, kw_only=True):
    """TLS parameters, with libpq's names and meanings; asyncpg reads them from its DSN."""

    sslmode: str | None = None
    sslrootcert: str | None = None
    sslcert: str | None = None
    sslkey: str | None = None
    sslpassword: str | None = None
    sslcrl: str | None = None
    ssl_min_protocol_version: str | None = None
    ssl_max_protocol_version: str | None = None
    sslnegotiation: str | None = None

    def __repr__(self) -> str:
        return f"TlsParameters(sslmode={self.sslmode!r}, …)"


class ConnectArguments(TypedDict, total=False):
    """Keyword arguments of ``asyncpg.connect`` for one host; contains the password."""

    host: Required[str]
    port: Required[int]
    dsn: str
    user: str
    password: str
    database: str
    ssl: Literal[True]
    target_session_attrs: str
    passfile: str
    krbsrvname: str
    gsslib: str


class PostgresUrl(msgspec.Struct, frozen=True, kw_only=True):
    """A PostgreSQL database on one or several hosts. A host that begins with ``/`` is a socket folder."""

    hosts: tuple[tuple[str, int], ...]
    user: str | None = None
    password: str | None = None
    database: str | None = None
    connect_timeout: float | None = None
    """Timeout in seconds per host; None if the URL sets none."""
    target_session_attrs: str | None = None
    application_name: str | None = None
    options: str | None = None
    keepalives: bool | None = None
    keepalives_idle: int | None = None
    """Seconds, like ``keepalives_interval``; 0 means the system's default."""
    keepalives_interval: int | None = None
    keepalives_count: int | None = None
    tcp_user_timeout: int | None = None
    """Milliseconds; 0 means the system's default."""
    passfile: str | None = None
    krbsrvname: str | None = None
    gsslib: str | None = None
    tls: TlsParameters = TlsParameters()

    def __repr__(self) -> str:
        return f"<PostgresUrl {describe(self)}>"

    def connect_arguments(self, host: str, port: int) -> ConnectArguments:
        """The arguments of ``asyncpg.connect`` for one of ``hosts``; the caller adds timeouts and server settings.

        TLS parameters are passed as a DSN, because asyncpg accepts them in no other form.
        """
        arguments = ConnectArguments(host=host, port=port)
        for name in ("user", "password", "database", "target_session_attrs", "passfile", "krbsrvname", "gsslib"):
            if (value := getattr(self, name)) is not None:
                arguments[name] = value
        tls = {name: value for name, value in msgspec.structs.asdict(self.tls).items() if value is not None}
        if tls.get("sslrootcert") == "system":
            arguments["ssl"] = True  # asyncpg's verify-full with the system's root certificates
            del tls["sslrootcert"]
        if tls:
            arguments["dsn"] = f"postgresql://?{urlencode(tls)}"
        return arguments

    def server_settings(self) -> dict[str, str]:
        """The session settings from the URL: ``application_name`` and ``options``."""
        given = {"application_name": self.application_name, "options": self.options}
        return {name: value for name, value in given.items() if value is not None}


DatabaseUrl = SqliteUrl | PostgresUrl


def parse_database_url(text: str) -> DatabaseUrl:
    """Parse ``text``; raises :class:`InvalidDatabaseUrl` with one line that names the part and the fix."""
    if _CONTROL_CHARACTER.search(text):
        raise InvalidDatabaseUrl("It must be one line of UTF-8 text without control characters.")
    scheme = _SCHEME.match(text)
    if scheme is None:
        raise InvalidDatabaseUrl("It must begin with sqlite:/// or postgresql://.")
    rest = text[scheme.end() :]
    return _parse_sqlite(rest) if scheme[1] else _parse_postgres(rest)


def describe(url: DatabaseUrl) -> str:
    """The URL for logs and messages, without password and parameters."""
    if isinstance(url, SqliteUrl):
        return f"sqlite:///{url.path}"
    user = f"{quote(url.user, safe='')}@" if url.user else ""
    database = f"/{quote(url.database, safe='')}" if url.database else ""
    if any(host.startswith("/") for host, _port in url.hosts):
        hosts = ",".join(host for host, _port in url.hosts)
        ports = ",".join(str(port) for _host, port in url.hosts)
        return f"postgresql://{user}{database or '/'}?host={hosts}&port={ports}"
    hosts = ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in url.hosts)
    return f"postgresql://{user}{hosts}{database}"


def _parse_sqlite(rest: str) -> SqliteUrl:
    path, _mark, query = rest.partition("?")
    if path in {"", ":memory:"}:
        raise InvalidDatabaseUrl("SQLite needs a file that all connections share, such as sqlite:///var/onereply.db.")
    if query:
        raise InvalidDatabaseUrl(f"“{query.partition('=')[0]}” is not a parameter of a SQLite URL; it takes none.")
    return SqliteUrl(Path(path))


def _parse_postgres(rest: str) -> PostgresUrl:
    parts = split_postgres_url(rest, known=KNOWN_PARAMETERS)
    given = read_parameters(parts.parameters, quotable=parts.quotable)
    user = _given_once("user", parts.user, given.get("user"))
    database = _given_once("dbname", parts.database, given.get("dbname"))
    if not (parts.hosts or "host" in given or database):
        raise InvalidDatabaseUrl("It must name a host or a database, such as postgresql://USER:PASSWORD@HOST/NAME.")
    seconds = float(given.get("connect_timeout", 0))
    return PostgresUrl(
        hosts=_hosts(parts, host=given.get("host"), port=given.get("port")),
        user=user,
        password=_given_once("password", parts.password, given.get("password")),
        database=database,
        connect_timeout=seconds if seconds > 0 else None,
        target_session_attrs=given.get("target_session_attrs"),
        application_name=given.get("application_name"),
        options=given.get("options"),
        keepalives=given["keepalives"] == "1" if "keepalives" in given else None,
        keepalives_idle=_number(given.get("keepalives_idle")),
        keepalives_interval=_number(given.get("keepalives_interval")),
        keepalives_count=_number(given.get("keepalives_count")),
        tcp_user_timeout=_number(given.get("tcp_user_timeout")),
        passfile=given.get("passfile"),
        krbsrvname=given.get("krbsrvname"),
        gsslib=given.get("gsslib"),
        tls=TlsParameters(**{name: given[name] for name in TlsParameters.__struct_fields__ if name in given}),
    )


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def _given_once(name: str, before: str | None, after: str | None) -> str | None:
    if before is not None and after is not None:
        raise InvalidDatabaseUrl(f"“{name}” is given twice, before and after the ?; give it once.")
    return after if before is None else before


def _hosts(parts: PostgresUrlParts, *, host: str | None, port: str | None) -> tuple[tuple[str, int], ...]:
    if parts.hosts and host:
        raise InvalidDatabaseUrl("“host” is given twice, before and after the ?; give it once.")
    hosts = parts.hosts or _hosts_of_parameter(host)
    if port is None:
        return tuple((name, own or DEFAULT_PORT) for name, own in hosts)
    if any(own for _name, own in hosts):
        raise InvalidDatabaseUrl("“port” is given twice, beside a host and after the ?; give it once.")
    ports = [parse_port(each) for each in port.split(",")]
    if len(ports) == 1:
        ports *= len(hosts)
    if len(ports) != len(hosts):
        raise InvalidDatabaseUrl(f"“port” lists {len(ports)} ports for {len(hosts)} hosts; give one, or one for each.")
    return tuple((name, number) for (name, _own), number in zip(hosts, ports, strict=True))


def _hosts_of_parameter(value: str | None) -> tuple[Host, ...]:
    """Parse ``?host=``: hosts as in the URL's authority, plus plain socket folders and IPv6 addresses."""
    if value is None:
        return tuple((host, None) for host in DEFAULT_HOSTS)
    return tuple((host, None) if host[:1] == "/" or is_ipv6(host) else parse_host(host) for host in value.split(","))
