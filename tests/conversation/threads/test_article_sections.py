"""The cached sections of articles."""

from datetime import timedelta

from tests.builders import ASite, Clock, a_comment, a_thread
from tests.conversation.threads.test_section_settings import set_sections
from tests.promises.test_query_counts import watched


async def test_the_section_of_an_article_is_read_once_in_ten_seconds(site: ASite, the_clock: Clock) -> None:
    await set_sections(site, city={"rules": {"max_links": 2}})
    thread = await a_thread(site, section="city")
    for seconds, reads in ((0, 1), (9, 0), (1, 1)):
        the_clock.instant += timedelta(seconds=seconds)
        with watched() as statements:
            await a_comment(thread)
        assert len([each for each in statements if each.sql.startswith("SELECT threads.section")]) == reads, seconds


async def test_a_post_is_screened_by_the_new_section_at_once(site: ASite, the_clock: Clock) -> None:
    await set_sections(site, city={"rules": {"hold_words": ["casino"]}})
    thread = await a_thread(site, section="sports")
    for section, state in (("sports", "published"), ("city", "pending"), ("sports", "published")):
        await site.call("PUT", thread.path, by="host", json={"section": section})
        assert (await a_comment(thread, "A casino."))["comment"]["state"] == state
