"""A moderator who is limited to sections: each cell of the table of routes, in their section and elsewhere."""

from uuid import uuid4

import pytest

from service.platform.access.caller import MODERATOR
from service.routes import SITE_ROUTES
from tests.builders import ASite, AThread, Json, a_comment, a_session, a_thread

# What each route for moderators answers about their section, elsewhere, and where an article has no section.
CELLS: dict[str, tuple[int, int, Json | None]] = {
    "POST /threads/{article}/close": (200, 404, {}),
    "POST /threads/{article}/reopen": (200, 404, {}),
    "PUT /threads/{article}/mode": (200, 404, {"mode": "hold"}),
    "POST /close": (200, 404, {"section": "{section}"}),
    "POST /reopen": (200, 404, {"id": "{closure}"}),
    "GET /closures": (200, 200, None),
    "GET /threads?section={section}": (200, 404, None),
    "GET /queue?section={section}": (200, 404, None),
    "GET /decisions?section={section}": (200, 404, None),
    "POST /claims": (200, 404, {"section": "{section}"}),
    "DELETE /claims": (204, 204, None),
    "GET /comments/{comment}/reports": (200, 404, None),
    "GET /readers/{reader}": (200, 404, None),
    "POST /bans": (201, 404, {"kind": "reader", "comment": "{comment}"}),
    "DELETE /bans/{ban}": (204, 404, None),
    "GET /bans": (403, 403, None),
    "POST /measures": (201, 404, {"kind": "reader", "action": "note", "reason": "Rude.", "comment": "{comment}"}),
    "DELETE /measures/{measure}": (204, 404, None),
    "GET /measures": (403, 403, None),
    "GET /transparency": (403, 403, None),
    "GET /transparency.csv": (403, 403, None),
    "GET /rules": (200, 200, None),
    "PUT /rules": (403, 403, {}),
    "POST /rules/try": (403, 403, {"rules": {}}),
    "GET /rules/agreement?rule=max_links&since=2026-01-01T00:00:00Z": (403, 403, None),
    "POST /decisions": (200, 200, {"action": "publish", "comments": [{"id": "{comment}", "revision": 1}]}),
}


async def a_held_comment(site: ASite, section: str | None) -> tuple[AThread, dict[str, str]]:
    """A held comment of a banned reader, with all that the paths of :data:`CELLS` name."""
    thread = await a_thread(site, section=section, mode="hold")
    comment = (await a_comment(thread))["comment"]["id"]
    cards = (await site.call("GET", f"/queue?article={thread.article}", by="admin")).json()["comments"]
    ban = await site.call("POST", "/bans", by="admin", json={"kind": "reader", "comment": comment})
    reader = cards[0]["reader_id"]
    note = {"kind": "reader", "action": "note", "reason": "Polite.", "comment": comment}
    measure = await site.call("POST", "/measures", by="admin", json=note)
    ancient = {"published_before": "1950-01-01T00:00:00Z"} | ({"section": section} if section else {})
    closed = await site.call("POST", "/close", by="admin", json=ancient)
    names = {"article": thread.article, "comment": comment, "reader": reader, "ban": ban.json()["id"]}
    names |= {"measure": measure.json()["id"], "closure": closed.json()["closure"]["id"]}
    return thread, names | {"section": section or "none"}


def filled(body: object, names: dict[str, str]) -> object:
    match body:
        case str():
            return body.format(**names) if body.startswith("{") else body
        case dict():
            return {name: filled(each, names) for name, each in body.items()}
        case list():
            return [filled(each, names) for each in body]
    return body


def test_every_route_for_moderators_has_its_cells() -> None:
    known = {row.partition("?")[0] for row in CELLS}
    assert known == {
        f"{method} {path}".partition("?")[0] for method, path, _, who in SITE_ROUTES if is_limited(path, who)
    }


def is_limited(path: str, who: frozenset[str]) -> bool:
    return who >= MODERATOR and "anyone" not in who and "session" not in who


@pytest.mark.parametrize("section", ["sport", None])
async def test_a_limited_moderator_gets_404_outside_their_sections(site: ASite, section: str | None) -> None:
    session = await a_session(site, sections=("politics", "city"))
    own, elsewhere = await a_held_comment(site, "politics"), await a_held_comment(site, section)
    for route, (inside, outside, body) in CELLS.items():
        for (_, names), status in ((elsewhere, outside), (own, inside)):
            method, path = route.format(**names).split(" ")
            response = await site.call(method, path, by=session, json=filled(body, names))
            assert response.status_code == status, (route, names["section"], response.text)
            if route == "POST /decisions":
                problem = response.json()["results"][0].get("problem", {"status": 200})
                assert problem["status"] == (404 if names is elsewhere[1] else 200)
    assert (await elsewhere[0].read())["state"] == "open"


async def test_lists_of_a_limited_moderator_have_only_their_sections(site: ASite) -> None:
    session = await a_session(site, sections=("politics", "city"))
    for section in ("politics", "sport", None):
        _, names = await a_held_comment(site, section)
        decision = {"action": "spam", "comments": [{"id": names["comment"], "revision": 1}]}
        await site.call("POST", "/decisions", by="moderator", json=decision)
        await a_held_comment(site, section)
    threads = (await site.call("GET", "/threads", by=session)).json()["threads"]
    assert {each["section"] for each in threads} == {"politics"}
    queue = (await site.call("GET", "/queue", by=session)).json()
    assert ([each["section"] for each in queue["comments"]], queue["pending"]) == (["politics"], 1)
    found = await site.call("GET", "/queue?state=any&q=Hello", by=session)
    assert {each["section"] for each in found.json()["comments"]} <= {"politics"}
    claimed = (await site.call("POST", "/claims", by=session)).json()["comments"]
    assert [each["section"] for each in claimed] == ["politics"]
    decisions = (await site.call("GET", "/decisions", by=session)).json()["decisions"]
    articles = {each["article"] for each in threads}
    assert decisions and {each["article"] for each in decisions} <= articles


async def test_elsewhere_a_limited_moderator_sees_what_readers_see(site: ASite) -> None:
    session = await a_session(site, sections=("politics",))
    for section, sees in (("politics", True), ("sport", False), (None, False)):
        thread, names = await a_held_comment(site, section)
        seen = await site.call("GET", f"/comments/{names['comment']}", by=session)
        assert seen.status_code == (200 if sees else 404)
        published = await site.call("PUT", thread.path, by="host", json={"mode": "publish"})
        assert published.status_code == 200
        page = (await site.call("GET", f"{thread.path}/comments", by=session)).json()
        assert page["comments"] == []
        public = (await a_comment(thread, body="Public"))["comment"]["id"]
        assert ("body" in (await site.call("GET", f"/comments/{public}", by=session)).json()["comment"]) == sees
        embargo = {"published_at": "2999-01-01T00:00:00Z"}
        await site.call("PUT", thread.path, by="host", json=embargo)
        for path in (thread.path, f"{thread.path}/comments"):
            assert (await site.call("GET", path, by=session)).status_code == (200 if sees else 404)


async def test_a_limit_takes_effect_at_once_and_is_shown(site: ASite) -> None:
    session = await a_session(site, sections=("politics",))
    shown = (await site.call("GET", "/sessions/current", by=session)).json()["moderator"]
    assert shown["sections"] == ["politics"]
    unknown = await site.call("GET", f"/readers/{uuid4()}", by=session)
    assert unknown.status_code == 404


async def test_a_limited_moderator_closes_and_reopens_threads_of_their_sections_alone(site: ASite) -> None:
    session = await a_session(site, sections=("politics",))
    own, elsewhere = await a_thread(site, section="politics"), await a_thread(site, section="sport")
    new = {"quiet_since": "2999-01-01T00:00:00Z"}
    for body in ({}, new, {"dry_run": True}, {**new, "dry_run": True}):
        assert (await site.call("POST", "/close", by=session, json=body)).status_code == 403, body
    counted = await site.call("POST", "/close", by=session, json={"section": "sport", "dry_run": True})
    assert counted.status_code == 404
    every = (await site.call("POST", "/close", by="admin", json=new)).json()["closure"]["id"]
    whole = (await site.call("POST", "/close", by="admin")).json()["closure"]["id"]
    for closure in (every, whole):
        assert (await site.call("POST", "/reopen", by=session, json={"id": closure})).status_code == 404
    assert (await site.call("POST", "/reopen", by=session)).status_code == 403
    await site.call("POST", "/reopen", by="admin", json={"id": every})
    assert [(await each.read())["state"] for each in (own, elsewhere)] == ["closed", "closed"]
    await site.call("POST", "/reopen", by="admin")
    closed = (await site.call("POST", "/close", by=session, json={"section": "politics", **new})).json()["closure"]
    assert [(await each.read())["state"] for each in (own, elsewhere)] == ["closed", "open"]
    assert (await site.call("GET", "/closures", by=session)).json() == {"closures": [closed], "next": None}
    assert (await site.call("POST", "/reopen", by=session, json={"id": closed["id"]})).status_code == 200
    assert (await own.read())["state"] == "open"
