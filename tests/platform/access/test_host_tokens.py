"""Every invalid host token gets the same answer, without the reason; the log names the claim that is wrong."""

import json
from collections.abc import AsyncIterator

import msgspec
import pytest
import structlog
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from service.app import App, create_app
from tests.builders import ASite, Clock, Json, a_site
from tests.conftest import an_installation
from tests.platform.access.a_host import SECRET, a_token, segment, share_secret


@pytest.fixture
async def site(app: App) -> AsyncIterator[ASite]:
    """A site whose host signs with :data:`SECRET`."""
    async with a_site(app) as site:
        await share_secret(site, SECRET)
        yield site


async def is_refused(site: ASite, token: str) -> bool:
    """Whether ``token`` is refused, with the answer that all invalid tokens get; otherwise it must sign a reader in."""
    response = await site.call("GET", "/counts?article=a", by=token)
    if response.status_code == 200:
        return False
    problem: Json = response.json()
    assert (response.status_code, problem["type"]) == (401, "/problems/unauthenticated"), problem
    assert problem["detail"] == "This host token is not valid at this site."
    assert 'error="invalid_token"' in response.headers["www-authenticate"]
    return True


async def test_the_times_of_a_token_have_a_leeway_of_a_minute(site: ASite, the_clock: Clock) -> None:
    now = int(the_clock.now().timestamp())
    good: list[Json] = [
        {"exp": now - 59},
        {"exp": now + 0.5},
        {"nbf": now + 59},
        {"iat": now + 3600},
        {"exp": 10**9 * 5},
    ]
    bad: list[Json] = [
        {"exp": now - 60},
        {"exp": 0},
        {"exp": -1},
        {"nbf": now + 61},
        {"exp": 10**400},
    ]
    assert not any([await is_refused(site, a_token(site.slug, **claims)) for claims in good])
    assert all([await is_refused(site, a_token(site.slug, **claims)) for claims in bad])
    token = a_token(site.slug)
    the_clock.move(seconds=3600 + 59)
    assert not await is_refused(site, token)
    the_clock.move(seconds=1)
    assert await is_refused(site, token)


@pytest.mark.parametrize("claim", ["sub", "exp", "aud"])
async def test_a_token_without_a_required_claim_is_refused(site: ASite, claim: str) -> None:
    assert await is_refused(site, a_token(site.slug, without=claim))


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": 7},
        {"sub": None},
        {"exp": "tomorrow"},
        {"exp": None},
        {"exp": True},
        {"exp": [9]},
        {"iat": "yesterday"},
        {"nbf": {}},
        {"aud": 7},
        {"aud": None},
        {"aud": []},
        {"aud": ["elsewhere", 7]},
        {"aud": "elsewhere"},
        {"iss": 7},
    ],
    ids=str,
)
async def test_an_invalid_claim_is_refused(site: ASite, claims: Json) -> None:
    assert await is_refused(site, a_token(site.slug, **claims))


async def test_the_audience_is_the_sites_slug_or_its_setting(site: ASite) -> None:
    assert not await is_refused(site, a_token(site.slug, aud=["elsewhere", site.slug]))
    await site.set(jwt_audience="https://gazette.example/")
    assert await is_refused(site, a_token(site.slug))
    assert not await is_refused(site, a_token("https://gazette.example/"))


async def test_the_issuer_is_checked_if_the_site_sets_one(site: ASite) -> None:
    assert not await is_refused(site, a_token(site.slug, iss="https://login.example/"))
    await site.set(jwt_issuer="https://gazette.example/")
    assert await is_refused(site, a_token(site.slug))
    assert await is_refused(site, a_token(site.slug, iss="https://login.example/"))
    assert not await is_refused(site, a_token(site.slug, iss="https://gazette.example/"))


async def test_the_secret_verifies_only_hs256(site: ASite) -> None:
    for alg in ("HS384", "HS512"):
        assert await is_refused(site, a_token(site.slug, alg=alg))
    rsa, ec, okp = RSAKey.generate_key(2048), ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519")
    for alg, key in (("RS256", rsa), ("PS256", rsa), ("ES256", ec), ("EdDSA", okp), ("Ed25519", okp)):
        assert await is_refused(site, a_token(site.slug, alg=alg, key=key))  # type: ignore[arg-type]  # of several kinds


async def test_a_token_with_another_secret_is_refused(site: ASite) -> None:
    assert await is_refused(site, a_token(site.slug, key=OctKey.import_key(SECRET + "x")))
    async with a_site(site.app) as other:
        assert await is_refused(other, a_token(other.slug))


async def test_a_new_secret_invalidates_tokens_of_the_old_one(site: ASite) -> None:
    assert not await is_refused(site, a_token(site.slug))
    await share_secret(site, "quite another secret of enough characters")
    assert await is_refused(site, a_token(site.slug))


async def test_the_algorithm_none_is_refused(site: ASite) -> None:
    _, payload, signature = a_token(site.slug).split(".")
    for alg in ("none", "None", "NONE", "nOnE", "", None, 0, ["HS256"], {"HS256": 1}):
        for signed in ("", signature):
            assert await is_refused(site, f"{segment({'alg': alg, 'typ': 'JWT'})}.{payload}.{signed}")
    assert await is_refused(site, f"{segment({'typ': 'JWT'})}.{payload}.{signature}")


async def test_key_parameters_in_a_tokens_header_are_ignored_or_refused(site: ASite) -> None:
    mine = OctKey.generate_key(256)
    for header in ({"jwk": mine.as_dict()}, {"jku": "https://eve.example/jwks"}, {"kid": "../../dev/null"}):
        assert await is_refused(site, a_token(site.slug, key=mine, header=header))
    assert await is_refused(site, a_token(site.slug, header={"crit": ["b64"], "b64": True}))
    assert not await is_refused(site, a_token(site.slug, header={"kid": "any", "x": {"own": 1}, "typ": "at+jwt"}))


async def test_a_token_that_is_tampered_with_is_refused(site: ASite) -> None:
    header, payload, signature = a_token(site.slug).split(".")
    theirs = a_token(site.slug, sub="eve").split(".")[1]
    nested = b'{"alg": "HS256", "x": ' + b"[" * 2000
    other = "A" if signature[0] != "A" else "B"
    for token in (
        f"{header}.{theirs}.{signature}",
        f"{header}.{payload}.{other}{signature[1:]}",
        f"{header}.{payload}.{signature[:-1]}",
        f"{header}.{payload}.{signature}=",
        f"{header}.{payload}.",
        f"{header}..{signature}",
        f".{payload}.{signature}",
        "..",
        "a.b.c",
        f"{segment(b'not json')}.{payload}.{signature}",
        f"{segment([])}.{payload}.{signature}",
        f"{segment(b'[' * 2000)}.{payload}.{signature}",
        f"{segment(nested)}.{payload}.{signature}",
        f"{segment(bytes(range(128, 200)))}.{payload}.{signature}",
    ):
        assert await is_refused(site, token), token


@pytest.mark.parametrize(
    "payload",
    ["[]", "7", "null", '"ada"', "{", "", "[" * 1500, '{"x": ' + "[" * 2500, '{"sub": "\\ud800"}', "\x80"],
    ids=lambda payload: payload[:10],
)
async def test_a_signed_payload_without_valid_claims_is_refused(site: ASite, payload: str) -> None:

    token = jws.serialize_compact({"alg": "HS256"}, payload.encode("latin-1"), OctKey.import_key(SECRET))
    assert await is_refused(site, token)


async def test_a_sub_with_a_lone_surrogate_is_refused(site: ASite) -> None:

    claims = {"sub": "SUB", "exp": 10**12, "aud": site.slug}
    payload = json.dumps(claims).replace("SUB", "\\ud800")
    assert await is_refused(site, jws.serialize_compact({"alg": "HS256"}, payload, OctKey.import_key(SECRET)))


async def test_a_token_has_at_most_4096_characters(site: ASite) -> None:
    base = len(a_token(site.slug, padding=""))
    fits = a_token(site.slug, padding="x" * ((4096 - base) * 3 // 4 - 3))
    assert 4080 < len(fits) <= 4096
    assert not await is_refused(site, fits)
    assert await is_refused(site, a_token(site.slug, padding="x" * 3200))


async def test_invalid_tokens_count_against_the_address(site: ASite) -> None:
    await site.set(request_limit_per_address="2/hour")
    answers = [(await site.call("GET", "/counts?article=a", by="a.b.c")).status_code for _ in range(3)]
    assert answers == [401, 401, 429]


WRONG_CLAIMS: list[tuple[str, Json]] = [
    ("sub", {"sub": 7}),
    ("sub", {"sub": ""}),
    ("sub", {"without": "sub"}),
    ("exp", {"exp": "1999999999"}),
    ("exp", {"exp": 1}),
    ("exp", {"without": "exp"}),
    ("iat", {"iat": "yesterday"}),
    ("nbf", {"nbf": 10**10}),
    ("aud", {"aud": "elsewhere"}),
    ("aud", {"aud": ["elsewhere", 7]}),
    ("iss", {"iss": 7}),
    ("signature", {"key": OctKey.import_key(SECRET + "x")}),
    ("header", {"alg": "HS512"}),
]


async def test_the_log_names_the_claim_that_is_wrong(site: ASite) -> None:
    for part, given in WRONG_CLAIMS:
        with structlog.testing.capture_logs() as logged:
            assert await is_refused(site, a_token(site.slug, **given))
        [line] = [each for each in logged if each["event"] == "host-token-refused"]
        assert (line["site"], line["part"]) == (site.slug, part), given


async def test_for_development_the_answer_names_the_claim_that_is_wrong(site: ASite, database_url: str) -> None:
    app = create_app(msgspec.structs.replace(an_installation(database_url), explain_invalid_tokens=True))
    async with app.router.lifespan_context(app):
        for part, given in WRONG_CLAIMS:
            token = a_token(site.slug, **given)
            problem = (await site.at(app).call("GET", "/counts?article=a", by=token)).json()
            assert (problem["status"], f"“{part}” " in problem["detail"]) == (401, True), problem
        numeric = (await site.at(app).call("GET", "/counts?article=a", by=a_token(site.slug, sub=7))).json()["detail"]
        assert numeric.endswith("“sub” must be a string of 1 to 255 characters (RFC 7519, section 4.1.2).")
