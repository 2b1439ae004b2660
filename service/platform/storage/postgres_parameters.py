"""The parameters of a PostgreSQL URL and their valid values.

Names and values are libpq's (PostgreSQL manual, 34.1.2). A parameter is known if the service supports it or if its
value has no effect here. Any other parameter is an error, so that none is silently ignored. An empty value means the
default, as in libpq.
"""

import re
from collections.abc import Iterable, Mapping

from service.platform.storage.postgres_url_parts import InvalidDatabaseUrl, decode

_TLS_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslnegotiation": ("postgres", "direct"),
    "ssl_min_protocol_version": _TLS_VERSIONS,
    "ssl_max_protocol_version": _TLS_VERSIONS,
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    "keepalives": ("0", "1"),
    "gsslib": ("gssapi", "sspi"),
    # Accepted because other PostgreSQL clients write them; these values have no effect here.
    "channel_binding": ("prefer", "disable"),
    "client_encoding": ("utf8", "UTF8", "UTF-8", "auto"),
    "gssencmode": ("prefer", "disable"),
    "load_balance_hosts": ("disable",),
    "sslcompression": ("0",),
    "sslsni": ("0", "1"),
}
_NUMBERS = ("keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout")
_TEXTS = (
    *("host", "port", "user", "password", "dbname", "database"),
    *("sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl"),
    *("application_name", "fallback_application_name", "options", "krbsrvname", "passfile"),
)
KNOWN_PARAMETERS = frozenset({*_CHOICES, *_NUMBERS, *_TEXTS, "connect_timeout", "ssl"})
_SYNONYMS = {"ssl": "sslmode", "database": "dbname"}
_PLUS_IS_SPACE = {"options", "application_name"}
_SECONDS = re.compile(r"-?[0-9]{1,6}(?:\.[0-9]{1,3})?")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_REPLACED_BY_SYSTEM = (
    *("sslcert", "sslkey", "sslpassword", "sslcrl"),
    *("ssl_min_protocol_version", "ssl_max_protocol_version"),
)


def read_parameters(pairs: Iterable[tuple[str, str]], *, quotable: bool) -> dict[str, str]:
    """Decode and check parameters; the result has one valid value per name.

    ``ssl`` becomes ``sslmode`` and ``database`` becomes ``dbname``. Repeated ``host`` and ``port`` are joined with
    commas. In ``options`` and ``application_name`` a ``+`` is a space, as form encoders write it.
    Raises :class:`InvalidDatabaseUrl`, which quotes names and values only if ``quotable``.
    """
    values: dict[str, str] = {}
    for name, typed in pairs:
        if name not in KNOWN_PARAMETERS:
            raise _unknown(name, quotable=quotable)
        value = decode(name, typed.replace("+", " ") if name in _PLUS_IS_SPACE else typed)
        if not value:
            continue
        if name == "ssl" and value == "true":  # as JDBC writes it; libpq reads it the same way
            value = "require"
        _check_value(name, value, quotable=quotable)
        name = _SYNONYMS.get(name, name)  # noqa: PLW2901 - the same parameter by its usual name
        if name in values and name not in {"host", "port"}:
            raise InvalidDatabaseUrl(f"“{name}” is given twice; give it once.")
        values[name] = f"{values[name]},{value}" if name in values else value
    _check_tls(values)
    return values


def _check_value(name: str, value: str, *, quotable: bool) -> None:
    choices = _CHOICES.get(_SYNONYMS.get(name, name))
    if choices is not None and value not in choices:
        must = f"be {choices[0]}" if len(choices) == 1 else f"be one of {', '.join(choices)}"
    elif name in _NUMBERS and not _WHOLE_NUMBER.fullmatch(value):
        must = "be a whole number from 0 to 999999999"
    elif name == "connect_timeout" and not _SECONDS.fullmatch(value):
        must = "be a number of seconds below 1000000, such as 10"
    else:
        return
    given = f", not “{value}”" if quotable and _is_short(value) else ""
    raise InvalidDatabaseUrl(f"“{name}” must {must}{given}.")


def _check_tls(values: Mapping[str, str]) -> None:
    sslmode = values.get("sslmode")
    if values.get("sslrootcert") == "system":
        if sslmode not in {None, "verify-full"}:
            raise InvalidDatabaseUrl("“sslrootcert=system” needs “sslmode” verify-full.")
        if other := next((name for name in _REPLACED_BY_SYSTEM if name in values), None):
            raise InvalidDatabaseUrl(
                f"“{other}” cannot be combined with “sslrootcert=system”; name the file of a root certificate instead."
            )
    elif values.get("sslnegotiation") == "direct" and sslmode not in {"require", "verify-ca", "verify-full"}:
        raise InvalidDatabaseUrl("“sslnegotiation=direct” needs “sslmode” require, verify-ca or verify-full.")
    lowest, highest = values.get("ssl_min_protocol_version", ""), values.get("ssl_max_protocol_version", "TLSv1.3")
    if lowest > highest:  # the names sort by version
        raise InvalidDatabaseUrl("“ssl_min_protocol_version” must not be above “ssl_max_protocol_version”.")


def _unknown(name: str, *, quotable: bool) -> InvalidDatabaseUrl:
    known = f"known are: {', '.join(sorted(KNOWN_PARAMETERS))}"
    if quotable and _is_short(name):
        return InvalidDatabaseUrl(f"“{name}” is not a parameter of a PostgreSQL URL here; {known}.")
    return InvalidDatabaseUrl(
        f"A parameter after ? is not a parameter of a PostgreSQL URL here; {known}. "
        "In a password, write @ as %40, ? as %3F and & as %26."
    )


def _is_short(text: str) -> bool:
    return len(text) <= 40 and text.isprintable()
