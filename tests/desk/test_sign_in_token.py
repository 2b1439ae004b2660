"""Sign in to the desk by a token that the host's system signs, and who may frame the desk."""

import asyncio
from typing import Any

import httpx2
import pytest
import structlog

from service.desk.sign_in.session_cookie import COOKIE
from service.platform.access.desk_tokens import prune_desk_tokens
from tests.builders import ASite, Clock, a_moderator, a_site
from tests.desk.a_desk_client import text_of
from tests.desk.a_visitor import AVisitor, a_visitor
from tests.desk.test_sign_in_oidc import moderators_of
from tests.platform.access.a_host import a_token, share_secret

CMS = "https://cms.gazette.example"
FROM_CMS = {"Origin": CMS, "Sec-Fetch-Site": "cross-site"}
REFUSED = "This token does not sign anybody in."
SECRET = "a secret that the host and this site share"


def a_desk_token(site: ASite, clock: Clock, **claims: Any) -> str:
    """A token that signs Maria in as a moderator, for a minute."""
    number = next(_NUMBERS)
    given: dict[str, Any] = {"sub": "7", "name": "Maria", "role": "moderator", "jti": f"number {number}"}
    return a_token(f"{site.slug}/desk", **{"exp": int(clock.now().timestamp()) + 60, **given, **claims})


_NUMBERS = iter(range(1_000_000))


@pytest.fixture
async def visitor(site: ASite) -> AVisitor:
    """A browser at the desk of a site whose host shares a secret and frames the desk."""
    await share_secret(site, SECRET)
    await site.set(desk_frame_origins=CMS)
    return a_visitor(site)


async def enter(visitor: AVisitor, token: str, *, framed: bool = False, **headers: str) -> httpx2.Response:
    destination = {"Sec-Fetch-Dest": "iframe"} if framed else {}
    fields = [("token", token), ("next", visitor.path("queue?tab=spam"))]
    return await visitor.send("sign-in/token", fields, headers=FROM_CMS | destination | headers)


async def test_a_token_signs_in_and_leads_on(visitor: AVisitor, the_clock: Clock) -> None:
    sections = ["sport"]
    done = await enter(visitor, a_desk_token(visitor.site, the_clock, sections=sections))
    assert (done.status_code, done.headers["location"]) == (303, visitor.path("queue?tab=spam"))
    assert (await visitor.get("queue")).status_code == 200
    assert await moderators_of(visitor.site) == {"Maria": ("moderator", ("sport",))}
    assert "by your CMS" in text_of(await visitor.get("account"))
    await enter(a_visitor(visitor.site), a_desk_token(visitor.site, the_clock, role="admin", sections=sections))
    assert await moderators_of(visitor.site) == {"Maria": ("admin", None)}


async def test_in_a_frame_the_cookie_is_of_that_frame_alone(visitor: AVisitor, the_clock: Clock) -> None:
    for framed, attributes in ((True, {"secure", "samesite=none", "partitioned"}), (False, {"samesite=lax"})):
        done = await enter(a_visitor(visitor.site), a_desk_token(visitor.site, the_clock), framed=framed)
        [cookie] = [each for each in done.headers.get_list("set-cookie") if each.startswith(f"{COOKIE}=")]
        written = {each.strip().lower() for each in cookie.split(";")}
        assert attributes | {"httponly"} <= written
        assert ("partitioned" in written) is framed


async def test_only_the_origins_of_the_setting_may_frame_the_desk(site: ASite) -> None:
    policy = (await a_visitor(site).get("sign-in")).headers["content-security-policy"]
    assert policy.endswith("; frame-ancestors 'self'")
    await site.set(desk_frame_origins=f"{CMS} http://localhost:8080")
    policy = (await a_visitor(site).get("queue")).headers["content-security-policy"]
    assert policy.endswith(f"; frame-ancestors 'self' {CMS} http://localhost:8080")


async def test_a_token_counts_once_even_at_once(visitor: AVisitor, the_clock: Clock) -> None:
    token = a_desk_token(visitor.site, the_clock)
    answers = await asyncio.gather(*(enter(a_visitor(visitor.site), token) for _ in range(5)))
    assert sorted(each.status_code for each in answers) == [303, 401, 401, 401, 401]
    assert REFUSED in text_of(await enter(visitor, token))
    async with a_site(visitor.site.app) as other:
        await share_secret(other, SECRET)
        await other.set(desk_frame_origins=CMS)
        same = a_desk_token(other, the_clock, jti="number 0")
        assert (await enter(a_visitor(other), same)).status_code == 303, "the numbers are each site's own"
    the_clock.move(minutes=10)
    async with visitor.site.app.state.database.write() as connection:
        await prune_desk_tokens(connection, now=the_clock.now())
    assert (await enter(visitor, token)).status_code == 401, "pruned, but expired"


@pytest.mark.parametrize(
    ("part", "claims"),
    [
        ("exp", {"exp": 4_102_444_800}),
        ("exp", {"exp": 1}),
        ("exp", {"without": "exp"}),
        ("aud", {"aud": "another-site/desk"}),
        ("aud", {"aud": []}),
        ("jti", {"without": "jti"}),
        ("jti", {"jti": ""}),
        ("jti", {"jti": "x" * 256}),
        ("jti", {"jti": 1}),
        ("sub", {"sub": ""}),
        ("sub", {"without": "sub"}),
        ("name", {"without": "name"}),
        ("role", {"role": "host"}),
        ("role", {"without": "role"}),
        ("sections", {"sections": []}),
        ("sections", {"sections": "sport"}),
        ("nbf", {"nbf": 4_102_444_800}),
    ],
)
async def test_a_token_with_a_wrong_claim_is_refused(
    visitor: AVisitor, the_clock: Clock, part: str, claims: dict[str, Any]
) -> None:
    with structlog.testing.capture_logs() as log:
        refused = await enter(visitor, a_desk_token(visitor.site, the_clock, **claims))
    assert (refused.status_code, REFUSED in text_of(refused)) == (401, True)
    assert [line["part"] for line in log if line["event"] == "desk-token-refused"] == [part]
    assert await moderators_of(visitor.site) == {}


async def test_a_readers_token_opens_no_desk_and_a_desk_token_is_no_readers(
    visitor: AVisitor, the_clock: Clock
) -> None:
    site = visitor.site
    reader = a_token(site.slug, role="admin", jti="1", exp=int(the_clock.now().timestamp()) + 60)
    assert (await enter(visitor, reader)).status_code == 401
    answer = await site.call("GET", "/readers/me/comments", by=a_desk_token(site, the_clock))
    assert answer.status_code == 401


async def test_nonsense_is_refused(visitor: AVisitor, the_clock: Clock) -> None:
    good = a_desk_token(visitor.site, the_clock)
    other_key = a_token(f"{visitor.site.slug}/desk", alg="none", header={"alg": "none"})
    for token in ("", "a.b.c", "é", "\0", "x" * 100_000, good[:-4] + "AAAA", good + ".", other_key):
        assert (await enter(visitor, token)).status_code == 401, token[:40]


async def test_odd_but_signed_claims_are_no_error(visitor: AVisitor, the_clock: Clock) -> None:
    for claims, status in (
        ({"sub": "a\0b"}, 403),
        ({"sub": "1", "name": ""}, 303),
        ({"sub": "2", "name": "\u202e\0"}, 303),
        ({"sub": "3", "name": "x" * 1_000}, 303),
        ({"sub": "4", "sections": ["  "]}, 403),
        ({"sub": "4", "sections": ["x" * 300]}, 403),
    ):
        entered = await enter(a_visitor(visitor.site), a_desk_token(visitor.site, the_clock, **claims))
        assert entered.status_code == status, claims


async def test_only_the_cms_can_sign_its_visitors_in(visitor: AVisitor, the_clock: Clock) -> None:
    for origin in ("https://evil.example", "null", f"{CMS}.evil.example", CMS.replace("https", "http"), ""):
        refused = await enter(visitor, a_desk_token(visitor.site, the_clock), Origin=origin)
        assert (refused.status_code, COOKIE in visitor.client.cookies) == (403, False), origin
    await visitor.site.set()
    assert (await enter(visitor, a_desk_token(visitor.site, the_clock))).status_code == 403
    own = await visitor.send("sign-in/token", [("token", a_desk_token(visitor.site, the_clock))])
    assert own.status_code == 303, "a client that is no browser, or a page of our own"


async def test_a_token_takes_no_account_with_a_password(visitor: AVisitor, the_clock: Clock) -> None:
    await a_moderator(visitor.site, "Maria", role="admin")
    assert (await enter(visitor, a_desk_token(visitor.site, the_clock))).status_code == 303
    assert await moderators_of(visitor.site) == {"Maria": ("admin", None), "Maria (2)": ("moderator", None)}


async def test_a_site_without_a_secret_takes_no_token(site: ASite, the_clock: Clock) -> None:
    await site.set(desk_frame_origins=CMS)
    assert (await enter(a_visitor(site), a_desk_token(site, the_clock))).status_code == 401
