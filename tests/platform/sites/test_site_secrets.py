"""Stored secrets are encrypted: the database alone reveals nothing, and a secret opens only for its site and name."""

import pytest
from sqlalchemy import select, text

from service.platform.sites.edit_site import find_site
from service.platform.sites.model import SecretRow
from service.platform.sites.site_lookup import Site
from service.platform.sites.site_secrets import Secrets, remove_secret, set_secret
from service.platform.storage.engine import Database
from service.platform.storage.seal import Seal, UnsealError
from tests.builders import ASite
from tests.conftest import SECRET_KEY

A_SECRET = "what the host and this site share, and nobody else"


def database_of(site: ASite) -> Database:
    database: Database = site.app.state.database
    return database


async def found(site: ASite) -> Site:
    async with database_of(site).read() as connection:
        return await find_site(connection, site.slug)


async def share(site: ASite, secret: str | None) -> None:
    async with database_of(site).write() as connection:
        of = await find_site(connection, site.slug)
        if secret is None:
            assert await remove_secret(connection, of, "host-token")
        else:
            await set_secret(connection, of, "host-token", secret, secret_key=SECRET_KEY)


async def test_each_process_reads_a_new_secret_when_the_sites_revision_changes(site: ASite) -> None:
    secrets, others = Secrets(database_of(site), SECRET_KEY), Secrets(database_of(site), SECRET_KEY)
    for secret in (None, A_SECRET, A_SECRET[::-1], None):
        if secret or await secrets.find(await found(site), "host-token"):
            await share(site, secret)
        for process in (secrets, others):
            assert await process.find(await found(site), "host-token") == secret


async def test_an_unchanged_secret_is_cached(site: ASite, monkeypatch: pytest.MonkeyPatch) -> None:
    await share(site, A_SECRET)
    secrets, of = Secrets(database_of(site), SECRET_KEY), await found(site)
    assert await secrets.find(of, "host-token") == A_SECRET
    assert await secrets.find(of, "akismet-key") is None
    monkeypatch.setattr(Database, "read", None)
    assert await secrets.find(of, "host-token") == A_SECRET
    assert await secrets.find(of, "akismet-key") is None


async def test_the_database_contains_no_plain_text_of_a_secret(site: ASite) -> None:
    await share(site, A_SECRET)
    of = await found(site)
    async with database_of(site).read() as connection:
        sealed = await connection.scalar(select(SecretRow.sealed).where(SecretRow.site_id == of.id))
    assert sealed is not None
    assert all(word.encode() not in sealed for word in A_SECRET.split())


async def test_a_secret_copied_to_another_row_can_not_be_decrypted(site: ASite) -> None:
    await share(site, A_SECRET)
    of = await found(site)
    async with database_of(site).write() as connection:
        moved = text("UPDATE site_secrets SET name = 'akismet-key' WHERE site_id = :site")
        await connection.execute(moved, {"site": of.id})
    assert await Secrets(database_of(site), SECRET_KEY).find(of, "akismet-key") is None


def test_ciphertexts_differ_and_any_change_is_detected() -> None:
    seal = Seal(SECRET_KEY, purpose="a test")
    sealed = seal.close(A_SECRET, about="1 host-token")
    assert sealed != seal.close(A_SECRET, about="1 host-token")
    assert seal.open(sealed, about="1 host-token") == A_SECRET
    broken = [sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in range(len(sealed))]
    for each in [*broken, b"", sealed[:12], sealed[:-1], sealed + b"x"]:
        with pytest.raises(UnsealError):
            seal.open(each, about="1 host-token")
    for other in (Seal(SECRET_KEY, purpose="another"), Seal(SECRET_KEY[::-1], purpose="a test")):
        with pytest.raises(UnsealError):
            other.open(sealed, about="1 host-token")
    with pytest.raises(UnsealError):
        seal.open(sealed, about="2 host-token")
