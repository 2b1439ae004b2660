"""The list of threads in the desk: found, sorted and counted."""

import re
from urllib.parse import quote

from service.desk.threads.thread_list_page import THREADS
from tests.builders import ASite, a_comment, a_thread, set_rules
from tests.desk.a_desk_client import ADesk, sign_in, text_of


async def titles(desk: ADesk, query: str = "") -> list[str]:
    page = await desk.get(f"threads{query}")
    assert page.status_code == 200
    return re.findall(r'class="title"><a [^>]*><bdi>([^<]*)</bdi>', page.text)


async def test_threads_are_sorted_as_the_api_sorts_them(site: ASite) -> None:
    quiet = await a_thread(site, title="Quiet")
    busy = await a_thread(site, title="Busy")
    for _ in range(2):
        await a_comment(busy)
    await a_comment(quiet)
    await (await a_thread(site, title="Closed")).close()
    desk = await sign_in(site)
    assert await titles(desk) == ["Closed", "Quiet", "Busy"]
    assert (await titles(desk, "?show=replies"))[0] == "Busy"
    assert await titles(desk, "?show=open") == ["Quiet", "Busy"]
    assert await titles(desk, "?show=closed") == ["Closed"]
    assert await titles(desk, "?show=any") == ["Quiet", "Busy", "Closed"]


async def test_a_thread_is_found_by_title_url_and_id(site: ASite) -> None:
    await a_thread(site, title="Streit um Österreichs Häfen 100%", url="https://gazette.example/hafen")
    await a_thread(site, title="Other", article="hafen/1")
    desk = await sign_in(site)
    for words in ("häfen", "ÖSTERREICHS streit", "https://gazette.example/hafen", "100%", "hÄFEN"):
        assert await titles(desk, f"?q={quote(words)}") == ["Streit um Österreichs Häfen 100%"], words
    assert await titles(desk, "?q=hafen%2F1") == ["Other"]
    for words in ("nothing", "%", "_", "https://gazette.example/"):
        assert len(await titles(desk, f"?q={quote(words)}")) == (words == "%"), words


async def test_pending_comments_are_counted_by_thread(site: ASite) -> None:
    await set_rules(site, hold_words=["swindle"])
    thread = await a_thread(site)
    for body in ("A swindle.", "Another swindle.", "Fine."):
        await a_comment(thread, body)
    await a_thread(site)
    text = text_of(await (await sign_in(site)).get("threads?show=any"))
    assert text.count("Published 1 Pending 2") == 1 and text.count("Published 0 Pending 0") == 1


async def test_a_list_goes_on_on_the_next_page(site: ASite) -> None:
    for number in range(THREADS + 1):
        await a_thread(site, title=f"Number {number}")
    desk = await sign_in(site)
    for show in ("any", "replies", "activity"):
        page = await desk.get(f"threads?show={show}")
        [more] = re.findall(r'href="([^"]*)" rel="next"', page.text)
        assert len(await titles(desk, f"?show={show}")) == THREADS
        assert len(await titles(desk, more.replace("&amp;", "&").partition("threads")[2])) == 1


async def test_moderators_see_only_their_sections(site: ASite) -> None:
    for section in ("sport", "politics"):
        await a_thread(site, title=f"About {section}", section=section, article=section)
    desk = await sign_in(site, sections=("sport",))
    for query in ("", "?show=any", "?q=about", "?section=sport"):
        assert await titles(desk, query) == ["About sport"], query
    for query in ("?q=politics", "?q=politics&section=sport"):
        assert await titles(desk, query) == [], query
    assert (await desk.get("threads?section=politics")).status_code == 404
