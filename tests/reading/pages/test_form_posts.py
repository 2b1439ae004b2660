"""Readers post by plain forms; after an error their text is still there."""

import re
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select

from service.conversation.comments.idempotency_keys import DerivedKeys
from service.conversation.comments.model import IdempotencyKeyRow
from service.platform.problems import Busy, DatabaseUnavailable
from service.platform.storage.engine import Database
from service.reading.pages.form_timestamps import MAX_SECONDS, FormTimestamps
from tests.builders import ASite, Clock, a_comment, a_site, a_thread, decide, set_rules
from tests.conftest import SECRET_KEY
from tests.reading.pages.html_forms import form_at, forms_in, message_of, send


async def test_a_reply_by_the_form_is_published_and_redirects_to_itself(site: ASite) -> None:
    thread = await a_thread(site, article="a/b c")
    page = await send(site, await form_at(site, "/a%2Fb%20c"), name="Ada", body="By a *plain* form.")
    assert page.status_code == 200
    assert message_of(page) == "Your reply is published."
    assert "By a <em>plain</em> form." in page.text
    [comment] = await thread.pages()
    assert str(page.url).endswith(f"/a%2Fb%20c?confirmation=posted&comment={comment['id']}#comment-{comment['id']}")
    assert (await form_at(site, "/a%2Fb%20c")).values["name"] == "Ada"  # as they signed last


async def test_a_shared_link_shows_no_confirmation(site: ASite) -> None:
    await a_thread(site, article="a")
    page = await send(site, await form_at(site, "/a"), name="Ada", body="By a plain form.")
    assert message_of(page) == "Your reply is published."
    elsewhere = await site.client.get(str(page.url), headers={"Sec-Fetch-Site": "cross-site"})
    assert "By a plain form." in elsewhere.text
    assert message_of(elsewhere) is None


async def test_a_reply_is_below_its_parent(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    first = (await a_comment(thread, "First.", name="Grace"))["comment"]
    form = await form_at(site, f"/comments/{first['id']}?reply")
    assert form.values["parent"] == first["id"]
    assert "Reply to Grace" in (await send(site, form, name="Ada", body=" ")).text
    await send(site, form, name="Ada", body="An answer.")
    _, answer = await thread.pages()
    assert answer["parent_id"] == first["id"]


async def test_a_form_that_is_sent_twice_posts_once(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    form = await form_at(site, "/a")
    for _ in range(2):
        site.client.cookies.clear()
        await send(site, form, name="Ada", body="Once.")
    await send(site, form, name="Ada", body="Another.")
    assert [comment["html"] for comment in await thread.pages()] == ["<p>Once.</p>", "<p>Another.</p>"]


async def test_two_readers_who_send_the_same_text_post_two_comments(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    form = await form_at(site, "/a")
    for browser in ("One", "Another"):
        site.client.cookies.clear()
        await send(site, form, {"User-Agent": browser}, name="Ada", body="Hear, hear.")
    assert len(await thread.pages()) == 2


async def test_whoever_repeats_a_form_does_not_become_its_author(site: ASite, the_clock: Clock) -> None:
    """Everything in the form can be known: the text is public, and an office shares its address."""
    thread = await a_thread(site, article="a")
    form = await form_at(site, "/a")
    await send(site, form, name="Ada", body="Mine.")
    assert site.client.cookies
    for seconds in (0, 1, 10):
        site.client.cookies.clear()
        the_clock.move(seconds=seconds)
        await send(site, form, name="Ada", body="Mine.")
        assert not site.client.cookies
    assert len(await thread.pages()) == 1


async def test_no_header_can_name_the_key_of_a_form(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    await send(site, await form_at(site, "/a"), name="Ada", body="Mine.")
    [comment] = await thread.pages()
    find = select(IdempotencyKeyRow.key).where(IdempotencyKeyRow.comment_id == UUID(comment["id"]))
    async with site.app.state.database.read() as connection:
        key = (await connection.execute(find)).scalar_one()
    refused = await thread.post("Mine.", key=key)
    assert (refused.status_code, refused.json()["type"]) == (400, "/problems/invalid-header")
    for other in (key.replace(" ", ""), key.split()[-1]):
        assert (await thread.post("Mine.", key=other)).status_code == 201
    assert len(await thread.pages()) == 3


def test_the_key_of_a_form_needs_the_secret_key() -> None:
    parts = ("client", ["time", "Ada", "Mine."])
    assert DerivedKeys(SECRET_KEY).make(*parts) == DerivedKeys(SECRET_KEY).make(*parts)
    assert DerivedKeys(SECRET_KEY).make(*parts) != DerivedKeys("another key " * 3).make(*parts)


async def test_a_held_reply_is_shown_only_to_its_author_also_on_return(site: ASite) -> None:
    await a_thread(site, article="a", mode="hold")
    page = await send(site, await form_at(site, "/a"), name="Ada", body="Patience.")
    again = await site.client.get(f"/{site.slug}/a")
    assert message_of(page) == "Your reply waits for a moderator."
    for seen in (page.text, again.text):
        assert "Patience." in seen
        assert "Only you see this yet. All comments here wait for a moderator." in seen
    assert again.headers["cache-control"] == "private, no-store"
    site.client.cookies.clear()
    assert "Patience." not in (await site.client.get(f"/{site.slug}/a")).text


async def test_only_authors_edit_and_delete_their_comments(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    await send(site, await form_at(site, "/a"), name="Ada", body="It is tru.")
    [comment] = await thread.pages()
    edit = await form_at(site, f"/a?edit={comment['id']}")
    assert (edit.action, edit.values["body"]) == ("edit", "It is tru.")
    assert "It is true." in (await send(site, edit, body="It is true.")).text
    delete = await form_at(site, f"/comments/{comment['id']}?delete")
    jar = dict(site.client.cookies)
    site.client.cookies.clear()
    assert (await form_at(site, f"/comments/{comment['id']}?delete")).action == "post"
    assert (await send(site, delete)).status_code == 404
    assert "It is true." in (await site.client.get(f"/{site.slug}/a")).text
    site.client.cookies.update(jar)
    assert message_of(await send(site, delete)) == "Your comment is deleted."
    assert await thread.pages() == []


async def test_a_report_is_filed_with_its_reason(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    comment = (await a_comment(thread, "Buy this!"))["comment"]
    form = await form_at(site, f"/comments/{comment['id']}?report")
    assert message_of(await send(site, form, reason="spam", note="Again.")) == "Thank you. A moderator will look at it."
    expected = (await site.call("GET", f"/comments/{comment['id']}/reports", by="moderator")).json()
    assert [(each["reason"], each["note"]) for each in expected["reports"]] == [("spam", "Again.")]


async def test_a_reporter_reads_the_outcome_on_a_page(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    comment = (await a_comment(thread, "Rude."))["comment"]
    form = await form_at(site, f"/comments/{comment['id']}?report")
    receipt = await send(site, form, reason="abuse", contact="jo@example.org")
    assert message_of(receipt) == "Thank you. A moderator will look at it."
    assert "A moderator has not decided yet." in receipt.text and "jo@example.org" not in receipt.text
    assert (receipt.headers["referrer-policy"], receipt.headers["x-robots-tag"]) == ("no-referrer", "noindex")
    await decide(site, "reject", comment)
    later = await site.client.get(str(receipt.url).partition("?")[0])
    assert "A moderator removed the comment." in later.text and message_of(later) is None
    assert (await site.client.get(f"/{site.slug}/reports/report_x")).status_code == 404


async def test_a_report_without_a_reason_asks_for_one_and_keeps_the_note(site: ASite) -> None:
    thread = await a_thread(site)
    comment = (await a_comment(thread))["comment"]
    form = await form_at(site, f"/{thread.article}?report={comment['id']}")
    page = await send(site, form, note="Look at it.")
    assert page.status_code == 422
    assert '<p class="field-error" id="error-reason">A field does not fit.</p>' in page.text
    [again] = forms_in(page)
    assert again.values["note"] == "Look at it."


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ({"name": "", "body": "Kept words."}, "Please say under which name to post."),
        ({"name": "Ada", "body": " "}, "There must be something to read."),
        ({"name": "Ada", "body": "Kept words.", "email": "no address"}, "This does not look like an e-mail address."),
        ({"name": "Ada", "body": "Kept words.", "url": "javascript:alert(1)"}, "This must be a whole web address"),
        ({"name": "Ada", "body": "Kept words." + "x" * 10_000}, "At most 10,000 characters fit here."),
        ({"name": "A" * 101, "body": "Kept words."}, "At most 100 characters fit here."),
    ],
)
async def test_errors_are_shown_at_their_fields_and_all_values_are_kept(
    site: ASite, typed: dict[str, str], expected: str
) -> None:
    thread = await a_thread(site, article="a")
    page = await send(site, await form_at(site, "/a"), **typed)
    assert page.status_code == 422
    assert 'class="field-error" id="error-' in page.text
    assert expected in page.text
    [form] = forms_in(page)
    assert {name: form.values[name] for name in typed} == typed
    assert await thread.pages() == []


async def test_a_thread_that_closed_meanwhile_says_so_and_returns_the_text(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    form = await form_at(site, "/a")
    await thread.close()
    page = await send(site, form, name="Ada", body="Too <late>.\n\nA pity.")
    assert page.status_code == 409
    assert "Comments are closed." in page.text
    assert forms_in(page) == []
    assert "Too &lt;late&gt;.\n\nA pity.</textarea>" in page.text


async def test_a_reply_to_a_removed_comment_may_become_a_comment_on_the_article(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    first = (await a_comment(thread))["comment"]
    form = await form_at(site, f"/comments/{first['id']}?reply")
    await decide(site, "reject", first)
    page = await send(site, form, name="Ada", body="My answer.")
    assert page.status_code == 409
    assert "The comment you are answering is no longer there." in page.text
    [again] = forms_in(page)
    assert (again.values["body"], again.values["parent"]) == ("My answer.", "")


async def test_a_hidden_thread_returns_the_text(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    form = await form_at(site, "/a")
    await site.call("PUT", thread.path, by="host", json={"title": "T", "published_at": "2999-01-01T00:00:00Z"})
    page = await send(site, form, name="Ada", body="My words.")
    assert page.status_code in {404, 409}
    assert "My words.</textarea>" in page.text


async def test_a_request_over_the_limit_gets_429_and_the_text(site: ASite) -> None:
    await a_thread(site, article="a")
    form = await form_at(site, "/a")
    await site.set(request_limit_per_address="1/hour")
    answers = [await send(site, form, name="Ada", body="My <words>.") for _ in range(2)]
    answers.append(await site.client.get(f"/{site.slug}/a"))
    for answer in answers[1:]:
        assert answer.status_code == 429
        assert answer.headers["retry-after"]
        assert "Please wait a moment and try again." in answer.text
    assert "My &lt;words&gt;.</textarea>" in answers[1].text


async def test_while_the_database_is_busy_the_text_is_returned(site: ASite, monkeypatch: pytest.MonkeyPatch) -> None:
    await a_thread(site, article="a")
    form = await form_at(site, "/a")
    for trouble in (Busy(), DatabaseUnavailable("no connection is free")):
        for way in ("read", "write"):
            monkeypatch.setattr(Database, way, Mock(side_effect=trouble))
        answer = await send(site, form, name="Ada", body="My words.")
        assert answer.status_code == 503
        assert answer.headers["content-type"].startswith("text/html")
        assert "My words.</textarea>" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "", "Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": "", "Origin": "null"},
    ],
)
async def test_a_form_from_another_origin_is_reviewed_first(site: ASite, headers: dict[str, str]) -> None:
    thread = await a_thread(site, article="a")
    page = await send(site, await form_at(site, "/a"), headers, name="Ada", body="From elsewhere.")
    assert page.status_code == 200
    assert message_of(page) == "Please look over what you wrote, then send it."
    assert await thread.pages() == []
    [form] = forms_in(page)
    await send(site, form)
    assert [comment["html"] for comment in await thread.pages()] == ["<p>From elsewhere.</p>"]


async def test_another_origin_cannot_edit_delete_or_report(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    await send(site, await form_at(site, "/a"), name="Ada", body="Mine.")
    [comment] = await thread.pages()
    foreign = {"Sec-Fetch-Site": "cross-site"}
    fields: dict[str, dict[str, str]] = {"": {"body": "Theirs."}, "/deletion": {}, "/report": {"reason": "spam"}}
    for path, typed in fields.items():
        form = await form_at(site, f"/a?edit={comment['id']}")
        form.url = f"/{site.slug}/a/comments/{comment['id']}{path}"
        assert (await send(site, form, foreign, **typed)).status_code == 200
    assert [each["html"] for each in await thread.pages()] == ["<p>Mine.</p>"]
    expected = (await site.call("GET", f"/comments/{comment['id']}/reports", by="moderator")).json()
    assert expected["reports"] == []


async def test_scripts_and_other_origins_cannot_read_the_cookie(site: ASite, monkeypatch: pytest.MonkeyPatch) -> None:
    await a_thread(site, article="a")
    form = await form_at(site, "/a")
    answer = await site.client.post(form.url, data={**form.values, "name": "Ada", "body": "Hello."})
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert f"Path=/{site.slug}/" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    over_tls = await site.client.post(
        f"https://onereply.test{form.url}", data={**form.values, "name": "Eve", "body": "Hello you."}
    )
    assert "Secure" in over_tls.headers["set-cookie"]
    behind_tls = msgspec.structs.replace(site.app.state, base_url="https://comments.example")
    monkeypatch.setattr(site.app, "state", behind_tls)  # TLS ends before the service
    behind = await site.client.post(form.url, data={**form.values, "name": "Eva", "body": "Hello all."})
    assert "Secure" in behind.headers["set-cookie"]


@pytest.mark.parametrize("cookie", ["author_AAAA", "author_", "x", "author_%FF", "author_" + "A" * 43])
async def test_an_invalid_cookie_is_ignored(site: ASite, cookie: str) -> None:
    await a_thread(site, article="a")
    page = await site.client.get(f"/{site.slug}/a", headers={"Cookie": f"onereply-author={cookie}"})
    assert page.status_code == 200
    assert page.headers["cache-control"].startswith("public")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"&&&===",
        b"body=%00%00&name=%00",
        b"a=1&" * 50,
        b"parent=x&body=b&name=n",
    ],
)
async def test_a_malformed_form_gets_a_page(site: ASite, body: bytes) -> None:
    await a_thread(site, article="a")
    sent = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await site.client.post(f"/{site.slug}/a/comments", content=body, headers=sent)
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")


async def test_a_form_filled_in_by_a_bot_is_held(site: ASite, the_clock: Clock) -> None:
    async with a_site(site.app) as own:
        await set_rules(own, honeypot=True)
        await a_thread(own, article="a")
        page = await send(own, await form_at(own, "/a"), name="Bot", body="Buy!", home="https://buy.example")
        assert message_of(page) == "Your reply waits for a moderator."


def test_a_timestamp_has_the_age_of_its_form() -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    stamps, others = FormTimestamps(SECRET_KEY), FormTimestamps("another key " * 3)
    stamp = stamps.make(now - timedelta(seconds=7))
    assert stamps.seconds_since(stamp, now) == 7
    assert stamps.seconds_since(stamps.make(now + timedelta(seconds=7)), now) == 0
    assert stamps.seconds_since(stamps.make(now - timedelta(days=90)), now) == MAX_SECONDS
    for forged in ("", ".", "1.", f"1{stamp}", stamp[:-1], others.make(now - timedelta(hours=1)), "x.y", f"{stamp}0"):
        assert stamps.seconds_since(forged, now) == 0


async def test_a_form_counts_as_its_own_origins_in_any_spelling(site: ASite) -> None:
    """Browsers without ``Sec-Fetch-Site`` send only ``Origin``; TLS may end at a proxy."""
    await a_thread(site, article="a")
    origins = {
        "http://onereply.test": 303,
        "https://OneReply.test:443": 303,
        "http://onereply.test:81": 200,
        "http://[": 200,
    }
    for number, (origin, status) in enumerate(origins.items()):
        form = await form_at(site, "/a")
        values = {**form.values, "name": "Ada", "body": f"Reply {number}."}
        answer = await site.client.post(form.url, data=values, headers={"Origin": origin})
        assert answer.status_code == status, origin


async def test_a_quotation_is_of_a_published_parent_only(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    first = (await a_comment(thread, "- One\n- Two\n\n> Three", name="Grace"))["comment"]
    form = await form_at(site, f"/comments/{first['id']}?reply")
    quoted = forms_in(await send(site, form, quote="1", body="Four."))[0]
    assert quoted.values["body"] == "> One\n> Two\n>\n> Three\n\nFour."
    assert quoted.values["parent"] == first["id"]
    await decide(site, "reject", first)
    gone = await send(site, form, quote="1", body="Four.")
    assert "Three" not in gone.text
    assert "Four." in gone.text


async def test_a_guest_is_forgotten_only_from_our_own_page(site: ASite) -> None:
    await a_thread(site, article="a")
    await send(site, await form_at(site, "/a"), name="Ada", email="ada@gazette.example", body="First.")
    form = await form_at(site, "/a")
    await send(site, form, {"Sec-Fetch-Site": "cross-site"}, forget="1")
    assert (await form_at(site, "/a")).values["name"] == "Ada"
    page = await send(site, form, forget="1", body="Second.")
    assert page.headers["cache-control"] == "private, no-store"
    assert "ada@gazette.example" not in page.text
    assert forms_in(page)[0].values["body"] == "Second."
    assert (await form_at(site, "/a")).values["name"] == ""


async def test_links_to_forms_carry_the_order_on(site: ASite) -> None:
    thread = await a_thread(site, article="a")
    first = (await a_comment(thread, "First.", name="Grace"))["comment"]
    await a_comment(thread, "Second.")
    page = await site.client.get(f"/{site.slug}/a?order=newest")
    [link] = re.findall(rf'href="([^"]*/comments/{first["id"]}\?reply[^"]*)"', page.text)
    assert link.endswith("?reply&amp;order=newest")
    there = await site.client.get(link.replace("&amp;", "&"), follow_redirects=True)
    assert str(there.url).endswith(f"/a?reply={first['id']}&order=newest")
    assert forms_in(there)[0].url.endswith("/comments?order=newest")
    assert f'/a?comment={first["id"]}&amp;order=newest#comment-{first["id"]}"' in there.text
