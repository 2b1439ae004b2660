"""Admins manage keys and accounts by API; secrets are shown once, and the last admin stays."""

import asyncio

from tests.builders import PASSWORD, ASite, Json, a_moderator, a_session, a_site, try_log_in


async def admin(
    site: ASite, method: str, path: str, *, by: str = "admin", status: int = 200, body: Json | None = None
) -> Json:
    response = await site.call(method, path, by=by, json=body)
    assert response.status_code == status, response.text
    found: Json = response.json() if response.content else {}
    return found


async def test_a_key_is_created_used_listed_and_revoked(site: ASite) -> None:
    made = await admin(site, "POST", "/keys", status=201, body={"role": "host"})
    assert made["secret"].startswith(f"ork_{made['key']['id']}_")
    assert (await site.call("GET", "/events", by=made["secret"])).status_code == 200
    listed = await admin(site, "GET", "/keys")
    assert (made["key"]["id"], "host", None) in [(key["id"], key["role"], key["revoked_at"]) for key in listed["keys"]]
    assert made["secret"][17:] not in str(listed)
    await admin(site, "DELETE", f"/keys/{made['key']['id']}", status=204)
    assert (await site.call("GET", "/events", by=made["secret"])).status_code == 401
    await admin(site, "DELETE", f"/keys/{made['key']['id']}", status=404)
    [revoked] = [key for key in (await admin(site, "GET", "/keys"))["keys"] if key["id"] == made["key"]["id"]]
    assert revoked["revoked_at"]
    async with a_site(site.app) as other:
        theirs = (await admin(other, "GET", "/keys"))["keys"][0]["id"]
        await admin(site, "DELETE", f"/keys/{theirs}", status=404)


async def test_an_account_is_created_changed_and_removed(site: ASite) -> None:
    made = await admin(site, "POST", "/moderators", status=201, body={"name": "Maria", "role": "moderator"})
    path = f"/moderators/{made['moderator']['id']}"
    session = (await try_log_in(site, "maria", made["password"])).json()["token"]
    await admin(site, "GET", "/settings", by=session, status=403)
    assert (await admin(site, "PATCH", path, body={"role": "admin"}))["role"] == "admin"
    await admin(site, "GET", "/settings", by=session)
    await admin(site, "PATCH", path, body={"password": PASSWORD})
    await admin(site, "GET", "/settings", by=session, status=401)
    session = (await try_log_in(site)).json()["token"]
    await admin(site, "DELETE", path, by=session, status=204)
    await admin(site, "GET", "/settings", by=session, status=401)
    for method in ("PATCH", "DELETE"):
        await admin(site, method, path, status=404, body={"role": "admin"} if method == "PATCH" else None)
    [listed] = (await admin(site, "GET", "/moderators"))["moderators"]
    assert (listed["name"], bool(listed["removed_at"])) == ("Maria", True)
    own = {"name": "Otto", "role": "admin", "password": PASSWORD}
    assert (await admin(site, "POST", "/moderators", status=201, body=own))["password"] is None


async def test_invalid_accounts_and_keys_are_problems_with_pointers(site: ASite) -> None:
    await a_moderator(site, "Maria")
    for body, pointer in (
        ({"name": "MARIA", "role": "moderator"}, "/name"),
        ({"name": " ", "role": "moderator"}, "/name"),
        ({"name": "Otto", "role": "host"}, "/role"),
        ({"name": "Otto", "role": "moderator", "password": "too short"}, "/password"),
        ({"name": "Otto with a name", "role": "moderator", "password": "otto with a name"}, "/password"),
        ({"name": "Otto", "role": "moderator", "password": "with\tcontrols in it"}, "/password"),
    ):
        assert (await admin(site, "POST", "/moderators", status=422, body=body))["pointer"] == pointer
    assert (await admin(site, "POST", "/keys", status=422, body={"role": "owner"}))["pointer"] == "/role"


async def test_keys_and_accounts_are_listed_in_pages(site: ASite) -> None:
    for name in ("Ada", "Ben", "Eva"):
        await a_moderator(site, name)
    for path, noun in (("/keys", "keys"), ("/moderators", "moderators")):
        everything = await admin(site, "GET", path)
        assert (len(everything[noun]), everything["next"]) == (3, None)
        listed, query = [], "?limit=1"
        while query:
            response = await site.call("GET", f"{path}{query}", by="admin")
            listed += response.json()[noun]
            assert (response.json()["next"] is None) == ("link" not in response.headers)
            query = response.json()["next"] and f"?limit=1&cursor={response.json()['next']}"
        assert listed == everything[noun]
        assert (await admin(site, "GET", f"{path}?cursor=AAAA", status=400))["type"] == "/problems/invalid-cursor"


async def test_every_change_of_access_is_in_the_log_with_who_made_it_and_without_secrets(site: ASite) -> None:
    key = await admin(site, "POST", "/keys", status=201, body={"role": "host"})
    await admin(site, "DELETE", f"/keys/{key['key']['id']}", status=204)
    await admin(site, "DELETE", f"/keys/{key['key']['id']}", status=404)
    session = await a_session(site, "Otto", role="admin")
    account = {"name": "Maria", "role": "moderator", "password": PASSWORD}
    made = await admin(site, "POST", "/moderators", by=session, status=201, body=account)
    await admin(site, "POST", "/moderators", by=session, status=422, body=account)
    path = f"/moderators/{made['moderator']['id']}"
    await admin(site, "PATCH", path, by=session, body={"sections": ["city"], "password": PASSWORD + "!"})
    await admin(site, "PATCH", path, by=session, body={})
    await admin(site, "PATCH", path, by=session, body={"role": "admin", "sections": ["city"]}, status=422)
    await admin(site, "DELETE", path, by=session, status=204)
    decisions = (await admin(site, "GET", "/decisions"))["decisions"]
    assert [(each["decided_by"]["name"], each["action"], each["reason"]) for each in decisions] == [
        ("Otto", "remove-moderator", "Maria"),
        ("Otto", "change-moderator", "Maria: sections, password"),
        ("Otto", "add-moderator", "Maria (moderator)"),
        (None, "revoke-key", key["key"]["id"]),
        (None, "add-key", f"{key['key']['id']} (host)"),
    ]
    assert PASSWORD not in str(decisions)


async def test_an_id_that_none_can_have_is_not_found(site: ASite) -> None:
    for id_ in ("%00", "0", "A" * 12, "%F0%9F%8E%BA", "a" * 5000):
        await admin(site, "DELETE", f"/keys/{id_}", status=404)
        await admin(site, "DELETE", f"/moderators/{id_}", status=404)
        await admin(site, "PATCH", f"/moderators/{id_}", body={"role": "admin"}, status=404)


async def test_an_admin_has_no_sections_and_may_be_told_so(site: ASite) -> None:
    path = f"/moderators/{await a_moderator(site, 'Maria', role='admin')}"
    refused = await admin(site, "PATCH", path, body={"sections": ["city"]}, status=422)
    assert (refused["detail"], refused["pointer"]) == ("An admin can't be limited to sections.", "/sections")
    for body in ({"sections": None}, {"role": "admin", "sections": None}):
        assert (await admin(site, "PATCH", path, body=body))["sections"] is None
    changed = await admin(site, "PATCH", path, body={"role": "moderator", "sections": ["city", " city "]})
    assert (changed["role"], changed["sections"]) == ("moderator", ["city"])


async def test_the_last_admin_key_or_account_stays(site: ASite) -> None:
    [key] = [each["id"] for each in (await admin(site, "GET", "/keys"))["keys"] if each["role"] == "admin"]
    await a_moderator(site, "Otto")
    problem = await admin(site, "DELETE", f"/keys/{key}", status=409)
    assert problem["type"] == "/problems/last-admin"
    session = await a_session(site, "Maria", role="admin")
    [maria] = [
        each["id"] for each in (await admin(site, "GET", "/moderators"))["moderators"] if each["role"] == "admin"
    ]
    both = (f"/keys/{key}", f"/moderators/{maria}")
    answers = await asyncio.gather(*(site.call("DELETE", path, by=session) for path in both))
    assert sorted(each.status_code for each in answers) in ([204, 409], [204, 401])
    remaining = "admin" if answers[1].status_code == 204 else session
    if remaining == session:
        changed = {"role": "moderator"}
        refused = await admin(site, "PATCH", f"/moderators/{maria}", by=session, status=409, body=changed)
        assert refused["type"] == "/problems/last-admin"
    await admin(site, "GET", "/settings", by=remaining)
