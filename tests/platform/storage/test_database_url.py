"""Every common form of a database URL is parsed, or refused in one line that names the parameter."""

import ssl
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from asyncpg.connect_utils import _parse_connect_dsn_and_args
from hypothesis import example, given
from hypothesis import strategies as st

from service.platform.storage.database_url import (
    DEFAULT_HOSTS,
    ConnectArguments,
    InvalidDatabaseUrl,
    PostgresUrl,
    SqliteUrl,
    TlsParameters,
    describe,
    parse_database_url,
)

AS_TYPED = st.text(alphabet="#/?[]:%&+= abcxyzGHI0129", min_size=1, max_size=30)
PRINTABLE = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=30)
HEX = set("0123456789abcdefABCDEF")


def postgres(url: str) -> PostgresUrl:
    parsed = parse_database_url(url)
    assert isinstance(parsed, PostgresUrl)
    return parsed


def refusal(url: str) -> str:
    """The line that refuses ``url``."""
    with pytest.raises(InvalidDatabaseUrl) as refused:
        parse_database_url(url)
    line = str(refused.value)
    assert line.endswith(".") and line.isprintable() and "^" not in line
    return line


def has_percent_code(text: str) -> bool:
    return any(HEX.issuperset(code[:2]) and len(code) >= 2 for code in text.split("%")[1:])


def test_sqlite_takes_a_relative_or_an_absolute_path() -> None:
    for scheme in ("sqlite", "sqlite+aiosqlite"):
        assert parse_database_url(f"{scheme}:///var/x.db") == SqliteUrl(Path("var/x.db"))
        assert parse_database_url(f"{scheme}:////var/a b#%41.db") == SqliteUrl(Path("/var/a b#%41.db"))


def test_sqlite_needs_a_file_and_takes_no_parameters() -> None:
    for path in ("", ":memory:", "?a=b"):
        assert "sqlite:///var/onereply.db" in refusal(f"sqlite:///{path}")
    assert refusal("sqlite:///x.db?timeout=5").startswith("“timeout” is not a parameter of a SQLite URL")


def test_another_scheme_is_refused() -> None:
    for url in ("", "mysql://a/b", "sqlite://", "postgresql+psycopg://a/b", " postgresql://a/b", "POSTGRES://a/b"):
        assert refusal(url) == "It must begin with sqlite:/// or postgresql://."


def test_a_url_with_a_line_break_or_broken_text_is_refused() -> None:
    for url in ("postgresql://h/db\n", "sqlite:///x.db\n", "postgresql://u:\udcff@h/db", "sqlite:///\x00"):
        assert refusal(url).startswith("It must be one line")
    assert refusal("postgresql://u:p%00x@h/db").startswith("“password” must not contain %00")


def test_every_postgresql_scheme_means_the_same() -> None:
    whole = PostgresUrl(hosts=(("db.example", 5433),), user="u", password="p", database="db")
    for scheme in ("postgres", "postgresql", "postgresql+asyncpg"):
        assert postgres(f"{scheme}://u:p@db.example:5433/db") == whole


def test_hosts_may_be_several_addresses_or_socket_folders() -> None:
    for url, hosts in {
        "h/db": (("h", 5432),),
        "u:p@[::1]:5433/db": (("::1", 5433),),
        "u:p@[::1],10.0.0.1:5433/db": (("::1", 5432), ("10.0.0.1", 5433)),
        "h1:5432,h2:5433/db": (("h1", 5432), ("h2", 5433)),
        "h1,h2/db?port=5433": (("h1", 5433), ("h2", 5433)),
        "/db?host=h1,h2&port=5432,5433": (("h1", 5432), ("h2", 5433)),
        "u@/db?host=h1:5432&host=h2:5433": (("h1", 5432), ("h2", 5433)),
        "/db?host=::1,[::2]:5433": (("::1", 5432), ("::2", 5433)),
        "/db?host=/run/postgresql": (("/run/postgresql", 5432),),
        "postgres@/db?host=/some/dir&port=5433": (("/some/dir", 5433),),
        "/db?host=%2Frun%2Fpg,/sockets": (("/run/pg", 5432), ("/sockets", 5432)),
        "u:p@%2Frun%2Fpg:5433/db": (("/run/pg", 5433),),
        "?host=h": (("h", 5432),),
        "/db": tuple((host, 5432) for host in DEFAULT_HOSTS),
    }.items():
        assert postgres(f"postgresql://{url}").hosts == hosts, url


def test_invalid_hosts_and_ports_are_refused() -> None:
    for url, begins in {
        "": "It must name a host or a database",
        "u:p@": "It must name a host or a database",
        "h:0/db": "A port must be a number",
        "h:65536/db": "A port must be a number",
        "u:secret@h:port/db": "A port must be a number",
        "u:secret@h:/db": "A port must be a number",
        "h/db?port=x": "A port must be a number",
        "u:secret@[::1/db": "A host must be a name",
        "[10.0.0.1]/db": "A host must be a name",
        "h1,,h2/db": "A host must be a name",
        "/db?host=h1,h2,h3&port=1,2": "“port” lists 2 ports for 3 hosts",
        "h:5432/db?port=5433": "“port” is given twice",
        "h/db?host=g": "“host” is given twice",
        "u@h/db?user=v": "“user” is given twice",
        "h/db?dbname=x": "“dbname” is given twice",
        "h/db?sslmode=allow&ssl=allow": "“sslmode” is given twice",
        "h/a@b": "A database name with @ must be percent-encoded",
        "h/db?sslmode": "Each parameter after ? must be written name=value",
    }.items():
        line = refusal(f"postgresql://{url}")
        assert line.startswith(begins) and "secret" not in line, url


def test_user_password_and_database_may_be_parameters() -> None:
    url = postgres("postgresql://h?user=a%40b&password=p%26+q&dbname=d%2Fe")
    assert (url.user, url.password, url.database) == ("a@b", "p&+q", "d/e")


def test_the_parameters_of_other_clients_are_honoured_or_change_nothing() -> None:
    honoured: dict[str, dict[str, Any]] = {
        "sslmode=require": {"tls": TlsParameters(sslmode="require")},
        "ssl=disable": {"tls": TlsParameters(sslmode="disable")},
        "ssl=true": {"tls": TlsParameters(sslmode="require")},
        "sslrootcert=/a+b.crt&sslmode=verify-ca": {
            "tls": TlsParameters(sslmode="verify-ca", sslrootcert="/a+b.crt"),
        },
        "connect_timeout=10": {"connect_timeout": 10.0},
        "connect_timeout=0": {},
        "connect_timeout=-1": {},
        "application_name=a@b+c": {"application_name": "a@b c"},
        "options=-csearch_path%3Dpublic": {"options": "-csearch_path=public"},
        "options=-c+a=b": {"options": "-c a=b"},
        "target_session_attrs=read-write": {"target_session_attrs": "read-write"},
        "keepalives=0&tcp_user_timeout=9": {"keepalives": False, "tcp_user_timeout": 9},
        "keepalives_idle=1&keepalives_interval=2&keepalives_count=3": {
            "keepalives_idle": 1,
            "keepalives_interval": 2,
            "keepalives_count": 3,
        },
        "channel_binding=prefer&gssencmode=disable&sslcompression=0&sslsni=1": {},
        "client_encoding=utf8&fallback_application_name=x&load_balance_hosts=disable": {},
        "sslrootcert=&application_name=": {},
    }
    for query, expected in honoured.items():
        plain: dict[str, Any] = {"hosts": (("127.0.0.1", 5432),), "user": "u", "password": "p", "database": "db"}
        assert postgres(f"postgresql://u:p@127.0.0.1:5432/db?{query}") == PostgresUrl(**{**plain, **expected}), query


def test_a_parameter_that_cannot_be_honoured_is_refused_by_name() -> None:
    for query, begins in {
        "sslmod=require": "“sslmod” is not a parameter of a PostgreSQL URL here; known are: application_name, ",
        "service=x": "“service” is not a parameter",
        "sslmode=on": "“sslmode” must be one of disable, allow, prefer, require, verify-ca, verify-full, not “on”.",
        "ssl=on": "“ssl” must be one of disable, ",
        "sslmode=require&channel_binding=require": "“channel_binding” must be one of prefer, disable, not “require”.",
        "gssencmode=require": "“gssencmode” must be one of prefer, disable, not “require”.",
        "sslcompression=1": "“sslcompression” must be 0, not “1”.",
        "client_encoding=latin1": "“client_encoding” must be one of utf8, ",
        "load_balance_hosts=random": "“load_balance_hosts” must be disable, not “random”.",
        "connect_timeout=nan": "“connect_timeout” must be a number of seconds below 1000000, such as 10, not “nan”.",
        "keepalives_idle=-1": "“keepalives_idle” must be a whole number from 0 to 999999999, not “-1”.",
        "sslmode=%0A": "“sslmode” must be one of",
        "sslnegotiation=direct": "“sslnegotiation=direct” needs “sslmode” require, verify-ca or verify-full.",
        "sslmode=require&sslrootcert=system": "“sslrootcert=system” needs “sslmode” verify-full.",
        "sslrootcert=system&sslcert=x": "“sslcert” cannot be combined with “sslrootcert=system”",
        "ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2": "“ssl_min_protocol_version” must not be",
    }.items():
        assert refusal(f"postgresql://u:p@127.0.0.1:5432/db?{query}").startswith(begins), query


@given(PRINTABLE)
def test_any_percent_encoded_password_round_trips(password: str) -> None:
    url = postgres(f"postgresql://u:{quote(password, safe='')}@db.example:5433/name")
    assert (url.user, url.password, url.hosts, url.database) == ("u", password, (("db.example", 5433),), "name")


@given(AS_TYPED.filter(lambda password: not has_percent_code(password)))
@example("p#x")
@example("12/name")
@example("12?a=b")
@example("12,h/x?a=b&c")
@example("[::1]:5/x")
def test_a_password_typed_as_it_is_parses_to_itself(password: str) -> None:
    for query in ("", "?sslmode=disable&application_name=a@b"):
        url = postgres(f"postgresql://u:{password}@127.0.0.1:5433/name{query}")
        assert (url.user, url.password, url.hosts, url.database) == ("u", password, (("127.0.0.1", 5433),), "name")


def test_a_password_with_an_at_sign_typed_as_it_is_parses_to_itself() -> None:
    for password in ("a@b", "@", "a@/b", "a@b/c", "a@b?c", "a@b?c=d", "100%", "a@b:5432/c", "/@/?#[", "a b", "%FF"):
        url = postgres(f"postgresql://u:{password}@db.example/name")
        assert (url.user, url.password, url.hosts, url.database) == ("u", password, (("db.example", 5432),), "name")
    assert postgres("postgresql://user@server:pw@db.example/name").user == "user@server"


def test_an_at_sign_in_a_parameter_does_not_move_the_host() -> None:
    url = postgres("postgresql://host:5432/db?application_name=a@b")
    assert (url.hosts, url.password, url.application_name) == ((("host", 5432),), None, "a@b")


def test_no_message_or_description_contains_the_password() -> None:
    for text in ("u:hunter2@h:port/db", "u:hunter2@h/db?x=1", "u:hunter2@h/db?sslmode=on", "h/db?password=a&hunter2=b"):
        assert "hunter2" not in refusal(f"postgresql://{text}")
    for text in ("u:1?hunter2@h:port/db", "u:1?hunter2=3@h:port", "u:1?sslmode=hunter2@h:port", "u:hunter2/x"):
        assert "hunter2" not in refusal(f"postgresql://{text}")
    url = postgres("postgresql://u:hunter2@h/db?sslpassword=hunter2")
    assert not any("hunter2" in shown for shown in (describe(url), repr(url), str(url), repr(url.tls)))


def test_a_description_names_user_hosts_and_database() -> None:
    for text, described in {
        "sqlite:////var/x.db": "sqlite:////var/x.db",
        "postgres://us@er:p@h1,[::1]:5433/d?sslmode=allow": "postgresql://us%40er@h1:5432,[::1]:5433/d",
        "postgresql://h": "postgresql://h:5432",
        "postgresql://u@/db?host=/a,/b&port=1": "postgresql://u@/db?host=/a,/b&port=1,1",
    }.items():
        assert describe(parse_database_url(text)) == described


def read_by_asyncpg(arguments: ConnectArguments) -> tuple[list[Any], Any]:
    names = ("dsn", "user", "password", "passfile", "database", "ssl", "service", "servicefile", "direct_tls")
    others = ("server_settings", "target_session_attrs", "krbsrvname", "gsslib")
    addresses, parameters = _parse_connect_dsn_and_args(**{**dict.fromkeys((*names, *others)), **arguments})
    return addresses, parameters


def test_asyncpg_reads_the_arguments_of_one_host() -> None:
    url = postgres("postgresql://u:p%25@/db?host=/a,h&sslmode=require&options=-cx=y&target_session_attrs=primary")
    assert url.server_settings() == {"options": "-cx=y"}
    for (host, port), address in zip(url.hosts, ["/a/.s.PGSQL.5432", ("h", 5432)], strict=True):
        addresses, parameters = read_by_asyncpg(url.connect_arguments(host, port))
        assert addresses == [address] and parameters.server_settings is None
        assert (parameters.user, parameters.password, parameters.database) == ("u", "p%", "db")
        assert (parameters.sslmode.name, parameters.target_session_attrs.value) == ("require", "primary")


def test_the_root_certificates_of_the_system_verify_the_host() -> None:
    url = postgres("postgresql://u@h/db?sslrootcert=system&sslmode=verify-full&sslnegotiation=direct")
    _addresses, parameters = read_by_asyncpg(url.connect_arguments("h", 5432))
    assert (parameters.sslmode.name, parameters.ssl_negotiation.name) == ("verify_full", "direct")
    assert parameters.ssl.check_hostname and parameters.ssl.verify_mode is ssl.CERT_REQUIRED
