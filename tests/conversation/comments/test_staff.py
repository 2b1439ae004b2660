"""Staff comment under their own names, with a badge; guests who sign with these names are held."""

import feedparser

from service.conversation.comments.staff import fold_name
from service.platform.sites.edit_site import change_rules, find_site
from service.platform.sites.site_rules import Rules
from tests.builders import ASite, AThread, Clock, Json, a_comment, a_session, a_thread
from tests.platform.access.a_host import SECRET, a_token, share_secret

STRICT = Rules(reject_words=("tram",), hold_words=("depot",), staff_name=True)


async def set_rules(site: ASite, rules: Rules) -> None:
    async with site.app.state.database.write() as connection:
        await change_rules(connection, await find_site(connection, site.slug), rules)
    site.app.state.gate.sites.evict(site.slug)


async def post(thread: AThread, by: str | None, body: str = "A tram.", name: str | None = None) -> tuple[int, Json]:
    author = {} if name is None else {"author": {"name": name}}
    response = await thread.site.call("POST", f"{thread.path}/comments", by=by, json={"body": body, **author})
    return response.status_code, response.json()


async def test_staff_post_under_their_own_name_whatever_rules_and_limits_there_are(site: ASite) -> None:
    await share_secret(site, SECRET)
    await site.set(mode="hold", post_limit_per_reader="1/day", who_may_post={"claim": "plan", "values": ["gold"]})
    await set_rules(site, STRICT)
    session = await a_session(site, "Maria")
    staff, reader = a_token(site.slug, roles=["staff"], name="Otto"), a_token(site.slug, plan="gold", name="Ada")
    thread = await a_thread(site)
    for by, name, expected in (
        (session, None, ("Maria", "moderator")),
        (session, "Somebody else", ("Maria", "moderator")),
        ("moderator", "Grace", ("Grace", "moderator")),
        (staff, None, ("Otto", "staff")),
    ):
        for _ in range(3):
            status, posted = await post(thread, by, name=name)
            assert (status, posted["comment"]["state"]) == (201, "published"), posted
            author = posted["comment"]["author"]
            assert (author["name"], author["role"]) == expected
    assert (await post(thread, "moderator"))[1]["pointer"] == "/author"
    assert (await post(thread, reader))[0] == 422
    assert (await post(thread, reader, "Hello."))[0] == 202 or (await post(thread, reader))[0] == 429


async def test_the_site_may_treat_staff_as_it_treats_readers(site: ASite) -> None:
    await share_secret(site, SECRET)
    await site.set(mode="hold", exempt_staff=False, post_limit_per_reader="2/day")
    await set_rules(site, STRICT)
    session, staff = await a_session(site), a_token(site.slug, roles=["staff"])
    for by in (session, staff):
        thread = await a_thread(site)
        statuses = [(await post(thread, by, body))[0] for body in ("Hello.", "A tram.", "Again.")]
        assert statuses == [202, 422, 429]


async def test_a_moderator_edits_with_the_token_of_the_post_and_is_not_held(site: ASite) -> None:
    await set_rules(site, STRICT)
    _, posted = await post(await a_thread(site), await a_session(site))
    path = f"/comments/{posted['comment']['id']}"
    edited = await site.call("PATCH", path, by=posted["author_token"], json={"body": "The depot."})
    assert (edited.status_code, edited.json()["state"]) == (200, "published")


async def test_staff_have_a_badge_in_pages_and_feeds(site: ASite) -> None:
    await share_secret(site, SECRET)
    thread = await a_thread(site, title="Trams")
    await post(thread, await a_session(site, "Maria"))
    await post(thread, a_token(site.slug, roles=["staff"], name="Otto"))
    await a_comment(thread)
    html = (await site.call("GET", f"{thread.path}/comments.html")).text
    assert [html.count(f'<span class="role">{each}</span>') for each in ("Moderator", "Staff")] == [1, 1]
    for path in (f"{thread.path}/feed.atom", "/feed.atom"):
        entries = feedparser.parse((await site.call("GET", path)).text).entries
        badges = {each.author: [(tag.term, tag.label) for tag in each.get("tags", [])] for each in entries}
        assert badges["Maria"] == [("moderator", "Moderator")]
        assert badges["Otto"] == [("staff", "Staff")]
        assert {each.title for each in entries} >= {"Maria (Moderator): Trams", "Otto (Staff): Trams"}
        assert sum(map(bool, badges.values())) == 2


async def test_a_guest_who_signs_with_the_name_of_staff_is_held(site: ASite, the_clock: Clock) -> None:
    await share_secret(site, SECRET)
    session = await a_session(site, "Maria Curie")
    thread = await a_thread(site)
    await post(thread, a_token(site.slug, roles=["staff"], name="Otto Hahn"))
    assert (await post(thread, None, name="Maria Curie"))[0] == 201
    await set_rules(site, Rules(staff_name=True))
    the_clock.move(minutes=1)
    for name in ("Maria Curie", "MARIA  CURIE", "Mаriа Curie", "M4ria-Curie", "Ｍaria Curié", "otto hahn"):
        status, posted = await post(thread, None, name=name)
        assert status == 202, name
        found = await site.call("GET", f"/comments/{posted['comment']['id']}", by="moderator")
        [finding] = found.json()["comment"]["findings"]
        matched = (finding["rule"], finding["action"], finding["matched"])
        assert matched == ("staff_name", "hold", " ".join(name.split()))
    others: list[tuple[str | None, str | None]] = [(None, "Maria"), (None, "Marie Curie"), (session, None)]
    for by, signed in (*others, (a_token(site.slug, name="Otto Hahn"), None)):
        assert (await post(thread, by, name=signed))[0] == 201, signed


async def test_findings_are_in_one_order_in_answers_the_log_and_later_reads(site: ASite) -> None:
    await a_session(site, "Maria Curie")
    await set_rules(site, Rules(staff_name=True))
    _, posted = await post(await a_thread(site, mode="hold"), None, name="Maria Curie")
    token, path = posted["author_token"], f"/comments/{posted['comment']['id']}"
    seen = (await site.call("GET", path, by=token)).json()["comment"]
    assert posted["comment"]["status_reasons"] == seen["status_reasons"]
    found = (await site.call("GET", path, by="moderator")).json()["comment"]["findings"]
    [decision] = (await site.call("GET", "/decisions", by="moderator")).json()["decisions"]
    assert [each["rule"] for each in found] == [decision["decided_by"]["id"], "mode"] == ["staff_name", "mode"]


def test_a_name_without_letters_is_nobodys() -> None:
    assert (fold_name("…"), fold_name("Ünal 5")) == ("", "unals")
