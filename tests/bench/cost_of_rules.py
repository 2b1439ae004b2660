"""The cost of rules for posts: a site with every rule and one without rules, alternately, in one service.

Each post is by one of 20,000 authors with a token, from one of 40,000 addresses, with a text of its own.
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
from tests.bench.load import Subject, rate
from tests.bench.screening import terms_to_find

AUTHORS = 20_000
TRAINING_DECISIONS = 200
SITES = {
    "without-rules": Rules(),
    "with-rules": Rules(
        hold_words=(terms := tuple(terms_to_find()))[:10_000],
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
    """Add both sites, each with a hot thread; return a moderator's key of the site with rules."""
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


def report(url: str, key: str, folder: Path, *, pairs: int, seconds: float) -> str:
    """A line with both rates, and the median of the ratios of the pairs."""
    ids = asyncio.run(_train(url, key))
    for slug, site_id in ids.items():
        tokens = AuthorTokens(SECRET_KEY)
        random = Random(1)  # noqa: S311 - the same authors each time
        authors = (UUID(int=random.getrandbits(128), version=4) for _ in range(AUTHORS))
        (folder / slug).write_text("\n".join(tokens.make(site_id, author) for author in authors))
    rounds = []
    for _ in range(pairs):
        rates = [
            rate(Subject("posts", "", spread="no"), ORIGIN, seconds, SITE=slug, TOKENS=str(folder / slug))
            for slug in SITES
        ]
        rounds.append((*rates, rates[1] / rates[0]))
    without, with_rules, ratio = (median(column) for column in zip(*rounds, strict=True))
    held = call(ORIGIN, key, "/queue?limit=1", site="with-rules")["pending"]
    return f"posts with every rule {with_rules:,.0f}/s, without rules {without:,.0f}/s: {ratio:.2f} ({held} held)"


async def _train(url: str, key: str) -> dict[str, int]:
    """Train the classifier of the site with rules by decisions; return the sites' ids."""
    for comment in labelled()[:: max(1, 1_138 // TRAINING_DECISIONS)]:
        post = {"author": {"name": comment.text.author_name[:100] or "A"}, "body": comment.text.body}
        posted = call(ORIGIN, key, "/threads/held/comments", post, site="with-rules")["comment"]
        if posted["state"] == "pending":
            decided = [{"id": posted["id"], "revision": 1}]
            action = "spam" if comment.spam else "publish"
            call(ORIGIN, key, "/decisions", {"action": action, "comments": decided}, site="with-rules")
    database = Database(url)
    async with database.read() as connection:
        ids = {slug: (await find_site(connection, slug)).id for slug in SITES}
    await learn_from_logs(database)
    await database.close()
    return ids
