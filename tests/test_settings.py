"""An invalid setting stops the start with one line that names it and the reason, without secrets."""

import msgspec
import pytest

from service.settings import PREFIX, Settings, SettingsError, load

SECRET = "an open secret of thirty-two characters"
NEEDED = {"ONEREPLY_SECRET_KEY": SECRET}


def refused(**given: str) -> str:
    """The line that refuses the environment with ``given`` added."""
    with pytest.raises(SettingsError) as stopped:
        load({**NEEDED, **given})
    line = str(stopped.value)
    assert "\n" not in line and line.endswith(".")
    return line


def test_with_only_the_secret_key_every_setting_has_its_default() -> None:
    assert load({**NEEDED, "PATH": "/usr/bin", "ONE": "1"}) == Settings(secret_key=SECRET)


def test_every_setting_is_read_from_its_variable() -> None:
    given = {
        "secret_key": SECRET,
        "database_url": "postgresql://onereply@db/onereply",
        "base_url": "https://comments.gazette.example",
        "read_connections": "20",
        "max_streams": "200",
        "slow_statement_seconds": "0.25",
        "sweep_seconds": "0.5",
        "shutdown_seconds": "1",
        "max_connections": "300",
        "max_connections_per_address": "30",
        "open_request_limit_per_address": "600/minute",
        "limits_url": "redis://127.0.0.1:6379/1",
        "trusted_proxies": "10.0.0.0/8, ::1",
        "akismet_url": "https://akismet.gazette.example/api",
        "metrics_key": "sixteen letters or more",
        "allow_private_targets": "True",
        "webhooks_allow_private": "True",
        "explain_invalid_tokens": "True",
        "webhooks_retries": "0.5s 1m",
        "webhooks_in_serve": "True",
        "log_format": "json",
        "log_level": "debug",
    }
    assert given.keys() == {field.name for field in msgspec.structs.fields(Settings)}
    read = load({f"{PREFIX}{name.upper()}": value for name, value in given.items()})
    assert {name: str(value) for name, value in msgspec.to_builtins(read).items()} == given


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "too short"),
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "mysql://a/b"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "sqlite:///:memory:"),  # each connection would have a database of its own
        ("DATABASE_URL", "postgresql://"),
        ("DATABASE_URL", "postgresql://user:secret@host:port/name"),
        ("DATABASE_URL", "postgresql://user:secret@[::1/name"),
        ("DATABASE_URL", "postgresql://user:secret@host/name?sslmod=require"),
        ("BASE_URL", ""),
        ("BASE_URL", "comments.gazette.example"),
        ("BASE_URL", "ftp://comments.gazette.example"),
        ("BASE_URL", "https://"),
        ("BASE_URL", "https://gazette.example/comments?site=gazette"),
        ("BASE_URL", "https://gazette.example/a/../b"),
        ("BASE_URL", "https://[::1::2]"),
        ("BASE_URL", "https://gazette.example:99999"),
        ("BASE_URL", "https://gazette.example//comments"),
        ("BASE_URL", "https://gazette.example/com ments"),
        ("BASE_URL", "https://comments.gazette.example:port"),
        ("BASE_URL", "https://user:secret@comments.gazette.example"),
        ("BASE_URL", "https://comments.gazette.example\n"),
        ("READ_CONNECTIONS", "0"),
        ("READ_CONNECTIONS", "201"),
        ("READ_CONNECTIONS", "many"),
        ("READ_CONNECTIONS", "1.5"),
        ("READ_CONNECTIONS", ""),
        ("READ_CONNECTIONS", "9" * 400),
        ("SWEEP_SECONDS", "0"),
        ("SWEEP_SECONDS", "-1"),
        ("SWEEP_SECONDS", "3601"),
        ("SWEEP_SECONDS", "nan"),
        ("SWEEP_SECONDS", "inf"),
        ("SHUTDOWN_SECONDS", "0"),
        ("SHUTDOWN_SECONDS", "601"),
        ("SHUTDOWN_SECONDS", "soon"),
        ("WEBHOOKS_RETRIES", "5 s"),
        ("WEBHOOKS_RETRIES", "5s, 5m"),
        ("WEBHOOKS_RETRIES", "-5s"),
        ("WEBHOOKS_RETRIES", "1w"),
        ("WEBHOOKS_RETRIES", "9999999d"),
        ("WEBHOOKS_RETRIES", "999999d"),
        ("LOG_FORMAT", "xml"),
        ("LOG_FORMAT", "json\nx"),
        ("LOG_LEVEL", "INFO"),
        ("LOG_LEVEL", ""),
        ("AKISMET_URL", ""),
        ("AKISMET_URL", "rest.akismet.com"),
        ("AKISMET_URL", "https://"),
        ("AKISMET_URL", "ftp://rest.akismet.com"),
        ("AKISMET_URL", "http://rest.akismet.com"),
        ("AKISMET_URL", "http://127.0.0.1.example"),
        ("AKISMET_URL", "https://user:secret@rest.akismet.com"),
        ("AKISMET_URL", "https://rest.akismet.com:port"),
        ("AKISMET_URL", "https://rest.akismet.com/?key=1"),
        ("AKISMET_URL", "https://[::1"),
        ("METRICS_KEY", "too short"),
        ("ALLOW_PRIVATE_TARGETS", "some"),
        ("TRUSTED_PROXIES", "proxy.example"),
    ],
)
def test_an_invalid_value_is_refused_in_one_line_that_names_the_variable(name: str, value: str) -> None:
    line = refused(**{f"{PREFIX}{name}": value})
    assert line.startswith(f"{PREFIX}{name} ")
    assert "secret@" not in line and "too short" not in line


def test_the_line_about_a_database_url_names_the_parameter() -> None:
    line = refused(ONEREPLY_DATABASE_URL="postgresql://user:secret@host/name?sslmod=require")
    assert line.startswith("ONEREPLY_DATABASE_URL is invalid: “sslmod” is not a parameter of a PostgreSQL URL here;")


def test_serving_processes_deliver_webhooks_on_sqlite_only_by_default() -> None:
    for url, delivers in {"sqlite:///x.db": True, "sqlite+aiosqlite:///x.db": True, "postgres://h/x": False}.items():
        assert load({**NEEDED, "ONEREPLY_DATABASE_URL": url}).serving_delivers() is delivers


@pytest.mark.parametrize("url", ["https://gazette.example", "https://gazette.example/comments", "http://[::1]:80/a/b"])
def test_a_base_url_may_have_a_path_and_a_final_slash(url: str) -> None:
    assert load({**NEEDED, "ONEREPLY_BASE_URL": url}).base_url == url
    assert load({**NEEDED, "ONEREPLY_BASE_URL": f"{url}/"}).base_url == url


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://[::1]:8080/", "http://localhost"])
def test_akismet_on_this_machine_may_be_called_over_http(url: str) -> None:
    assert load({**NEEDED, "ONEREPLY_AKISMET_URL": url}).akismet_url == url


def test_an_unknown_variable_is_refused_by_name() -> None:
    for name in ("ONEREPLY_X", "ONEREPLY_SECRET", "ONEREPLY_", "ONEREPLY_DATABASE"):
        assert refused(**{name: "1"}).startswith(f"{name} is not a setting")


def test_a_setting_by_its_old_name_is_refused_with_its_new_name() -> None:
    line = refused(ONEREPLY_STOP_SECONDS="30")
    assert line == "ONEREPLY_STOP_SECONDS is now called ONEREPLY_SHUTDOWN_SECONDS."


def test_the_secret_is_required() -> None:
    with pytest.raises(
        SettingsError, match=r"ONEREPLY_SECRET_KEY is required: set it to at least 32 random characters"
    ):
        load({})
