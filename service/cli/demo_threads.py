"""The demo's three threads, created through the same functions as real ones."""

from uuid import UUID

from service.conversation.comments.group_commit import GroupCommit
from service.conversation.comments.model import PostAuthor
from service.conversation.comments.prepare_text import prepare_text
from service.conversation.comments.submission import Draft
from service.conversation.threads.close_thread import close_thread
from service.conversation.threads.register_article import register_thread
from service.platform import clock
from service.platform.events.record_decisions import OPERATOR
from service.platform.sites.edit_site import InvalidSite, add_site, find_site
from service.platform.sites.site_lookup import Site
from service.platform.sites.site_settings import PRESETS
from service.platform.storage.engine import Database

SITE = "demo"
TITLES = {
    "moscow-conference": "Moscow conference calls for global counterterrorism dialogue",
    "new-tram-line": "The new tram line opens on Saturday",
    "harbour-lights": "Harbour lights to be dimmed for migrating birds",
}


async def load_demo(database: Database) -> bool:
    """Create the demo unless it exists. Returns whether it was created."""
    async with database.write() as connection:
        try:
            await find_site(connection, SITE)
        except InvalidSite:
            site = await add_site(connection, SITE, name="The Demo Gazette", locale="en", settings=PRESETS["newsroom"])
        else:
            return False
        for article, title in TITLES.items():
            url = f"https://gazette.example/{article}"
            await register_thread(connection, site, article, {"title": title, "url": url})
    await _post_comments(GroupCommit(database), site)
    async with database.write() as connection:
        await close_thread(connection, site, "moscow-conference", at=None, reason=None, by=OPERATOR)
    return True


async def _post_comments(group: GroupCommit, site: Site) -> None:
    await _post(
        group,
        site,
        "moscow-conference",
        "Irina Sokolova",
        "Dialogue is a beginning. I would like to read what was *agreed*, and who will answer for it next year.",
    )
    tram = "new-tram-line"
    first = await _post(
        group,
        site,
        tram,
        "Tom Okafor",
        "Twelve minutes to the station instead of forty. **Finally.**\n\nWill bicycles be allowed?",
    )
    answer = await _post(
        group,
        site,
        tram,
        "Mireille Dubois",
        "> Will bicycles be allowed?\n\nOutside rush hour, yes: <https://gazette.example/tram-rules>",
        parent_id=first,
    )
    await _post(group, site, tram, "Tom Okafor", "Thank you, Mireille!", parent_id=answer)
    await _post(group, site, tram, "محمود", "وهل ستصل إلى الميناء؟", parent_id=first)
    await _post(group, site, tram, "Jun", "The old bus was slow, but its driver knew everybody by name.")


async def _post(
    group: GroupCommit, site: Site, article: str, name: str, body: str, *, parent_id: UUID | None = None
) -> UUID:
    prepared = await prepare_text(site, None, author_name=name, author_url=None, body=body)
    accepted = await group.post(
        Draft(
            site=site,
            article=article,
            locale=site.locale,
            from_host=True,
            reader_id=clock.new_id(),
            is_known=False,
            fingerprints=[],
            address_fingerprint=None,
            author=PostAuthor(name),
            body=body,
            html=prepared.html,
            text=prepared.text,
            text_findings=prepared.findings,
            parent_id=parent_id,
            key=None,
        )
    )
    return accepted.comment.id
