"""Who may post: by site, section and thread, with the text given back to those who may not."""

from service.platform.sites.who_may_post import ClaimRule, has_claim
from tests.builders import ASite, AThread, Json, a_comment, a_thread
from tests.platform.access.a_host import SECRET, a_token, share_secret

RULE: Json = {"claim": "plan", "values": ["gold", "5", "true"]}


async def post(thread: AThread, by: str | None = None) -> tuple[int, str]:
    body = {"body": "May I?", "author": {"name": "Jo"}}
    response = await thread.site.call("POST", f"{thread.path}/comments", by=by, json=body)
    if response.status_code == 403:
        assert response.json()["draft"]["body"] == "May I?"
        return 403, response.json()["type"].rpartition("/")[2]
    return response.status_code, ""


async def test_a_thread_its_section_and_its_site_say_who_may_post(site: ASite) -> None:
    await share_secret(site, SECRET)
    sections = {"open": {"who_may_post": "anyone"}, "gold": {"who_may_post": RULE}}
    settings = {
        "who_may_post": "signed-in",
        "sections": sections,
        "sign_in_url": "https://gazette.example/in?{return_url}",
    }
    assert (await site.call("PATCH", "/settings", by="admin", json=settings)).status_code == 200
    reader, gold = a_token(site.slug), a_token(site.slug, plan="gold")
    author = (await a_comment(await a_thread(site, section="open")))["author_token"]
    sign_in, not_allowed, posted = (403, "sign-in-required"), (403, "not-allowed-to-post"), (201, "")
    for section, own, expected in (
        (None, None, (sign_in, sign_in, posted, posted)),
        ("x", None, (sign_in, sign_in, posted, posted)),
        ("open", None, (posted, posted, posted, posted)),
        ("gold", None, (sign_in, sign_in, not_allowed, posted)),
        ("gold", "anyone", (posted, posted, posted, posted)),
        ("open", RULE, (sign_in, sign_in, not_allowed, posted)),
    ):
        thread = await a_thread(site, section=section, who_may_post=own)
        assert (await thread.read())["who_may_post"] == own
        assert tuple([await post(thread, by) for by in (None, author, reader, gold)]) == expected, (section, own)
        assert await post(thread, by="host") == posted
        assert await post(thread, by="moderator") == posted
        await thread.close()
        assert (await post(thread))[0] == 409
    refused = await site.call(
        "POST", f"{(await a_thread(site)).path}/comments", json={"body": "x", "author": {"name": "J"}}
    )
    assert refused.json()["sign_in_url"] == settings["sign_in_url"]


async def test_a_repeated_post_is_answered_as_before_after_posting_was_limited(site: ASite) -> None:
    thread, key = await a_thread(site), {"Idempotency-Key": "0123456789abcdef"}
    sent: Json = {"headers": key, "json": {"body": "One", "author": {"name": "Jo"}}}
    first = await site.call("POST", f"{thread.path}/comments", **sent)
    await site.call("PUT", thread.path, by="host", json={"who_may_post": "signed-in"})
    again = await site.call("POST", f"{thread.path}/comments", **sent)
    assert (again.status_code, again.json()["comment"]["id"]) == (201, first.json()["comment"]["id"])
    edit = await site.call(
        "PATCH", f"/comments/{first.json()['comment']['id']}", by=first.json()["author_token"], json={"body": "Two"}
    )
    assert edit.status_code == 200


def test_each_kind_of_claim_has_its_outcome() -> None:
    rule = ClaimRule("plan", ("gold", "5", "true", "1"))
    cases: list[tuple[str, bool]] = [
        ('"gold"', True),
        ('"Gold"', False),
        ('["silver", "gold"]', True),
        ("[]", False),
        ('[["gold"]]', False),
        ("5", True),
        ("[4, 5]", True),
        ("5.0", False),
        ("1e400", False),
        ("true", True),
        ("false", False),
        ("null", False),
        ('{"gold": true}', False),
        ("[" * 3000 + "]" * 3000, False),
    ]
    for claim, outcome in cases:
        payload = f'{{"sub": "x", "plan": {claim}}}'.encode()
        assert has_claim(payload, rule) == outcome, claim[:20]
    assert not has_claim(b'{"sub": "x"}', rule)


async def test_an_invalid_value_is_refused(site: ASite) -> None:
    no_values, no_claim = {"claim": "a", "values": []}, {"claim": "", "values": ["a"]}
    too_long = {"claim": "a", "values": ["é" * 150]}
    values: list[object] = ["claim", "", 1, [], {}, {"claim": "plan"}, no_claim, no_values, too_long]
    for value in values:
        for method, path, by in (("PUT", "/threads/a", "host"), ("PATCH", "/settings", "admin")):
            body = {"title": "A", "who_may_post": value} if method == "PUT" else {"who_may_post": value}
            refused = await site.call(method, path, by=by, json=body)
            assert refused.status_code == 422, (value, path)
            assert refused.json()["pointer"].startswith("/who_may_post"), (value, refused.text)
    for url in ("ftp://gazette.example", "javascript:alert(1)", "https://", "https://a/<"):
        assert (await site.call("PATCH", "/settings", by="admin", json={"sign_in_url": url})).status_code == 422, url
