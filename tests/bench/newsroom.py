"""The cost of a newsroom's settings for posts: a site with all of them and one with none, alternately, in one service.

They are a section with settings of its own, a claim that readers need, opening hours, rules that run in shadow, and a
closing time that is announced. At both sites each post is by one of 1,000 readers with a host token. Run it alone with
``python -m tests.bench.newsroom``.
"""

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path
from statistics import median

from joserfc import jwt
from joserfc.jwk import OctKey

from service.conversation.threads.register_article import register_thread
from service.platform import clock
from service.platform.access.api_keys import add_key
from service.platform.sites.edit_site import add_site, change_rules
from service.platform.sites.site_rules import Rules, SectionRules
from service.platform.sites.site_secrets import set_secret
from service.platform.sites.site_settings import PRESETS, SectionSettings, SiteSettings
from service.platform.sites.who_may_post import ClaimRule
from service.platform.storage.engine import Database
from tests.bench.a_service import ORIGIN, QUICK, SECRET_KEY, databases, fill, serving
from tests.bench.deciding import call
from tests.bench.load import Subject, need_wrk, rate

READERS = 1_000
HOST_SECRET = "known to the host and both sites"
SECTION = "politics"
ON = SiteSettings(
    time_zone="Europe/Berlin",
    opening_hours="Mo-Fr 08:00-22:00",
    outside_hours="close",
    close_after_days=30,
    sections={
        SECTION: SectionSettings(
            opening_hours="Mo-Fr 00:00-12:00,12:00-24:00; Sa,Su 00:00-24:00",
            who_may_post=ClaimRule("plan", ("subscriber",)),
            close_after_days=3,
            rules=SectionRules(max_length=5_000),
        )
    },
)
RULES = Rules(hold_words=("casino*", "loan"), max_links=2, shadow=("hold_words", "max_links"))
SITES = {"newsroom-off": (PRESETS["open"], Rules()), "newsroom-on": (ON, RULES)}


async def prepare(url: str) -> str:
    """Add both sites, each with a hot thread; return a moderator's key of the second."""
    database, now = Database(url), clock.now()
    article = {"title": "Moscow conference", "section": SECTION, "published_at": now - timedelta(days=1)}
    async with database.write() as connection:
        for slug, (settings, rules) in SITES.items():
            site = await add_site(connection, slug, name=slug, locale="en", settings=settings)
            await change_rules(connection, site, rules)
            await set_secret(connection, site, "host-token", HOST_SECRET, secret_key=SECRET_KEY)
            await register_thread(connection, site, "hot", article)
        key = await add_key(connection, site.id, "moderator")
    await database.close()
    return key


def report(key: str, folder: Path, *, pairs: int, seconds: float) -> str:
    """A line with both rates, and the median of the ratios of the pairs."""
    assert call(ORIGIN, key, "/threads/hot", site="newsroom-on")["closes_at"]
    for slug in SITES:
        (folder / slug).write_text("\n".join(_host_token(slug, number) for number in range(READERS)))
    rounds = []
    for number in range(pairs):
        rates = {
            slug: rate(Subject("posts", "", spread="no"), ORIGIN, seconds, SITE=slug, TOKENS=str(folder / slug))
            for slug in (SITES if number % 2 else reversed(SITES))
        }
        rounds.append((rates["newsroom-off"], rates["newsroom-on"], rates["newsroom-on"] / rates["newsroom-off"]))
    off, on, ratio = (median(column) for column in zip(*rounds, strict=True))
    return f"posts with all newsroom settings {on:,.0f}/s, with none {off:,.0f}/s: {ratio:.2f}"


def _host_token(slug: str, number: int) -> str:
    expires = clock.now() + timedelta(days=1)
    claims = {"sub": str(number), "name": "Ada", "aud": slug, "exp": int(expires.timestamp()), "plan": "subscriber"}
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(HOST_SECRET))


def main() -> None:
    """Measure both databases and print the lines."""
    need_wrk()
    with databases() as urls, tempfile.TemporaryDirectory(prefix="onereply-bench-") as folder:
        for name, url in urls.items():
            asyncio.run(fill(url))
            key = asyncio.run(prepare(url))
            with serving(url):
                line = report(key, Path(folder), pairs=2 if QUICK else 8, seconds=1.0 if QUICK else 5.0)
            print(f"{name}, {line}.", flush=True)


if __name__ == "__main__":
    main()
