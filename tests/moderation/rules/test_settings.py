"""Admins update site settings member by member; the decision log names the members."""

from typing import Any

from sqlalchemy import update

from service.app import create_app
from service.platform.sites.model import SiteRow
from service.settings import Settings
from tests.builders import ASite, Json
from tests.conftest import SECRET_KEY

NEWLINES = (
    *(("post_limit_per_address", "5/minute\n"), ("cors_origins", "https://gazette.example\n"), ("cors_origins", "*\n")),
    ("jwt_jwks_url", "https://gazette.example/keys\n"),
)


async def change(site: ASite, **settings: object) -> Json:
    answer = await site.call("PATCH", "/settings", by="admin", json=settings)
    assert answer.status_code == 200, answer.text
    settings_now: Json = answer.json()
    return settings_now


async def test_only_given_members_change_and_null_unsets(site: ASite) -> None:
    before = (await site.call("GET", "/settings", by="admin")).json()
    limited = await change(site, max_depth=2, post_limit_per_address="5/minute")
    assert limited == before | {"max_depth": 2, "post_limit_per_address": "5/minute"}
    assert await change(site, mode="hold") == limited | {"mode": "hold"}
    assert await change(site, post_limit_per_address=None) == before | {"max_depth": 2, "mode": "hold"}
    assert await change(site) == (await site.call("GET", "/settings", by="admin")).json()


async def test_an_invalid_setting_is_refused_with_its_pointer(site: ASite) -> None:
    invalid = (("mode", None), ("max_depth", 21), ("unknown", 1), ("post_limit_per_address", "often"))
    for member, value in (*invalid, *NEWLINES):
        refused = await site.call("PATCH", "/settings", by="admin", json={member: value})
        assert (refused.status_code, refused.json()["pointer"]) == (422, f"/{member}")


async def test_a_stored_setting_with_a_final_newline_still_counts(site: ASite) -> None:
    """An earlier release accepted it."""
    settings = '{"cors_origins": "https://gazette.example\\n", "post_limit_per_address": "5/minute\\n"}'
    async with site.app.state.database.write() as connection:
        await connection.execute(update(SiteRow).where(SiteRow.slug == site.slug).values(settings=settings))
    site.app.state.gate.sites.evict(site.slug)
    read = (await site.call("GET", "/settings", by="admin")).json()
    assert read["cors_origins"] == "https://gazette.example"
    assert read["post_limit_per_address"] == "5/minute"


async def test_origins_are_accepted_in_any_spelling_and_stored_in_one(site: ASite) -> None:
    spellings = "https://Gazette.example https://gazette.example:443/ https://gazette.example. http://пример.рф:8000"
    stored = await change(site, cors_origins=spellings)
    assert stored["cors_origins"] == "https://gazette.example http://xn--e1afmkfd.xn--p1ai:8000"
    assert (await change(site, cors_origins="*"))["cors_origins"] == "*"
    for invalid in (
        "https://gazette.example/a",
        "http://[",
        "https://a:b",
        "http://%",
        "ftp://a",
        "http://a\n",
        "http://.",
    ):
        refused = await site.call("PATCH", "/settings", by="admin", json={"cors_origins": invalid})
        assert (refused.status_code, refused.json()["pointer"]) == (422, "/cors_origins"), invalid


async def test_the_problem_of_an_invalid_setting_is_a_sentence(site: ASite) -> None:
    async def detail_of(method: str, path: str, **given: Any) -> str:
        answer: Json = (await site.call(method, path, by="admin", **given)).json()
        return str(answer["detail"])

    form = "It has an invalid format; see /docs for the valid one."
    assert await detail_of("PATCH", "/settings", json={"post_limit_per_address": "often"}) == form
    modes = "Invalid enum value 'never'; valid values: hold, hold-first-timers, publish."
    assert await detail_of("PATCH", "/settings", json={"mode": "never"}) == modes
    assert "valid values: delete, feature, hold, publish" in await detail_of(
        "POST", "/decisions", json={"action": "x", "comments": []}
    )
    assert "valid values: hold, reject." in await detail_of("POST", "/rules/try", json={"rules": {"duplicates": "x"}})
    assert "valid values: newest, oldest." in await detail_of("GET", "/queue", params={"order": "x"})
    assert await detail_of("GET", "/queue", params={"sort": "x"}) == "“sort” is not a parameter of this route."


async def test_the_log_names_the_changed_settings_and_rules(site: ASite) -> None:
    await change(site, max_depth=2, mode="hold")
    await change(site, max_depth=2)
    await site.call("PUT", "/rules", by="admin", json={"max_length": 100, "hold_words": ["casino"]})
    await site.call("PUT", "/rules", by="admin", json={"hold_words": ["casino"]})
    log = (await site.call("GET", "/decisions", by="moderator")).json()["decisions"]
    assert [each["reason"] for each in log] == ["max_length", "hold_words, max_length", None, "mode, max_depth"]


async def test_a_url_that_nobody_can_call_is_refused(site: ASite) -> None:
    for name in ("jwt_jwks_url", "sign_in_url", "screening_webhook_url"):
        for url in ("https://a..example/", "https://a.example:65536/", "https://[::1]x/", "https://%31.0.0.1/"):
            refused = await site.call("PATCH", "/settings", by="admin", json={name: url})
            assert (refused.status_code, refused.json()["pointer"]) == (422, f"/{name}"), url
    kept = "https://Gazette.example/login?next={return_url}"
    assert (await change(site, sign_in_url=kept))["sign_in_url"] == kept
    assert (await change(site, jwt_jwks_url="https://ПРИМЕР.рф/keys"))["jwt_jwks_url"] == (
        "https://xn--e1afmkfd.xn--p1ai/keys"
    )


async def test_the_jwks_url_must_be_https_unless_private_targets_are_allowed(site: ASite, database_url: str) -> None:
    http = {"jwt_jwks_url": "http://gazette.example/jwks"}
    refused = await site.call("PATCH", "/settings", by="admin", json=http)
    assert (refused.status_code, refused.json()["pointer"]) == (422, "/jwt_jwks_url")
    settings = Settings(secret_key=SECRET_KEY, database_url=database_url, allow_private_targets=True)
    trusting = create_app(settings)
    assert (await change(site.at(trusting), **http))["jwt_jwks_url"] == http["jwt_jwks_url"]
    await trusting.state.database.close()
    assert (await change(site, mode="hold"))["jwt_jwks_url"] == http["jwt_jwks_url"]
