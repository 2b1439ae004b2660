"""Split a PostgreSQL URL into user, password, hosts, database and parameters.

The syntax is libpq's (PostgreSQL manual, 34.1.1.2, connection URIs), with one addition: a password may contain
unescaped ``/ ? # [ ] @ : % & + =`` and spaces.

*The rule for such passwords.* The hosts end at the first ``/`` or ``?`` after them; ``#`` has no meaning. A reading is
*complete* when its hosts and ports are valid, its database name has no ``@``, its user name has no ``/`` or ``?``, and
each parameter is written ``name=value`` with a known name. Readings are tried from the left: first without a user, then
with the password ending at each ``@`` in turn. The first complete reading wins. A URL without a complete reading is
refused.

Two consequences. A database name with ``@`` must be percent-encoded (``%40``). A password is misread only if it looks
like the rest of a URL with a known parameter: ``5432/name?sslmode=…``, or such text after an ``@``. Percent-encode it.

A valid ``%XX`` is decoded, and a stray ``%`` stays. Text that does not decode to UTF-8 stays as typed.
"""

import re
from collections.abc import Iterator, Set
from ipaddress import IPv6Address
from urllib.parse import unquote

import msgspec

_HOST = re.compile(r"(\[[^\[\]]+\]|[\w.-]+|%2F[\w.%-]*)(?::(.*))?", re.IGNORECASE)
_PORT = re.compile(r"[0-9]{1,5}")
_REST = re.compile(r"([^/?]*)(?:/([^?]*))?(?:\?(.*))?")

Host = tuple[str, int | None]
"""A host name, address or socket folder, and its port if the URL gives one."""


class InvalidDatabaseUrl(ValueError):
    """The URL cannot be used; the message is one line for an operator, without the password."""


class PostgresUrlParts(msgspec.Struct, frozen=True):
    """The decoded parts of a URL; ``parameters`` are still encoded, in order and with repeats."""

    user: str | None
    password: str | None
    hosts: tuple[Host, ...]
    database: str | None
    parameters: tuple[tuple[str, str], ...]
    quotable: bool
    """Whether messages may quote parameters, because they can't contain part of a password."""


class _Reading(msgspec.Struct, frozen=True):
    user: str
    password: str
    hosts: str
    database: str
    query: str

    def host_list(self) -> list[str]:
        return self.hosts.split(",") if self.hosts else []

    def pairs(self) -> list[tuple[str, str, str]]:
        return [piece.partition("=") for piece in self.query.split("&") if piece]

    def is_complete(self, known: Set[str]) -> bool:
        if "@" in self.database or any(character in self.user for character in "/?"):
            return False
        if not all(equals and name in known for name, equals, _value in self.pairs()):
            return False
        try:
            return all(parse_host(host) for host in self.host_list())
        except InvalidDatabaseUrl:
            return False


def split_postgres_url(rest: str, *, known: Set[str]) -> PostgresUrlParts:
    """Split ``rest``, the URL after ``://``, by the rule above; ``known`` are the parameter names.

    Raises :class:`InvalidDatabaseUrl`. The caller refuses unknown parameters.
    """
    complete = (reading for reading in _readings(rest) if reading.is_complete(known))
    reading = next(complete, None) or _standard_reading(rest)
    if "@" in reading.database:
        raise InvalidDatabaseUrl("A database name with @ must be percent-encoded: write %40 for @.")
    if not all(equals for _name, equals, _value in reading.pairs()):
        raise InvalidDatabaseUrl("Each parameter after ? must be written name=value, with & between them.")
    return PostgresUrlParts(
        user=decode("user", reading.user) or None,
        password=decode("password", reading.password) or None,
        hosts=tuple(parse_host(host) for host in reading.host_list()),
        database=decode("database", reading.database) or None,
        parameters=tuple((name, value) for name, _equals, value in reading.pairs()),
        quotable="@" not in reading.query and "password=" not in reading.query,
    )


def decode(name: str, text: str) -> str:
    """Decode each valid %XX in ``text``; ``name`` is the part or parameter for the error message."""
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text
    if "\0" in decoded:
        raise InvalidDatabaseUrl(f"“{name}” must not contain %00: PostgreSQL has no NUL characters.")
    return decoded


def parse_host(text: str) -> Host:
    """Parse a host of the authority: ``name``, ``name:port``, ``[IPv6]:port`` or ``%2Fsocket%2Ffolder``."""
    match = _HOST.fullmatch(text)
    if match is None:
        raise _invalid_host()
    host, port = unquote(match[1]), match[2]
    if host.startswith("["):
        host = host[1:-1]
        if not is_ipv6(host):
            raise _invalid_host()
    return host, None if port is None else parse_port(port)


def parse_port(text: str) -> int:
    """Parse a port; raises :class:`InvalidDatabaseUrl` without quoting, because the text may be part of a password."""
    if _PORT.fullmatch(text) is None or not 1 <= int(text) <= 65535:
        raise InvalidDatabaseUrl("A port must be a number from 1 to 65535.")
    return int(text)


def is_ipv6(text: str) -> bool:
    """Whether ``text`` is an IPv6 address, without brackets."""
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _readings(rest: str) -> Iterator[_Reading]:
    yield _read("", rest)
    for at, character in enumerate(rest):
        if character == "@":
            yield _read(rest[:at], rest[at + 1 :])


def _standard_reading(rest: str) -> _Reading:
    """The reading by RFC 3986, for error messages: the user ends at the last @ before the first / or ?."""
    authority = re.split(r"[/?]", rest, maxsplit=1)[0]
    userinfo, _at, _hosts = authority.rpartition("@")
    return _read(userinfo, rest[len(userinfo) + 1 :] if _at else rest)


def _read(userinfo: str, rest: str) -> _Reading:
    user, _colon, password = userinfo.partition(":")
    match = _REST.fullmatch(rest)
    assert match is not None  # every text of one line matches
    hosts, database, query = match.groups(default="")
    return _Reading(user=user, password=password, hosts=hosts, database=database, query=query)


def _invalid_host() -> InvalidDatabaseUrl:
    return InvalidDatabaseUrl(
        "A host must be a name, an IPv4 address or an IPv6 address in brackets, such as db.example:5432 or [::1]:5432."
    )
