"""A site's secrets are generated or read from standard input, shown once, and stored sealed."""

import asyncio
import re

import pytest
from sqlalchemy import select

from service.platform.events.model import DecisionRow
from service.platform.sites.edit_site import find_site
from service.platform.sites.model import SecretName
from service.platform.sites.site_secrets import Secrets
from service.platform.storage.engine import Database
from tests.cli.test_commands import SECRET, Command, command_line, done, stopped

A_SECRET = "what the host and this site share, and nobody else"


@pytest.fixture
def onereply(fresh_database_url: str) -> Command:
    """The command line on a migrated database with the site ``gazette``."""
    run = command_line(fresh_database_url)
    done(run("site", "add", "gazette", "--name", "The Gazette"))
    return run


def stored(url: str, name: SecretName, *, secret_key: str = SECRET) -> str | None:
    """The secret of ``gazette``, as a serving process reads it."""

    async def operation() -> str | None:
        database = Database(url, read_connections=1)
        async with database.read() as connection:
            site = await find_site(connection, "gazette")
        try:
            return await Secrets(database, secret_key).find(site, name)
        finally:
            await database.close()

    return asyncio.run(operation())


def test_a_secret_is_generated_and_printed_alone_on_the_last_line(onereply: Command, fresh_database_url: str) -> None:
    printed = done(onereply("site", "secret", "gazette", "host-token"))
    assert re.fullmatch(r"[\w-]{43}\n", printed)
    assert stored(fresh_database_url, "host-token") == printed.strip()
    assert stored(fresh_database_url, "akismet-key") is None
    assert done(onereply("site", "secret", "gazette", "host-token")) != printed


def test_an_article_webhook_secret_has_the_format_of_standard_webhooks(
    onereply: Command, fresh_database_url: str
) -> None:
    printed = done(onereply("site", "secret", "gazette", "article-webhooks"))
    assert re.fullmatch(r"whsec_[\w+/]{43}=\n", printed)
    assert stored(fresh_database_url, "article-webhooks") == printed.strip()
    own = "whsec_" + "QUJD" * 8
    done(onereply("site", "secret", "gazette", "article-webhooks", "--set", typed=f"{own}\n"))
    assert stored(fresh_database_url, "article-webhooks") == own
    for text in ("", own[6:], "whsec_QUJD", "whsec_" + "?" * 40):
        line = stopped(onereply("site", "secret", "gazette", "article-webhooks", "--set", typed=text))
        assert line.startswith("A webhook secret must be") and (not text or text not in line)
    assert stored(fresh_database_url, "article-webhooks") == own


def test_a_screening_webhook_gets_a_secret_and_a_public_url(onereply: Command, fresh_database_url: str) -> None:
    printed = done(onereply("site", "secret", "gazette", "screening-webhook"))
    assert re.fullmatch(r"whsec_[\w+/]{43}=\n", printed)
    assert stored(fresh_database_url, "screening-webhook") == printed.strip()
    assert stopped(onereply("site", "secret", "gazette", "screening-webhook", "--set", typed="short"))
    done(onereply("site", "set", "gazette", "screening_webhook_url=https://screening.gazette.example/a"))
    for url in ("http://127.0.0.1/", "http://[::1]:80/", "http://localhost/"):
        line = stopped(onereply("site", "set", "gazette", f"screening_webhook_url={url}"))
        assert line == "screening_webhook_url: Its host has a private address."
    assert "screening_webhook_url=https://screening.gazette.example/a" in done(onereply("site", "list"))


def test_a_secret_is_read_from_standard_input_and_never_printed(onereply: Command, fresh_database_url: str) -> None:
    for name, text in (("host-token", A_SECRET), ("akismet-key", "c0ffee")):
        result = onereply("site", "secret", "gazette", name, "--set", typed=f"{text}\n")
        assert text not in done(result) + result.stderr + done(onereply("site", "list"))
    assert stored(fresh_database_url, "host-token") == A_SECRET
    assert stored(fresh_database_url, "akismet-key") == "c0ffee"


def test_changes_of_secrets_keys_and_accounts_are_in_the_decision_log(
    onereply: Command, fresh_database_url: str
) -> None:
    done(onereply("site", "secret", "gazette", "akismet-key", "--set", typed="c0ffee"))
    done(onereply("site", "secret", "gazette", "akismet-key", "--remove"))
    stopped(onereply("site", "secret", "gazette", "akismet-key", "--remove"))
    key = done(onereply("key", "add", "gazette", "--role", "host")).splitlines()[-1].split("_")[1]
    done(onereply("key", "revoke", "gazette", key))
    done(onereply("moderator", "add", "gazette", "Maria", "--role", "moderator", typed="a long password\n"))
    done(onereply("moderator", "limit", "gazette", "maria", "--section", "city"))
    done(onereply("moderator", "remove", "gazette", "Maria"))

    async def read_log() -> list[tuple[str, str | None]]:
        database = Database(fresh_database_url)
        try:
            async with database.read() as connection:
                columns = (DecisionRow.action, DecisionRow.reason, DecisionRow.by_kind, DecisionRow.decided_by)
                rows = (await connection.execute(select(*columns).order_by(DecisionRow.id))).all()
        finally:
            await database.close()
        assert {(row.by_kind, row.decided_by) for row in rows} == {("operator", None)}
        return [(row.action, row.reason) for row in rows]

    assert asyncio.run(read_log()) == [
        ("settings", "secret akismet-key"),
        ("settings", "secret akismet-key"),
        ("add-key", f"{key} (host)"),
        ("revoke-key", key),
        ("add-moderator", "Maria (moderator)"),
        ("change-moderator", "Maria: sections"),
        ("remove-moderator", "Maria"),
    ]


def test_a_secret_is_removed_once(onereply: Command, fresh_database_url: str) -> None:
    done(onereply("site", "secret", "gazette", "akismet-key", "--set", typed="c0ffee"))
    done(onereply("site", "secret", "gazette", "akismet-key", "--remove"))
    assert stored(fresh_database_url, "akismet-key") is None
    assert stopped(onereply("site", "secret", "gazette", "akismet-key", "--remove")).endswith("no secret akismet-key.")


def test_an_invalid_secret_of_a_site_is_refused_and_not_shown(onereply: Command, fresh_database_url: str) -> None:
    for name, text in (
        ("host-token", "too short a secret"),
        ("host-token", ""),
        ("host-token", "x" * 1001),
        ("host-token", f"{A_SECRET}\nand more"),
        ("akismet-key", ""),
        ("akismet-key", "c0\tffee"),
    ):
        line = stopped(onereply("site", "secret", "gazette", name, "--set", typed=text))
        assert line.startswith(f"The secret “{name}” must be one line") and (not text or text not in line)
    assert stored(fresh_database_url, "host-token") is stored(fresh_database_url, "akismet-key") is None


def test_a_secret_of_an_unknown_site_or_name_is_refused(onereply: Command) -> None:
    assert stopped(onereply("site", "secret", "herald", "host-token")) == "There is no site “herald”."
    for arguments in (
        ("gazette", "password"),
        ("gazette", "akismet-key"),
        ("gazette", "host-token", "--set", "--remove"),
        ("gazette", "host-token", "--set", A_SECRET),
    ):
        result = onereply("site", "secret", *arguments)
        assert (result.exit_code, "Usage:" in result.stderr) == (2, True)


def test_another_secret_key_opens_nothing(onereply: Command, fresh_database_url: str) -> None:
    done(onereply("site", "secret", "gazette", "host-token"))
    assert stored(fresh_database_url, "host-token", secret_key="another secret of thirty-two characters") is None


def test_the_keys_of_a_host_come_by_https_only(onereply: Command, fresh_database_url: str) -> None:
    http = "jwt_jwks_url=http://gazette.example/jwks"
    assert "https" in stopped(onereply("site", "set", "gazette", http))
    done(onereply("site", "set", "gazette", "jwt_jwks_url=https://gazette.example/jwks"))
    done(command_line(fresh_database_url, ONEREPLY_ALLOW_PRIVATE_TARGETS="true")("site", "set", "gazette", http))
    for url in (
        "https://user:pass@a.example/",
        "gazette.example",
        "https:///jwks",
        "ftp://a/",
        "https://a/ b",
        "",
    ):
        assert "jwt_jwks_url" in stopped(onereply("site", "set", "gazette", f"jwt_jwks_url={url}"))
