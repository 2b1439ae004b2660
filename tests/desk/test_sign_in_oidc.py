"""Sign in to the desk through an OpenID provider: each wrong answer is refused, and nothing is lost."""

import asyncio
import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import httpx2
import msgspec
import pytest
import structlog
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import select
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse

from service.app import App, create_app
from service.platform.access import oidc_provider
from service.platform.access.model import PendingSignInRow
from service.platform.access.moderator_accounts import list_moderators, remove_moderator
from service.platform.access.pending_sign_ins import prune_sign_ins
from service.platform.sites.edit_site import find_site
from service.platform.sites.site_secrets import set_secret
from service.platform.sites.site_settings import OidcRole
from tests.builders import ASite, Clock, a_moderator, cheap_passwords, try_log_in
from tests.conftest import SECRET_KEY, an_installation
from tests.desk.a_desk_client import text_of
from tests.desk.a_provider import CLIENT_ID, AProvider, a_provider
from tests.desk.a_visitor import AVisitor, a_visitor, hidden

ROLES = {
    "newsroom": OidcRole("moderator"),
    "sport": OidcRole("moderator", ["sport"]),
    "city": OidcRole("moderator", ["city"]),
    "editors": OidcRole("admin"),
}
NOT_SIGNED_IN, DOWN = "did not sign you in", "can’t be reached now"


@pytest.fixture(scope="module")
async def app(database_url: str) -> AsyncIterator[App]:
    """The real app, which may call this machine."""
    settings = msgspec.structs.replace(an_installation(database_url), allow_private_targets=True)
    app = create_app(settings, passwords=cheap_passwords())
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def provider(site: ASite) -> AsyncIterator[AProvider]:
    """The provider of the site."""
    async with a_provider() as provider:
        await site.set(oidc_issuer=provider.issuer, oidc_client_id=CLIENT_ID, oidc_roles=ROLES)
        yield provider


async def leave(visitor: AVisitor, page: httpx2.Response) -> str:
    """Choose the provider on ``page``; return where the browser is led to."""
    sent = await visitor.send("sign-in/oidc", hidden(page))
    assert sent.status_code == 200, text_of(sent)
    [url] = re.findall(r'http-equiv="refresh" content="0;url=([^"]*)"', sent.text)
    return unescape(url)


async def sign_in(provider: AProvider, visitor: AVisitor, page: httpx2.Response | None = None) -> httpx2.Response:
    url = await leave(visitor, page or await visitor.get("sign-in"))
    return await visitor.get(provider.authorize(url))


async def moderators_of(site: ASite) -> dict[str, tuple[str, Any]]:
    async with site.app.state.database.read() as connection:
        listed = await list_moderators(connection, (await find_site(connection, site.slug)).id)
    return {each.name: (each.role, each.sections) for each in listed}


async def test_the_first_sign_in_makes_an_account_and_leads_back(site: ASite, provider: AProvider) -> None:
    visitor = a_visitor(site)
    asked = await visitor.get("queue?tab=spam")
    assert f"Sign in with {provider.issuer.removeprefix('http://')}" in text_of(asked)
    done = await sign_in(provider, visitor, asked)
    assert (done.status_code, done.headers["location"]) == (303, visitor.path("queue?tab=spam"))
    assert (await visitor.get("queue")).status_code == 200
    assert await moderators_of(site) == {"Maria": ("moderator", None)}
    account = text_of(await visitor.get("account"))
    assert "by provider" in account and "You sign in through a provider" in account
    assert (await try_log_in(site)).status_code == 401, "it has no password"


async def test_role_and_sections_follow_the_provider(site: ASite, provider: AProvider) -> None:
    for groups, expected in (
        (["sport"], ("moderator", ("sport",))),
        (["sport", "city", "unknown"], ("moderator", ("city", "sport"))),
        (["sport", "newsroom"], ("moderator", None)),
        ("editors", ("admin", None)),
        (["newsroom"], ("moderator", None)),
    ):
        provider.claims["groups"] = groups
        assert (await sign_in(provider, a_visitor(site))).status_code == 303
        assert await moderators_of(site) == {"Maria": expected}
    listed = (await site.call("GET", "/decisions", by="admin")).json()["decisions"]
    logged = [(each["action"], each["reason"]) for each in reversed(listed)]
    assert logged == [
        ("add-moderator", "Maria (moderator)"),
        ("change-moderator", "Maria: sections"),
        ("change-moderator", "Maria: sections"),
        ("change-moderator", "Maria: role"),
        ("change-moderator", "Maria: role"),
    ]
    assert {each["decided_by"]["name"] for each in listed} == {"Maria"}


async def test_without_a_known_role_nobody_gets_in_and_sessions_end(site: ASite, provider: AProvider) -> None:
    visitor = a_visitor(site)
    await sign_in(provider, visitor)
    for groups in (["readers"], [], None, 1, {"newsroom": True}, [["newsroom"]]):
        provider.claims["groups"] = groups
        refused = await sign_in(provider, a_visitor(site))
        assert (refused.status_code, "This account may not moderate here." in text_of(refused)) == (403, True)
    assert (await visitor.get("queue")).status_code == 401
    assert len(await moderators_of(site)) == 1


async def test_a_claim_may_be_in_an_object_or_have_dots(site: ASite, provider: AProvider) -> None:
    roles = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT_ID, "oidc_roles": ROLES}
    for name, claims in (
        ("realm_access.roles", {"realm_access": {"roles": ["editors"]}}),
        ("https://gazette.example/roles", {"https://gazette.example/roles": "editors"}),
    ):
        await site.set(**roles, oidc_role_claim=name)
        provider.claims = {"sub": name, "name": name, **claims}
        assert (await sign_in(provider, a_visitor(site))).status_code == 303
        assert (await moderators_of(site))[name] == ("admin", None)


async def test_claims_may_come_from_the_user_info(site: ASite, provider: AProvider) -> None:
    provider.claims = {"sub": "42"}
    provider.user_info = {"sub": "42", "name": "Maria", "groups": ["editors"]}
    assert (await sign_in(provider, a_visitor(site))).status_code == 303
    assert await moderators_of(site) == {"Maria": ("admin", None)}
    assert provider.asked[-1][2] == "Bearer access"
    provider.user_info["sub"] = "43"
    assert NOT_SIGNED_IN in text_of(await sign_in(provider, a_visitor(site)))


async def test_nobody_gets_anothers_account_by_their_name(site: ASite, provider: AProvider) -> None:
    await a_moderator(site, "Maria", role="admin")
    assert (await sign_in(provider, a_visitor(site))).status_code == 303
    provider.claims |= {"sub": "43", "name": " MARIA "}
    assert (await sign_in(provider, a_visitor(site))).status_code == 303
    found = await moderators_of(site)
    assert found == {"Maria": ("admin", None), "Maria (2)": ("moderator", None), "MARIA (3)": ("moderator", None)}
    for number, name in enumerate(("", "x" * 500, 1, None, "\u202e")):
        provider.claims |= {"sub": f"subject {number}", "name": name}
        assert (await sign_in(provider, a_visitor(site))).status_code == 303, name


async def test_a_removed_account_stays_out(site: ASite, provider: AProvider) -> None:
    await sign_in(provider, a_visitor(site))
    async with site.app.state.database.write() as connection:
        await remove_moderator(connection, (await find_site(connection, site.slug)).id, "Maria")
    refused = await sign_in(provider, a_visitor(site))
    assert (refused.status_code, "This account may not moderate here." in text_of(refused)) == (403, True)


@pytest.mark.parametrize(
    ("part", "claims"),
    [
        ("nonce", {"nonce": "of another sign-in"}),
        ("nonce", {"nonce": None}),
        ("aud", {"aud": "another-client"}),
        ("aud", {"aud": None}),
        ("azp", {"aud": [CLIENT_ID, "another-client"]}),
        ("azp", {"azp": "another-client"}),
        ("iss", {"iss": "https://evil.example"}),
        ("exp", {"exp": 1}),
        ("exp", {"exp": None}),
        ("sub", {"sub": None}),
        ("sub", {"sub": "x" * 256}),
        ("nbf", {"nbf": 99_999_999_999}),
    ],
)
async def test_a_token_that_is_not_for_this_sign_in_is_refused(
    site: ASite, provider: AProvider, part: str, claims: dict[str, Any]
) -> None:
    provider.claims |= claims
    visitor = a_visitor(site)
    with structlog.testing.capture_logs() as log:
        refused = await sign_in(provider, visitor, await visitor.send("decisions", [("note", "Mine.")]))
    assert (refused.status_code, NOT_SIGNED_IN in text_of(refused)) == (403, True)
    assert [line["part"] for line in log if line["event"] == "oidc-token-refused"] == [part]
    assert ("kept.note", "Mine.") in hidden(refused)
    assert (await visitor.get("queue")).status_code == 401
    assert await moderators_of(site) == {}


async def test_only_a_signature_by_the_providers_key_counts(site: ASite, provider: AProvider) -> None:
    shared = OctKey.import_key("a secret that the client and the provider share")
    for algorithm, key in (("RS256", RSAKey.generate_key(2048, {"kid": "1"})), ("HS256", shared)):
        provider.algorithm, provider.signs_with = algorithm, key
        refused = await sign_in(provider, a_visitor(site))
        assert (refused.status_code, NOT_SIGNED_IN in text_of(refused)) == (403, True), algorithm


async def test_another_browsers_answer_does_not_fit(site: ASite, provider: AProvider) -> None:
    visitor, victim = a_visitor(site), a_visitor(site)
    back = provider.authorize(await leave(visitor, await visitor.get("sign-in")))
    await leave(victim, await victim.get("sign-in"))
    refused = await victim.get(back)
    assert (refused.status_code, "That took too long" in text_of(refused)) == (400, True)
    for query in ("", "?code=a", "?state=b&code=a", "?state=%00&code=a", "?state=é&code=a", "?error=access_denied"):
        assert (await victim.get(f"sign-in/oidc{query}")).status_code == 400
    url = httpx2.URL(f"http://x{back}")
    similar = url.params["state"][:8] + "x" * 35
    assert (await visitor.get("sign-in/oidc", params={"state": similar, "code": "a"})).status_code == 400
    copied = a_visitor(site)
    copied.client.cookies = httpx2.Cookies(visitor.client.cookies)
    assert (await visitor.get(back)).status_code == 303
    assert (await copied.get(back)).status_code == 400, "it counts once"


async def test_two_windows_sign_in_without_disturbing_each_other(site: ASite, provider: AProvider) -> None:
    visitor = a_visitor(site)
    first = provider.authorize(await leave(visitor, await visitor.send("decisions", [("note", "First.")])))
    second = provider.authorize(await leave(visitor, await visitor.send("decisions", [("note", "Second.")])))
    assert ("note", "First.") in hidden(await visitor.get(first))
    assert ("note", "Second.") in hidden(await visitor.get(second))


async def test_a_provider_that_refuses_gets_the_form_back(site: ASite, provider: AProvider) -> None:
    visitor = a_visitor(site)
    back = provider.authorize(await leave(visitor, await visitor.send("decisions", [("note", "Mine.")])))
    state = httpx2.URL(f"http://x{back}").params["state"]
    refused = await visitor.get("sign-in/oidc", params={"state": state, "error": "access_denied"})
    assert (refused.status_code, ("kept.note", "Mine.") in hidden(refused)) == (403, True)


async def test_a_long_form_is_kept_for_a_browser_that_signed_in_before(site: ASite, provider: AProvider) -> None:
    long = [(f"field-{number}", "x" * 500) for number in range(1_500)]
    stranger = a_visitor(site)
    refused = await stranger.send("sign-in/oidc", hidden(await stranger.send("decisions", long)))
    assert (refused.status_code, "too long to keep" in text_of(refused)) == (413, True)
    assert ("kept.field-1499", "x" * 500) in hidden(refused)
    known = a_visitor(site)
    await sign_in(provider, known)
    await known.send("sign-out", [])
    again = await sign_in(provider, known, await known.send("decisions", long))
    assert [each for each in hidden(again) if each[0] != "csrf"] == long


async def test_a_provider_that_is_down_has_a_clear_page(
    site: ASite, provider: AProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = a_visitor(site)
    asked = await visitor.send("decisions", [("note", "Mine.")])
    known, metadata = "/.well-known/openid-configuration", provider._metadata
    for answer in (
        PlainTextResponse("", 500),
        PlainTextResponse("<html>"),
        RedirectResponse(f"{provider.issuer}/elsewhere"),
        JSONResponse({}),
        JSONResponse(metadata() | {"issuer": "https://evil.example"}),
        JSONResponse(metadata() | {"authorization_endpoint": "javascript:alert(1)"}),
        PlainTextResponse("x" * (oidc_provider.MAX_BYTES + 1)),
        JSONResponse(metadata(), headers={"content-encoding": "gzip"}),
    ):
        provider.answers[known] = answer
        refused = await visitor.send("sign-in/oidc", hidden(asked))
        assert (refused.status_code, DOWN in text_of(refused)) == (502, True)
        assert ("kept.note", "Mine.") in hidden(refused)
        site.app.state.gate.limits._counts.clear()
    del provider.answers[known]
    for path, answer in (
        ("/token", PlainTextResponse("", 500)),
        ("/token", PlainTextResponse("no json")),
        ("/token", JSONResponse({"access_token": "a", "token_type": "Bearer"})),
        ("/jwks", PlainTextResponse("", 404)),
    ):
        provider.answers = {path: answer}
        site.app.state.oidc._key_sets._cached.clear()
        site.app.state.gate.limits._counts.clear()
        refused = await sign_in(provider, visitor, asked)
        assert (refused.status_code, DOWN in text_of(refused)) == (502, True), path
        assert ("kept.note", "Mine.") in hidden(refused)
    provider.silent = asyncio.Event()
    site.app.state.oidc._cached.clear()
    monkeypatch.setattr(oidc_provider, "TIMEOUT_SECONDS", 0.05)
    refused = await visitor.send("sign-in/oidc", hidden(asked))
    assert (refused.status_code, DOWN in text_of(refused)) == (502, True)


async def test_a_code_that_the_provider_does_not_know_is_refused(site: ASite, provider: AProvider) -> None:
    provider.answers["/token"] = JSONResponse({"error": "invalid_grant"}, 400)
    refused = await sign_in(provider, a_visitor(site))
    assert (refused.status_code, NOT_SIGNED_IN in text_of(refused)) == (403, True)


async def test_the_clients_secret_goes_to_the_provider_alone(site: ASite, provider: AProvider) -> None:
    await sign_in(provider, a_visitor(site))
    [(form, authorization)] = [each[1:] for each in provider.asked if each[0] == "/token"]
    assert (authorization, "code_verifier" in form, "client_id" in form) == ("", True, True)
    async with site.app.state.database.write() as connection:
        found = await find_site(connection, site.slug)
        await set_secret(connection, found, "oidc-client", "the client's secret", secret_key=SECRET_KEY)
    site.app.state.gate.sites.evict(site.slug)
    provider.asked.clear()
    page = await sign_in(provider, a_visitor(site))
    authorizations = {path: authorization for path, _, authorization in provider.asked}
    assert authorizations["/token"].startswith("Basic ") and "client's secret" not in page.text


async def test_signing_out_offers_to_sign_out_of_the_provider(site: ASite, provider: AProvider) -> None:
    visitor = a_visitor(site)
    await sign_in(provider, visitor)
    out = await visitor.client.get((await visitor.send("sign-out", [])).headers["location"])
    assert visitor.path("sign-out/oidc") in out.text
    led = await visitor.get("sign-out/oidc")
    url = httpx2.URL(led.headers["location"])
    assert (led.status_code, f"{url}".partition("?")[0]) == (303, f"{provider.issuer}/logout")
    assert url.params["client_id"] == CLIENT_ID
    assert url.params["post_logout_redirect_uri"] == f"http://onereply.test{visitor.path('sign-in')}"


async def test_a_site_without_a_provider_has_no_such_pages(site: ASite) -> None:
    visitor = a_visitor(site)
    assert "Sign in with" not in text_of(await visitor.get("sign-in"))
    for answer in (
        await visitor.get("sign-in/oidc?state=a&code=b"),
        await visitor.get("sign-out/oidc"),
        await visitor.send("sign-in/oidc", []),
    ):
        assert answer.status_code == 404


async def test_a_sign_in_lasts_an_hour_and_is_pruned(site: ASite, provider: AProvider, the_clock: Clock) -> None:
    early, late = a_visitor(site), a_visitor(site)
    ways = [provider.authorize(await leave(each, await each.get("sign-in"))) for each in (early, late)]
    the_clock.move(minutes=59)
    assert (await early.get(ways[0])).status_code == 303
    the_clock.move(minutes=1)
    assert (await late.get(ways[1])).status_code == 400
    async with site.app.state.database.write() as connection:
        await prune_sign_ins(connection, now=the_clock.now())
        left = select(PendingSignInRow.id).where(PendingSignInRow.expires_at <= the_clock.now())
        assert (await connection.execute(left)).all() == []


async def test_private_addresses_are_called_only_in_development(
    database_url: str, site: ASite, provider: AProvider
) -> None:
    app = create_app(an_installation(database_url), passwords=cheap_passwords())
    async with app.router.lifespan_context(app):
        visitor = a_visitor(site.at(app))
        refused = await visitor.send("sign-in/oidc", [])
        assert (refused.status_code, DOWN in text_of(refused), provider.asked) == (502, True, [])
