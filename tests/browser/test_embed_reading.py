"""Reading a thread in a host's page, under the strictest policy."""

import pytest
from playwright.async_api import Page, Request, expect

from tests.browser.a_browser import NARROW, WIDE, Scheme, Size, Visits
from tests.browser.a_host_page import ARTICLE, AHost, events_of, shifted, the_embed
from tests.browser.page_checks import barriers, overflowing, photograph
from tests.builders import REFERENCE_TITLE, ASite, AThread, a_comment, a_thread

pytestmark = pytest.mark.slow


async def a_long_thread(site: ASite, comments: int = 60) -> tuple[AThread, list[str]]:
    """A thread, and the ids of its comments."""
    thread = await a_thread(site)
    return thread, [(await a_comment(thread, f"Number {number}."))["comment"]["id"] for number in range(comments)]


def requests_of(page: Page) -> list[Request]:
    """Return a list that records the page's requests from now on."""
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - playwright sets an attribute on it
    return asked


async def test_the_reference_thread_reads_as_its_two_lines(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "Dialogue is a *beginning*.", name="Irina")
    await thread.close(reason="Two weeks are over.")
    page = await visits.begin()
    await page.goto(host.write(ARTICLE, the_embed(thread)))
    await expect(page.get_by_role("heading", level=2)).to_have_text(f"One reply on “{REFERENCE_TITLE}”")
    await expect(page.get_by_text("Comments are closed. Two weeks are over.")).to_be_visible()
    await expect(page.locator(".body em")).to_have_text("beginning")
    await expect(page.locator(".write:visible")).to_have_count(0)
    assert await events_of(page, "ready") == [None]


async def test_a_link_to_a_comment_opens_its_page_and_goes_to_it(site: ASite, host: AHost, visits: Visits) -> None:
    thread, ids = await a_long_thread(site)
    page = await visits.begin()
    await page.goto(f"{host.write(ARTICLE * 10, the_embed(thread))}#comment-{ids[55]}")
    await expect(page.locator(f"#comment-{ids[55]} > article")).to_be_focused()
    await expect(page.locator(f"#comment-{ids[55]}")).to_be_in_viewport()
    await page.evaluate(f"location.hash = 'comment-{ids[3]}'")  # a link in the host's page
    await expect(page.locator(f"#comment-{ids[3]} > article")).to_be_focused()
    await page.locator(f"#comment-{ids[5]} .time").click()
    await expect(page.locator(f"#comment-{ids[5]} > article")).to_be_focused()


async def test_more_replies_are_appended_and_the_order_can_be_reversed(
    site: ASite, host: AHost, visits: Visits
) -> None:
    thread, ids = await a_long_thread(site)
    page = await visits.begin()
    await page.goto(host.write(the_embed(thread)))
    await expect(page.locator(".comments > li")).to_have_count(50)
    await page.get_by_role("link", name="More replies").click()
    await expect(page.locator(".comments > li")).to_have_count(60)
    await expect(page.locator(f"#comment-{ids[50]} > article")).to_be_focused()
    await expect(page.locator(".more")).to_have_count(0)
    await page.get_by_role("link", name="Newest first").click()
    await expect(page.locator(".comments > li").first).to_contain_text("Number 59.")
    await expect(page.get_by_role("heading", level=2)).to_be_focused()


async def test_three_threads_on_a_page_are_independent(site: ASite, host: AHost, visits: Visits) -> None:
    threads = [await a_thread(site, title=f"Article {number}") for number in range(3)]
    for number, thread in enumerate(threads):
        for _ in range(number):
            await a_comment(thread)
    page = await visits.begin()
    await page.goto(host.write(*(the_embed(thread) for thread in threads)))
    for number, thread in enumerate(threads):
        shown = page.locator(f"comment-thread[article={thread.article}]")
        await shown.scroll_into_view_if_needed()
        await expect(shown.locator(".comments > li")).to_have_count(number)
    second = page.locator(f"comment-thread[article={threads[1].article}]")
    await second.get_by_label("Name").fill("Ada")
    await second.get_by_label("Your reply").fill("To the second.")
    await second.get_by_role("button", name="Post reply").click()
    await expect(second.get_by_text("Your reply is published.")).to_be_visible()
    assert [(await thread.read())["reply_count"] for thread in threads] == [0, 2, 2]


async def test_a_changed_article_attribute_shows_the_new_thread(site: ASite, host: AHost, visits: Visits) -> None:
    first, second = await a_thread(site, title="The first"), await a_thread(site, title="The second")
    page = await visits.begin()
    await page.goto(host.write(the_embed(first)))
    heading = page.get_by_role("heading", level=2)
    await expect(heading).to_have_text("No replies on “The first”")
    element = "document.querySelector('comment-thread')"
    await page.evaluate(f"{element}.setAttribute('article', '{second.article}')")
    await expect(heading).to_have_text("No replies on “The second”")
    await page.evaluate(
        f"""() => {{
          const other = document.createElement("comment-thread");
          other.setAttribute("site", "{site.slug}");
          other.setAttribute("article", "{first.article}");
          {element}.replaceWith(other);
        }}"""
    )
    await expect(heading).to_have_text("No replies on “The first”")
    await page.evaluate(f"{{ const it = {element}; it.remove(); document.querySelector('main').append(it); }}")
    await a_comment(first)
    await expect(heading).to_have_text("One reply on “The first”")  # it listens again


async def test_a_thread_far_below_is_loaded_when_the_reader_comes_near(
    site: ASite, host: AHost, visits: Visits
) -> None:
    thread = await a_thread(site)
    page = await visits.begin()
    asked = requests_of(page)
    await page.goto(host.write(ARTICLE * 60, the_embed(thread)), wait_until="networkidle")
    assert [each.url for each in asked if "comments.html" in each.url] == []
    await page.locator("footer").scroll_into_view_if_needed()
    await expect(page.get_by_role("heading", level=2)).to_be_visible()


@pytest.mark.parametrize("comments", [0, 1, 60])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
async def test_loading_the_thread_shifts_no_layout(
    site: ASite, host: AHost, visits: Visits, comments: int, size: Size
) -> None:
    thread, _ = await a_long_thread(site, comments)
    page = await visits.begin(size=size)
    await page.goto(host.write(ARTICLE, the_embed(thread)))
    await expect(page.get_by_role("heading", level=2)).to_be_visible()
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert await shifted(page) <= 0.05


async def test_an_included_fragment_is_shown_without_a_request(
    site: ASite, host: AHost, visits: Visits, origin: str
) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "From the server.")
    fragment = await site.call("GET", f"{thread.path}/comments.html", headers={"Host": origin.partition("//")[2]})
    page = await visits.begin()
    asked = requests_of(page)
    await page.goto(host.write(the_embed(thread, content=fragment.text)))
    await page.get_by_role("link", name="Reply to Ada").click()
    await expect(page.get_by_role("heading", name="Reply to Ada")).to_be_visible()
    assert [each.url for each in asked if "comments.html" in each.url] == []


async def test_a_failed_load_shows_a_message_and_can_be_retried(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site)
    page = await visits.begin()
    url = host.write(the_embed(thread))
    await page.route("**/comments.html*", lambda route: route.fulfill(status=503, body="{}"))
    await page.goto(url)
    await expect(page.get_by_text("The replies can’t be shown just now.")).to_be_visible()
    await page.unroute("**/comments.html*")
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("heading", level=2)).to_be_visible()


@pytest.mark.parametrize("why", ["never registered", "under embargo"])
async def test_without_a_thread_the_page_keeps_its_own_content(
    site: ASite, host: AHost, visits: Visits, why: str
) -> None:
    thread = await a_thread(site, published_at="2999-01-01T00:00:00Z")
    article = "42" if why == "never registered" else thread.article
    page = await visits.begin()
    warned: list[str] = []
    page.on("console", lambda message: warned.append(message.text) if message.type == "warning" else None)
    async with page.expect_console_message(lambda message: message.type == "warning"):
        await page.goto(
            host.write(ARTICLE * 9, the_embed(thread, content="<a href='/talk'>Comments</a>", article=article))
        )
    assert len(warned) == 1
    reason, _, guide = warned[0].rpartition(" ")
    assert reason == f"One Reply: site “{site.slug}” has no thread for article “{article}”. Register the article:"
    await expect(page.get_by_role("link", name="Comments")).to_be_visible()
    await expect(page.get_by_role("button")).to_have_count(0)
    box = await page.locator("comment-thread").bounding_box()
    assert box
    assert box["height"] < 40  # a line
    await page.goto(guide)
    await expect(page.get_by_role("heading", name="Register articles")).to_be_in_viewport()
    assert await shifted(page) <= 0.05


@pytest.mark.parametrize(
    ("language", "lang", "expected"),
    [
        ("en", "", "The replies can’t be shown just now."),
        ("de", "", "Die Antworten lassen sich gerade nicht anzeigen."),
        ("en", "de", "Die Antworten lassen sich gerade nicht anzeigen."),
        ("fr", "", "The replies can’t be shown just now."),
    ],
)
async def test_a_failure_message_is_in_the_requested_language(
    site: ASite, host: AHost, visits: Visits, language: str, lang: str, expected: str
) -> None:
    thread = await a_thread(site)
    page = await visits.begin(language=language)
    for each in ("de", "en"):  # another page of the host's, before
        await page.goto(host.write(the_embed(thread, lang=each)))
        await expect(page.locator(f"section.thread:lang({each})")).to_be_visible()
    await page.route("**/comments.html*", lambda route: route.fulfill(status=503, body="{}"))
    await page.goto(host.write(the_embed(thread, lang=lang)))
    await expect(page.locator(".notice")).to_have_text(expected)


@pytest.mark.parametrize("way", ["click", "key", "scroll"])
async def test_unused_reserved_height_is_released_out_of_sight(
    site: ASite, host: AHost, visits: Visits, way: str
) -> None:
    thread = await a_thread(site)
    await thread.close()
    page = await visits.begin()
    await page.goto(host.write(the_embed(thread), ARTICLE * 9))
    await expect(page.locator(".notice")).to_be_visible()
    element = page.locator("comment-thread")
    box = await element.bounding_box()
    assert box
    assert box["height"] == 640  # what stands below is in sight
    if way == "click":
        await page.get_by_role("heading", level=1).click()
    elif way == "key":
        await page.keyboard.press("Tab")
    else:
        await page.evaluate("document.querySelector('h1').style.paddingTop = '150vh'; scrollTo(0, 1)")
    await expect(element).not_to_have_css("height", "640px")
    if way != "scroll":  # what we did to the heading was seen
        assert await shifted(page) <= 0.05


async def test_the_script_tag_may_name_the_site(site: ASite, host: AHost, visits: Visits) -> None:
    thread = await a_thread(site)
    page = await visits.begin()
    await page.goto(host.write(f'<comment-thread article="{thread.article}"></comment-thread>', site=site.slug))
    await expect(page.get_by_role("heading", level=2)).to_be_visible()


async def test_adjacent_threads_have_a_gap_and_a_maximum_width(site: ASite, host: AHost, visits: Visits) -> None:
    threads = [await a_thread(site) for _ in range(2)]
    await a_comment(threads[0], "Twelve minutes. " * 50)
    page = await visits.begin(size=(1600, 1000))
    await page.goto(host.write(*(the_embed(thread) for thread in threads)))
    await expect(page.locator(".heading")).to_have_count(2)
    await page.add_style_tag(url="/wide.css")
    form, comments = page.locator(".write").first, page.locator(".comments").first
    boxes = [await each.bounding_box() for each in (form, comments)]
    assert [box and box["width"] for box in boxes] == [704, 704]
    button = await page.get_by_role("button").first.bounding_box()
    second = await page.locator(".heading").nth(1).bounding_box()
    assert button
    assert second
    assert second["y"] - (button["y"] + button["height"]) >= 32
    await photograph(page, "embed-wide")


async def test_fields_can_be_styled_and_the_new_replies_button_takes_no_space(
    site: ASite, host: AHost, visits: Visits
) -> None:
    thread = await a_thread(site)
    await a_comment(thread)
    page = await visits.begin()
    await page.goto(host.write(the_embed(thread)))
    await expect(page.locator(".field [part=input]:visible")).to_have_count(4)
    assert await page.locator(".new-replies").evaluate("(each) => each.offsetHeight") == 0


async def test_one_request_fetches_all_counts_of_a_page(site: ASite, host: AHost, visits: Visits) -> None:
    threads = [await a_thread(site) for _ in range(3)]
    for thread in threads[1:]:
        await a_comment(thread)
    await a_comment(threads[2])
    places = [f'<p><comment-count article="{thread.article}">…</comment-count></p>' for thread in threads]
    links = [f'<p><a href="/x#comments" data-comment-count="{thread.article}">Comments</a></p>' for thread in threads]
    page = await visits.begin()
    asked = requests_of(page)
    await page.goto(host.write(*places, *links, site=site.slug))
    expected = ["No replies", "One reply", "2 replies"]
    await expect(page.locator("comment-count")).to_have_text(expected)
    await expect(page.locator("a")).to_have_text(expected)
    assert len([each for each in asked if "/counts" in each.url]) == 1
    await page.evaluate(
        f"""() => {{
          const link = document.createElement("a");
          link.dataset.commentCount = "{threads[2].article}";
          document.querySelector("main").append(link);
        }}"""
    )
    await expect(page.locator("a").last).to_have_text("2 replies")


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("ar", "rtl"), ("he", "rtl"), ("ja", "ltr")])
async def test_the_page_is_in_the_readers_language_and_direction(
    site: ASite, host: AHost, visits: Visits, language: str, direction: str
) -> None:
    thread = await a_thread(site)
    await a_comment(thread)
    page = await visits.begin(language=language, size=NARROW)
    await page.goto(host.write(the_embed(thread)))
    await expect(page.locator("section.thread")).to_have_attribute("lang", language)
    await expect(page.locator("section.thread")).to_have_css("direction", direction)
    assert await overflowing(page) == []
    await photograph(page, f"embed-{language}")


async def test_the_demo_page_shows_the_embed(site: ASite, origin: str, visits: Visits) -> None:
    thread = await a_thread(site)
    await a_comment(thread, "Well said.")
    page = await visits.begin()
    await page.goto(f"{origin}/{site.slug}/{thread.article}/embed")
    await expect(page.get_by_role("heading", level=2)).to_have_text(f"One reply on “{REFERENCE_TITLE}”")
    await expect(page.locator("comment-count")).to_have_text("One reply")
    await photograph(page, "embed-page")
    assert await barriers(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_in_the_embed(site: ASite, host: AHost, visits: Visits, scheme: Scheme) -> None:
    thread, ids = await a_long_thread(site, 3)
    await a_comment(thread, "Below.", name="Grace", below=ids[0])
    page = await visits.begin(scheme=scheme)
    await page.goto(host.write(ARTICLE, the_embed(thread)))
    for action in ("report", "reply"):
        await page.locator(f"#comment-{ids[1]} > article [data-action={action}]").click()
        await expect(page.locator(f"#comment-{ids[1]} > form")).to_be_visible()
        await photograph(page, f"embed-{action}-{scheme}")
        assert await barriers(page) == []
