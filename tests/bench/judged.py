"""What rules cost a post: a site with every rule on beside one with none, in turn, in one service.

Every post is by one of 20,000 authors with a token, from one of 40,000 addresses, and says something of its own.
"""

import asyncio
from pathlib import Path
from random import Random
from statistics import median
from uuid import UUID

from service.conversation.threads.register_article import register_thread
from service.moderation.spam_training.train import learn_from_logs
from service.platform.access.api_keys import add_key
from service.platform.access.author_tokens import AuthorTokens
from service.platform.sites.edit_site import add_site, change_rules, find_site
from service.platform.sites.site_rules import Rules
from service.platform.sites.site_settings import PRESETS
from service.platform.storage.engine import Database
from tests.bench.a_service import ORIGIN, SECRET_KEY
from tests.bench.classifying import labelled
from tests.bench.deciding import call
from tests.bench.load import Asked, rate
from tests.bench.screening import words_to_look_for

AUTHORS = 20_000
LESSONS = 200
SITES = {
    "unjudged": Rules(),
    "judged": Rules(
        hold_words=(terms := tuple(words_to_look_for()))[:10_000],
        reject_words=terms[10_000:],
        max_links=2,
        max_length=5_000,
        max_capitals_percent=70,
        max_repeated_characters=10,
        reject_link_domains=("pills.example",),
        duplicates="hold",
        max_per_minute_per_reader=50,
        max_per_minute_per_address=50,
        max_rejected_percent=50,
        trusted_after_published=50,
        honeypot=True,
        min_form_seconds=2,
        classifier="hold",
    ),
}


async def prepare(url: str) -> str:
    """Add both sites, each with a hot thread; a moderator's key of the judged one."""
    database = Database(url)
    async with database.write() as connection:
        for slug, rules in SITES.items():
            site = await add_site(connection, slug, name=slug, locale="en", settings=PRESETS["open"])
            await change_rules(connection, site, rules)
            await register_thread(connection, site, "hot", {"title": "Moscow conference"})
            await register_thread(connection, site, "held", {"title": "Lessons", "mode": "hold"})
        key = await add_key(connection, site.id, "moderator")
    await database.close()
    return key


def told(url: str, key: str, folder: Path, *, pairs: int, seconds: float) -> str:
    """A line: the rates of both, and the median of the ratios of the pairs."""
    ids = asyncio.run(_teach(url, key))
    for slug, site_id in ids.items():
        tokens = AuthorTokens(SECRET_KEY)
        random = Random(1)  # noqa: S311 - the same authors each time
        authors = (UUID(int=random.getrandbits(128), version=4) for _ in range(AUTHORS))
        (folder / slug).write_text("\n".join(tokens.make(site_id, author) for author in authors))
    rounds = []
    for _ in range(pairs):
        rates = [
            rate(Asked("posts", "", spread="no"), ORIGIN, seconds, SITE=slug, TOKENS=str(folder / slug))
            for slug in SITES
        ]
        rounds.append((*rates, rates[1] / rates[0]))
    without, judged, ratio = (median(column) for column in zip(*rounds, strict=True))
    held = call(ORIGIN, key, "/queue?limit=1", site="judged")["pending"]
    return f"posts judged by every rule {judged:,.0f}/s, by none {without:,.0f}/s: {ratio:.2f} ({held} held)"


async def _teach(url: str, key: str) -> dict[str, int]:
    """Have the classifier of the judged site learn from decisions; the sites' ids."""
    for comment in labelled()[:: max(1, 1_138 // LESSONS)]:
        post = {"author": {"name": comment.said.author_name[:100] or "A"}, "body": comment.said.body}
        posted = call(ORIGIN, key, "/threads/held/comments", post, site="judged")["comment"]
        if posted["state"] == "pending":
            judged = [{"id": posted["id"], "revision": 1}]
            action = "spam" if comment.spam else "publish"
            call(ORIGIN, key, "/decisions", {"action": action, "comments": judged}, site="judged")
    database = Database(url)
    async with database.read() as connection:
        ids = {slug: (await find_site(connection, slug)).id for slug in SITES}
    await learn_from_logs(database)
    await database.close()
    return ids
