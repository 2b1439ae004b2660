"""Build a draft from a reader's post: clean, render, count and check it, before any lock is taken.

A draft is complete when it is built. ``group_commit.py`` accepts it.
"""

from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec

from service.conversation.comments.model import PostAuthor
from service.conversation.comments.prepare_text import prepare_text, unscreened
from service.conversation.comments.remote_checks import RemoteAnswers, RemoteChecks
from service.conversation.comments.screening_webhook import ScreenedDraft
from service.conversation.comments.site_spam_models import SiteSpamModels
from service.conversation.comments.staff import StaffNames
from service.conversation.comments.wire import AuthorIn, PostIn
from service.conversation.screening.external_rules import ExternalSignals
from service.conversation.screening.form_rules import FormSignals
from service.conversation.screening.rule_set import DraftText
from service.conversation.screening.screen_text import TextFindings
from service.conversation.screening.spam_model import SpamModel
from service.conversation.threads.article_sections import ArticleSections
from service.platform import clock
from service.platform.access.caller import Caller, PostOrigin
from service.platform.access.platform_state import PlatformState
from service.platform.access.rate_limits import PostLimits
from service.platform.problems import InvalidField, Translated
from service.platform.sites.site_lookup import Site
from service.platform.text.field_types import complete_web_url, is_email, read_line, read_text, read_web_url


class SubmissionState(PlatformState, kw_only=True, frozen=True):
    """The part of the app's state that checks drafts."""

    remote_checks: RemoteChecks
    spam_models: SiteSpamModels
    staff_names: StaffNames
    article_sections: ArticleSections


class Draft(msgspec.Struct, kw_only=True, frozen=True):
    """A post that is not decided yet: cleaned, rendered and checked, but with no lock taken.

    ``locale`` is the language of the response. ``from_host`` is whether an API key sent it for a reader; ``claims``
    are those of a signed-in reader's host token. ``is_known`` is whether a token proves the reader's id.
    ``fingerprints`` are all those to check for bans; ``address_fingerprint`` is that of the address. ``section`` is the
    article's, as far as it matters for screening: if sections have rules of their own. ``text`` is the text as the
    rules read it, ``text_findings`` is what those of ``site`` in ``section`` found in it. ``external`` holds the form's
    signals and the answers of remote checks. ``spam_model`` is the site's. ``limits`` has the rate limits: over one,
    the draft is refused unless it was accepted before under its ``key``.
    """

    site: Site
    article: str
    locale: str
    from_host: bool
    section: str | None = None
    claims: bytes | None = None
    reader_id: UUID
    is_known: bool
    fingerprints: list[int]
    address_fingerprint: int | None
    author: PostAuthor
    body: str
    html: str
    text: DraftText
    text_findings: TextFindings
    parent_id: UUID | None
    key: str | None
    limits: PostLimits = PostLimits()
    external: ExternalSignals = ExternalSignals()
    spam_model: SpamModel | None = None

    def content_hash(self) -> bytes:
        """Hash what identifies the post: its author, its text and its parent.

        A guest is identified by the name and e-mail they give. A reader signed in by the host stays the same if their
        name changes.
        """
        guest = self.author.role == "guest"
        author = [self.author.name, self.author.email] if guest else [str(self.reader_id)]
        content = [*author, self.author.url, self.body, str(self.parent_id)]
        return blake2b(msgspec.json.encode(content), digest_size=16).digest()

    def typed_fields(self) -> dict[str, Any]:
        """Return the fields as typed, for the problem that refuses the post."""
        author = {"name": self.author.name, "email": self.author.email, "url": self.author.url}
        return {"body": self.body, "author": author, "parent_id": self.parent_id}


async def build_draft(
    state: SubmissionState,
    caller: Caller,
    post: PostIn,
    *,
    article: str,
    locale: str,
    key: str | None,
    origin: PostOrigin,
) -> Draft:
    """Build the draft of ``post``; raises InvalidField. A post over its rate limit is not screened."""
    site = caller.site
    body = read_text(post.body, pointer="/body")
    author = _author(post.author, caller)
    reader_id = state.gate.reader_id_of(caller)
    by_author = state.gate.fingerprints.of_author(site.id, reader_id=reader_id, email=author.email)
    by_address = state.gate.fingerprints.of_address(site.id, origin.address) if origin.address else []
    limits = await state.gate.count_post(caller, origin.address)
    form = FormSignals(post.form.honeypot, post.form.seconds) if post.form else None
    model, section = await state.spam_models.get(site), None
    if limits.exceeded:
        answers, prepared = RemoteAnswers(), unscreened(site, author_name=author.name, author_url=author.url)
    else:
        if site.section_rules:
            section = await state.article_sections.find(site.id, article)
        prepared = await prepare_text(
            site, model, section=section, author_name=author.name, author_url=author.url, body=body
        )
        screened = ScreenedDraft(author, caller.reader_id, body, prepared.html, post.parent_id)
        honeypot = form.honeypot if form else None
        answers = await state.remote_checks.check(site, article, screened, honeypot=honeypot, origin=origin)
    staff_name = await _staff_name(state, site, author, section)
    external = ExternalSignals(form, answers.akismet, answers.webhook, staff_name)
    return Draft(
        site=site,
        article=article,
        locale=locale,
        from_host=caller.role is not None,
        section=section,
        claims=caller.profile.claims if caller.profile else None,
        reader_id=reader_id or clock.new_id(),
        is_known=reader_id is not None,
        fingerprints=by_author + by_address,
        address_fingerprint=by_address[0] if by_address else None,
        author=author,
        body=body,
        html=prepared.html,
        text=prepared.text,
        text_findings=prepared.findings,
        parent_id=post.parent_id,
        key=key,
        limits=limits,
        external=external,
        spam_model=model,
    )


async def _staff_name(state: SubmissionState, site: Site, author: PostAuthor, section: str | None) -> str | None:
    """Return the name of a guest that is a staff member's, if the rule against that is on."""
    if author.role != "guest" or not site.rules_in(section).staff_name:
        return None
    return author.name if await state.staff_names.include(site, author.name) else None


def _author(given: AuthorIn | None, caller: Caller) -> PostAuthor:
    """Return the author from the session or host token, or else as typed; only the website is always typed.

    A key for moderators posts for one of them, who must be named.
    """
    if caller.session:
        return PostAuthor(caller.session.name, None, _url(given), "moderator")
    profile = caller.profile
    name, url = _name(given, caller), _url(given)
    if caller.role == "moderator":
        return PostAuthor(name, None, url, "moderator")
    if profile:
        return PostAuthor(name, profile.email, url, profile.role, profile.avatar, profile.subject)
    return PostAuthor(name, _email(given, caller), url)


def _name(author: AuthorIn | None, caller: Caller) -> str:
    if caller.profile and caller.profile.name:
        return caller.profile.name
    if author is None:
        raise InvalidField(Translated("name-needed"), pointer="/author")
    if not author.name.strip():
        raise InvalidField(Translated("name-needed"), pointer="/author/name")
    return read_line(author.name, pointer="/author/name", max_length=100)


def _url(author: AuthorIn | None) -> str | None:
    url = ((author and author.url) or "").strip()
    return read_web_url(complete_web_url(url), pointer="/author/url") if url else None


def _email(author: AuthorIn | None, caller: Caller) -> str | None:
    email = ((author and author.email) or "").strip()
    if not email:
        if caller.site.settings.require_email:
            raise InvalidField(Translated("email-needed"), pointer="/author/email")
        return None
    if not is_email(email):
        raise InvalidField(Translated("email-malformed"), pointer="/author/email")
    return email
