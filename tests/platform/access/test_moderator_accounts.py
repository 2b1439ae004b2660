"""Moderator accounts: names are unique at a site in any case or form, and removed accounts stay listed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from service.platform.access.moderator_accounts import (
    InvalidModerator,
    add_moderator,
    change_password,
    find_account,
    list_moderators,
    names_of,
    remove_moderator,
)
from service.platform.sites.edit_site import find_site
from service.platform.sites.site_lookup import Site
from tests.builders import ASite, a_moderator, a_site


@asynccontextmanager
async def writing(site: ASite) -> AsyncIterator[tuple[AsyncConnection, Site]]:
    """A write transaction, and the site as of it."""
    async with site.app.state.database.write() as connection:
        yield connection, await find_site(connection, site.slug)


@pytest.mark.parametrize("again", ["Maria", "MARIA", "  maria ", "Ｍａｒｉａ", "Mar\u200bia"])
async def test_a_name_is_unique_in_any_case_and_form(site: ASite, again: str) -> None:
    await a_moderator(site, "Maria")
    with pytest.raises(InvalidModerator, match="already"):
        await a_moderator(site, again)
    async with a_site(site.app) as other:
        await a_moderator(other, again)


async def test_a_blank_or_too_long_name_is_refused(site: ASite) -> None:
    for name in ("", " ", "\u200b", "x" * 101, "\ufdfa" * 50):  # the last is a whole sentence each
        with pytest.raises(InvalidModerator):
            await a_moderator(site, name)
    await a_moderator(site, "ё" * 100)


async def test_an_account_is_found_by_its_name_in_any_case_and_form(site: ASite) -> None:
    moderator_id = await a_moderator(site, "Élodie  Weiß")
    async with writing(site) as (connection, found):
        for typed in ("Élodie Weiß", "e\u0301lodie weiss", " ÉLODIE WEISS"):
            account = await find_account(connection, found.id, typed)
            assert account and (account.id, account.name) == (moderator_id, "Élodie Weiß")
        for typed in ("Elodie Weiß", "", "Élodie", "\x00", "x" * 10_000):
            assert await find_account(connection, found.id, typed) is None


async def test_a_removed_account_frees_its_name_and_stays_listed(site: ASite) -> None:
    first = await a_moderator(site, "Maria")
    async with writing(site) as (connection, found):
        await remove_moderator(connection, found.id, "MARIA")
        assert await find_account(connection, found.id, "Maria") is None
    second = await a_moderator(site, "maria", role="admin")
    async with writing(site) as (connection, found):
        assert await names_of(connection, found) == {first: "Maria", second: "maria"}
        listed = await list_moderators(connection, found.id)
    assert [(one.id, one.role, one.removed_at is None) for one in listed] == [
        (first, "moderator", False),
        (second, "admin", True),
    ]


async def test_a_missing_account_can_not_be_changed(site: ASite) -> None:
    async with a_site(site.app) as other:
        await a_moderator(other, "Maria")
        for name in ("Maria", "", "Nobody"):
            async with writing(site) as (connection, found):
                with pytest.raises(InvalidModerator, match="There is no moderator"):
                    await change_password(connection, found.id, name, password_hash="another")
                with pytest.raises(InvalidModerator, match="There is no moderator"):
                    await remove_moderator(connection, found.id, name)
        async with writing(other) as (connection, found):
            account = await find_account(connection, found.id, "Maria")
            assert account and account.password_hash != "another"


async def test_a_duplicate_name_does_not_change_the_first_account(site: ASite) -> None:
    await a_moderator(site, "Maria")
    with pytest.raises(InvalidModerator):
        async with writing(site) as (connection, found):
            await add_moderator(connection, found.id, "maria", role="admin", password_hash="another")
    async with writing(site) as (connection, found):
        account = await find_account(connection, found.id, "Maria")
        assert account and (account.role, account.password_hash != "another") == ("moderator", True)
