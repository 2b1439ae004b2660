"""The embed shows only what really happened: with failing servers, changing pages and several windows."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.a_browser import Visits
from tests.browser.a_host_page import AHost, the_embed
from tests.builders import ASite, AThread, a_comment, a_thread
from tests.integrations.imports import exports
from tests.integrations.imports.test_import_archive import import_file

pytestmark = pytest.mark.slow
POST = "**/comments"
STREAM = "**/stream*"
CORS = {"access-control-allow-origin": "*", "access-control-expose-headers": "Retry-After"}
Show = Callable[[AThread], Awaitable[Page]]


@pytest.fixture
def show(host: AHost, visits: Visits) -> Show:
    """Shows a thread to a new reader, in a host's page."""

    async def show(thread: AThread) -> Page:
        page = await visits.begin()
        await page.goto(host.write(the_embed(thread)))
        await expect(page.locator(".heading")).to_be_visible()
        return page

    return show


def answering(
    status: int, body: str = "<p>Log in to the hotel.</p>", **headers: str
) -> Callable[[Route], Awaitable[None]]:
    """Respond instead of the service."""

    async def answer(route: Route) -> None:
        await route.fulfill(status=status, body=body, content_type="text/html", headers={**CORS, **headers})

    return answer


def words(page: Page) -> Locator:
    """The field of the form below all comments."""
    return page.locator("section > form").get_by_label("Your reply")


async def write(page: Page, body: str, *, name: str = "Ada") -> None:
    """Fill in the form and send it."""
    await page.get_by_label("Name").fill(name)
    await words(page).fill(body)
    await send(page)


async def send(page: Page) -> None:
    await page.locator("section > form").get_by_role("button", name="Post reply").click()


async def swap(page: Page, thread: AThread) -> None:
    """Make the element show another article's thread."""
    await page.evaluate(f"document.querySelector('comment-thread').setAttribute('article', '{thread.article}')")
    await expect(page.locator(".heading")).to_contain_text(thread.registered["title"])


async def test_after_a_change_of_article_each_reply_stays_with_its_own(site: ASite, show: Show) -> None:
    first, second = await a_thread(site, title="The first"), await a_thread(site, title="The second")
    page, let_go = await show(first), asyncio.Event()

    async def hold(route: Route) -> None:
        await let_go.wait()
        await route.continue_()

    await page.route(POST, hold)
    await write(page, "To the first.")
    await expect(page.get_by_text("Sending…").first).to_be_visible()
    await swap(page, second)
    await words(page).fill("To the second.")
    async with page.expect_response(POST):
        let_go.set()
    await expect(page.get_by_text("Your reply is published.")).to_have_count(0)
    await swap(page, first)
    await expect(page.locator("li > article", has_text="To the first.")).to_be_visible()
    await expect(words(page)).to_have_value("")
    await swap(page, second)
    await expect(page.locator(".heading")).to_have_text("No replies on “The second”")
    await expect(words(page)).to_have_value("To the second.")
    assert await second.pages() == []


async def test_events_of_the_former_article_are_not_shown(site: ASite, host: AHost, visits: Visits) -> None:
    first, second = await a_thread(site, title="The first"), await a_thread(site, title="The second")
    page = await visits.begin()
    async with page.expect_response(STREAM):
        await page.goto(host.write(the_embed(first)))
    await a_comment(first)
    await expect(page.get_by_role("button", name="One new reply")).to_be_visible()
    await swap(page, second)
    await expect(page.locator(".new-replies button")).to_be_hidden()


async def test_an_own_reply_hides_no_earlier_one(site: ASite, show: Show, visits: Visits) -> None:
    thread, page = await a_thread(site), await visits.begin()
    await page.context.route(STREAM, answering(429, **{"retry-after": "1"}))
    page = await visits.another(page.context)
    await page.goto((await show(thread)).url)
    await expect(page.get_by_role("heading", level=2)).to_contain_text("No replies")
    await a_comment(thread, "Grace was here.", name="Grace")
    await write(page, "And Ada.")
    await expect(page.get_by_text("Your reply is published.")).to_be_visible()
    async with page.expect_response(lambda answer: "/stream" in answer.url and answer.ok, timeout=20_000):
        await page.context.unroute(STREAM)
    await page.get_by_role("button", name="One new reply").click()
    await expect(page.locator("li article .body")).to_have_text(["Grace was here.", "And Ada."])


async def test_an_import_is_offered_as_one_update(site: ASite, host: AHost, visits: Visits) -> None:
    thread, page = await a_thread(site, article="1"), await visits.begin()
    async with page.expect_response(STREAM):
        await page.goto(host.write(the_embed(thread)))
    await words(page).fill("I am typing.")
    await import_file(site, exports.an_export(exports.an_item(*map(exports.a_comment, "12"))).read())
    await page.get_by_role("button", name="2 replies").click()
    await expect(page.locator(".comments > li")).to_have_count(2)
    await expect(page.locator(".heading")).to_be_focused()
    await expect(page.locator(".new-replies button")).to_be_hidden()
    await expect(words(page)).to_have_value("I am typing.")


@pytest.mark.parametrize(
    ("status", "retry_after"),
    [(500, ""), (502, ""), (503, "Fri, 27 Nov 2026 12:00:00 GMT"), (503, "soon")],
)
async def test_a_failed_stream_reconnects_with_a_pause(
    site: ASite, show: Show, visits: Visits, status: int, retry_after: str
) -> None:
    thread, page = await a_thread(site), await visits.begin()
    await page.context.route(STREAM, answering(status, **{"retry-after": retry_after}))
    page = await visits.another(page.context)
    await page.add_init_script(
        """
        window.pauses = [];
        const wait = setTimeout;
        window.setTimeout = (call, time, ...more) => { pauses.push(time ?? 0); return wait(call, time, ...more) };
        """
    )
    async with page.expect_response(STREAM):
        await page.goto((await show(thread)).url)
    async with page.expect_response(lambda answer: "/stream" in answer.url and answer.ok, timeout=20_000):
        await page.context.unroute(STREAM)
    assert await page.evaluate("pauses.filter((pause) => !(pause < 120_000))") == []


async def test_a_response_of_another_server_is_an_error(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    page = await show(thread)
    await page.route(POST, answering(200))
    await write(page, "Is anybody there?")
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(words(page)).to_have_value("Is anybody there?")
    await expect(page.locator(".comments > li")).to_have_count(0)
    await page.unroute(POST)
    await send(page)
    await expect(page.get_by_text("Your reply is published.")).to_be_visible()
    assert len(await thread.pages()) == 1


async def test_a_page_of_another_server_is_not_shown(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    page = await show(thread)
    await page.context.route("**/comments.html*", answering(200))
    await page.reload()
    await expect(page.get_by_text("The replies can’t be shown just now.")).to_be_visible()
    await page.context.unroute("**/comments.html*")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.locator(".heading")).to_be_visible()


async def test_the_same_text_from_two_windows_is_one_reply(site: ASite, show: Show, visits: Visits) -> None:
    thread = await a_thread(site)
    page = await show(thread)
    await page.get_by_label("Name").fill("Ada")
    await words(page).fill("Once.")
    other = await visits.another(page.context)
    await other.goto(page.url)
    await expect(words(other)).to_have_value("Once.")
    for window in (page, other):
        await send(window)
        await expect(window.get_by_text("Your reply is published.")).to_be_visible()
        await expect(window.locator(".comments > li")).to_have_count(1)
    await write(other, "Twice.")
    await expect(other.locator(".comments > li:not(.sending)")).to_have_count(2)
    assert [each["html"] for each in await thread.pages()] == ["<p>Once.</p>", "<p>Twice.</p>"]


async def test_with_full_storage_the_newest_text_is_kept(site: ASite, show: Show) -> None:
    first, second = await a_thread(site, title="The first"), await a_thread(site, title="The second")
    page = await show(first)
    await words(page).fill("Old.")
    await page.evaluate(
        "() => { Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError') } }"
    )
    await words(page).fill("New.")
    await swap(page, second)
    await swap(page, first)
    await expect(words(page)).to_have_value("New.")


ODD_VALUES = (
    *("{", "null", "5", "[]", "[null]", '"текст"', "true", '{"a": null}', '{"name": {}}', '{"post:": null}'),
    *('{"post:": 5}', '{"post:": {"body": 5, "at": 9e15}}', '{"post:": {"body": "x", "at": 9e15, "key": "ключ"}}'),
)


async def test_foreign_values_in_storage_are_ignored(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    page = await show(thread)
    names = (f"{site.slug}:drafts:{thread.article}", f"{site.slug}:author", f"{site.slug}:author-profile")
    for odd in ODD_VALUES:
        await page.evaluate(
            "([names, odd]) => { for (const each of names) localStorage.setItem(`onereply:${each}`, odd) }",
            [[*names, "messages:en", "messages:en-US"], odd],
        )
        await page.reload()
        await expect(page.locator(".heading")).to_be_visible()
        await expect(words(page)).to_have_value("")
        await expect(page.get_by_label("Name")).to_have_value("")
        await page.route("**/comments.html*", lambda route: route.abort())
        await page.evaluate(
            "odd => { for (const each of ['en', 'en-US']) localStorage.setItem(`onereply:messages:${each}`, odd) }", odd
        )
        await page.reload()
        await expect(page.get_by_role("button", name="Try again")).to_be_visible()
        await page.unroute("**/comments.html*")


@pytest.mark.parametrize(
    "storage",
    [
        "{ get() { throw new DOMException('', 'SecurityError') } }",
        "{ value: null }",
        "{ value: { getItem() { throw new Error() }, setItem() { throw new Error() } } }",
        "{ value: { getItem() {}, setItem() {} } }",
    ],
)
async def test_the_embed_works_without_storage(site: ASite, host: AHost, visits: Visits, storage: str) -> None:
    thread, page = await a_thread(site), await visits.begin()
    await page.add_init_script(f"Object.defineProperty(window, 'localStorage', {storage})")
    await page.goto(host.write(the_embed(thread)))
    await write(page, "By a reader without storage.")
    await expect(page.get_by_text("Your reply is published.")).to_be_visible()
    if "getItem() {}" not in storage:  # this one loses what is stored, without a word
        await expect(page.get_by_role("link", name="Edit")).to_be_visible()


async def test_after_an_unknown_article_another_one_is_shown(site: ASite, host: AHost, visits: Visits) -> None:
    thread, page = await a_thread(site), await visits.begin()
    await page.goto(host.write(f'<comment-thread site="{site.slug}" article="unknown">None yet.</comment-thread>'))
    await expect(page.get_by_text("None yet.")).to_be_visible()
    for _ in range(2):
        await swap(page, thread)
        await page.evaluate("document.querySelector('comment-thread').setAttribute('article', 'unknown too')")
        await expect(page.get_by_text("None yet.")).to_be_visible()


async def test_an_edit_form_is_read_only_if_its_text_cannot_be_loaded(site: ASite, show: Show) -> None:
    thread = await a_thread(site)
    page = await show(thread)
    await write(page, "It is tru.")
    await expect(page.get_by_role("link", name="Edit")).to_be_visible()
    [posted] = await thread.pages()
    one = f"**/comments/{posted['id']}"
    await page.route(one, lambda route: route.abort())
    form = page.locator("li > form")
    await page.get_by_role("link", name="Edit").click()
    await expect(form.get_by_role("alert")).to_have_text("The replies can’t be shown just now.")
    await expect(form.get_by_role("button", name="Save")).to_be_disabled()
    await expect(form.get_by_label("Your reply")).to_have_attribute("readonly", "")
    await page.unroute(one)
    await form.get_by_role("link", name="Cancel").click()
    await page.get_by_role("link", name="Edit").click()
    await expect(form.get_by_label("Your reply")).to_have_value("It is tru.")
    await expect(form.get_by_role("button", name="Save")).to_be_enabled()


async def test_failed_counts_are_requested_again(site: ASite, host: AHost, visits: Visits) -> None:
    thread, page = await a_thread(site), await visits.begin()
    await a_comment(thread)
    await page.clock.install()
    await page.route("**/counts*", answering(502))
    async with page.expect_response("**/counts*"):
        await page.goto(host.write(f'<a href="#c" data-comment-count="{thread.article}">Replies</a>', site=site.slug))
    await page.unroute("**/counts*")
    await expect(page.locator("a")).to_have_text("Replies")
    await page.clock.fast_forward(60_000)
    await expect(page.locator("a")).to_have_text("One reply")


async def test_a_field_is_described_by_its_error_until_it_is_corrected(site: ASite, show: Show) -> None:
    page = await show(await a_thread(site))
    website = page.get_by_label("Website")
    hint = await words(page).get_attribute("aria-describedby")
    await website.fill("mailto:ada@gazette.example")
    await write(page, "Well said.")
    await expect(website).to_have_attribute("aria-describedby", "errorurl ")
    await expect(page.locator("#errorurl")).to_be_visible()
    await website.fill("")
    await send(page)
    await expect(page.get_by_text("Your reply is published.")).to_be_visible()
    await expect(website).to_have_attribute("aria-describedby", "")
    await expect(words(page)).to_have_attribute("aria-describedby", str(hint))
