"""Admins set a site otherwise, member by member, and the log of decisions says what."""

from typing import Any

from service.app import create_app
from service.settings import Settings
from tests.builders import ASite, Json
from tests.conftest import SECRET_KEY


async def change(site: ASite, **settings: object) -> Json:
    answer = await site.call("PATCH", "/settings", by="admin", json=settings)
    assert answer.status_code == 200, answer.text
    settings_now: Json = answer.json()
    return settings_now


async def test_only_what_is_given_is_changed_and_null_unsets(site: ASite) -> None:
    before = (await site.call("GET", "/settings", by="admin")).json()
    limited = await change(site, max_depth=2, post_limit_per_address="5/minute")
    assert limited == before | {"max_depth": 2, "post_limit_per_address": "5/minute"}
    assert await change(site, mode="hold") == limited | {"mode": "hold"}
    assert await change(site, post_limit_per_address=None) == before | {"max_depth": 2, "mode": "hold"}
    assert await change(site) == (await site.call("GET", "/settings", by="admin")).json()


async def test_what_no_site_can_be_set_to_is_refused_by_its_member(site: ASite) -> None:
    for member, value in (("mode", None), ("max_depth", 21), ("unknown", 1), ("post_limit_per_address", "often")):
        refused = await site.call("PATCH", "/settings", by="admin", json={member: value})
        assert (refused.status_code, refused.json()["pointer"]) == (422, f"/{member}")


async def test_what_does_not_fit_is_told_in_words(site: ASite) -> None:
    async def told(method: str, path: str, **given: Any) -> str:
        answer: Json = (await site.call(method, path, by="admin", **given)).json()
        return str(answer["detail"])

    form = "It has an invalid format; see /docs for the valid one."
    assert await told("PATCH", "/settings", json={"post_limit_per_address": "often"}) == form
    modes = "Invalid enum value 'never'; valid values: hold, hold-first-timers, publish."
    assert await told("PATCH", "/settings", json={"mode": "never"}) == modes
    assert "valid values: delete, publish" in await told("POST", "/decisions", json={"action": "x", "comments": []})
    assert "valid values: hold, reject." in await told("POST", "/rules/try", json={"rules": {"duplicates": "x"}})
    assert "valid values: newest, oldest." in await told("GET", "/queue", params={"order": "x"})
    assert await told("GET", "/queue", params={"sort": "x"}) == "“sort” is not a parameter of this route."


async def test_the_log_names_the_settings_and_the_rules_that_were_changed(site: ASite) -> None:
    await change(site, max_depth=2, mode="hold")
    await change(site, max_depth=2)
    await site.call("PUT", "/rules", by="admin", json={"max_length": 100, "hold_words": ["casino"]})
    await site.call("PUT", "/rules", by="admin", json={"hold_words": ["casino"]})
    log = (await site.call("GET", "/decisions", by="moderator")).json()["decisions"]
    assert [each["reason"] for each in log] == ["max_length", "hold_words, max_length", None, "mode, max_depth"]


async def test_the_keys_of_a_host_come_by_https_only_but_where_private_targets_are_allowed(
    site: ASite, database_url: str
) -> None:
    http = {"jwt_jwks_url": "http://gazette.example/jwks"}
    refused = await site.call("PATCH", "/settings", by="admin", json=http)
    assert (refused.status_code, refused.json()["pointer"]) == (422, "/jwt_jwks_url")
    settings = Settings(secret_key=SECRET_KEY, database_url=database_url, allow_private_targets=True)
    trusting = create_app(settings)
    assert (await change(site.at(trusting), **http))["jwt_jwks_url"] == http["jwt_jwks_url"]
    await trusting.state.database.close()
    assert (await change(site, mode="hold"))["jwt_jwks_url"] == http["jwt_jwks_url"]
