"""Akismet hears of its mistakes, at least once, when a moderator's decision can no longer be undone."""

from collections.abc import AsyncIterator

import pytest

from service.conversation.comments.akismet_check import AkismetCheck
from service.conversation.comments.model import Comment
from service.conversation.screening.akismet import Akismet, Submission
from service.conversation.threads.model import Thread
from service.moderation.spam_training import read_decisions, report_to_akismet
from service.platform.sites.site_lookup import Site
from tests.an_akismet import AnAkismet, Says, an_akismet
from tests.builders import ASite, Clock, Json, a_comment, a_thread, decide, set_rules
from tests.conversation.comments.test_akismet_check import BLOG, KEY, using

ASK: Json = {"akismet": "hold", "akismet_blog": BLOG}


async def find_key(_site: Site) -> str:
    return KEY


class Reporter:
    """Reports to a fake Akismet, which also checks the posts of the site."""

    def __init__(self, site: ASite, akismet: AnAkismet) -> None:
        self.site = site
        self.akismet = akismet
        self.check = AkismetCheck(Akismet(akismet.url), find_key=find_key)

    async def posted(self, says: Says, body: str) -> Json:
        """Post ``body``, which Akismet takes for spam or not."""
        self.akismet.says = says
        comment: Json = (await a_comment(await a_thread(self.site), body, email="ada@example.org"))["comment"]
        return comment

    async def reports(self) -> list[tuple[str, str]]:
        """Report, and return the new reports: the kind and the text of the comment."""
        self.akismet.asked.clear()
        await report_to_akismet.report_to_akismet(self.site.app.state.database, self.check)
        return [(path.split()[1].removeprefix("/1.1/"), form["comment_content"]) for path, form in self.akismet.asked]


@pytest.fixture
async def reporter(own_site: ASite, the_clock: Clock) -> AsyncIterator[Reporter]:
    async with an_akismet() as akismet, using(own_site.app, Akismet(akismet.url)):
        await set_rules(own_site, **ASK)
        reporter = Reporter(own_site, akismet)
        assert await reporter.reports() == []  # begins here
        yield reporter
        await reporter.check.close()


async def test_only_mistakes_are_reported_once_they_can_not_be_undone(reporter: Reporter, the_clock: Clock) -> None:
    missed, false_alarm = await reporter.posted("false", "Missed"), await reporter.posted("true", "False alarm")
    right, fine = await reporter.posted("true", "Right"), await reporter.posted("false", "Fine")
    undone, abusive = await reporter.posted("false", "Undone"), await reporter.posted("false", "Abusive")
    site = reporter.site
    await decide(site, "spam", missed, right)
    await decide(site, "publish", false_alarm)
    await decide(site, "undo", *(await decide(site, "spam", undone)))
    await decide(site, "restore", *(await decide(site, "reject", fine)))
    await decide(site, "reject", abusive)
    the_clock.move(minutes=9, seconds=59)
    assert await reporter.reports() == []
    the_clock.move(seconds=2)
    assert await reporter.reports() == [("submit-spam", "Missed"), ("submit-ham", "False alarm")]
    [(_, spam), _] = reporter.akismet.asked
    assert spam == {
        "api_key": KEY,
        "blog": BLOG,
        "blog_lang": "en",
        "blog_charset": "UTF-8",
        "comment_type": "comment",
        "comment_author": "Ada",
        "comment_author_email": "ada@example.org",
        "comment_content": "Missed",
        "comment_date_gmt": "2026-11-24T12:00:00+00:00",
    }
    assert await reporter.reports() == []


async def test_a_report_without_an_answer_is_sent_again_and_a_refused_one_is_not(
    reporter: Reporter, the_clock: Clock
) -> None:
    comments = [await reporter.posted("false", f"Spam {number}") for number in range(3)]
    await decide(reporter.site, "spam", *comments)
    the_clock.move(minutes=11)
    says: list[Says] = ["error", "limited"]
    for reporter.akismet.says in says:
        assert await reporter.reports() == [("submit-spam", "Spam 0")]
    reporter.akismet.says = "invalid"
    assert len(await reporter.reports()) == 3
    assert await reporter.reports() == []


async def test_a_changed_text_is_not_reported(reporter: Reporter, the_clock: Clock) -> None:
    reporter.akismet.says = "true"
    posted = await a_comment(await a_thread(reporter.site), "Before")
    await decide(reporter.site, "publish", posted["comment"])
    path = f"/comments/{posted['comment']['id']}"
    await reporter.site.call("PATCH", path, by=posted["author_token"], json={"body": "After"})
    gone = await a_comment(await a_thread(reporter.site), "Deleted")
    await decide(reporter.site, "publish", gone["comment"])
    await reporter.site.call("DELETE", f"/comments/{gone['comment']['id']}", by=gone["author_token"])
    the_clock.move(minutes=11)
    assert await reporter.reports() == []


async def test_a_sweep_reports_a_limited_number_and_the_next_one_continues(
    reporter: Reporter, the_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_to_akismet, "MAX_REPORTS", 2)
    monkeypatch.setattr(read_decisions, "BATCH", 3)
    comments = [await reporter.posted("false", f"Spam {number}") for number in range(5)]
    await decide(reporter.site, "spam", *comments)
    the_clock.move(minutes=11)
    found = []
    for _ in range(5):
        found += await reporter.reports()
    assert found == [("submit-spam", f"Spam {number}") for number in range(5)]


async def test_a_site_that_begins_to_use_akismet_reports_no_earlier_decision(
    reporter: Reporter, the_clock: Clock
) -> None:
    await set_rules(reporter.site)
    assert await reporter.reports() == []
    await decide(reporter.site, "spam", await reporter.posted("false", "Early"))
    the_clock.move(minutes=11)
    await set_rules(reporter.site, **ASK)
    assert [await reporter.reports(), await reporter.reports()] == [[], []]
    await decide(reporter.site, "spam", await reporter.posted("false", "Late"))
    the_clock.move(minutes=11)
    assert await reporter.reports() == [("submit-spam", "Late")]


async def test_two_processes_may_report_twice_but_move_on_together(reporter: Reporter, the_clock: Clock) -> None:
    await decide(reporter.site, "spam", await reporter.posted("false", "Spam"))
    the_clock.move(minutes=11)
    database = reporter.site.app.state.database

    class Rival(AkismetCheck):
        """While it reports, another process does too."""

        async def report(self, site: Site, thread: Thread, comment: Comment, *, spam: bool) -> Submission | None:
            await report_to_akismet.report_to_akismet(database, reporter.check)
            return await super().report(site, thread, comment, spam=spam)

    rival = Rival(Akismet(reporter.akismet.url), find_key=find_key)
    reporter.akismet.asked.clear()
    await report_to_akismet.report_to_akismet(database, rival)
    assert len(reporter.akismet.asked) == 2
    assert await reporter.reports() == []
    await rival.close()
