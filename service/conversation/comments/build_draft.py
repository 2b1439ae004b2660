"""Build a draft from a request: clean and render the text, and collect the author's fingerprints."""

from starlette.requests import Request

from service.conversation.comments.akismet_check import PostOrigin
from service.conversation.comments.drafts import Draft
from service.conversation.comments.render import render
from service.conversation.comments.site_spam_models import SiteSpamModels
from service.conversation.comments.wire import AuthorIn, PostIn
from service.conversation.screening.form_rules import FormSignals
from service.conversation.screening.outside_rules import OutsideAnswers
from service.conversation.screening.rule_set import make_draft_text
from service.conversation.screening.spam_model import SpamModel
from service.platform import clock
from service.platform.access.authorize import gate_of
from service.platform.access.caller import Caller, locale_of
from service.platform.access.rate_limits import host_of
from service.platform.http.path_ids import article_of
from service.platform.problems import InvalidField, Translated
from service.platform.text.field_types import is_email, read_line, read_text, read_web_url


def draft_of(request: Request, caller: Caller, post: PostIn, *, key: str | None) -> Draft:
    """Build the draft of ``post``; raises InvalidField."""
    body = read_text(post.body, pointer="/body")
    name, profile = _name(post.author, caller), caller.profile
    html, url = render(body), _author_url(post.author)
    email = profile.email if profile else _email(post.author, caller)
    address_marks = address_marks_of(request, caller)
    return Draft(
        site=caller.site,
        article=article_of(request),
        locale=locale_of(request, caller),
        from_host=caller.role is not None,
        reader_id=caller.reader_id or clock.new_id(),
        is_known=caller.reader_id is not None,
        marks=author_marks_of(request, caller, email) + address_marks,
        address_mark=address_marks[0] if address_marks else None,
        author_name=name,
        author_email=email,
        author_url=url,
        author_role=profile.role if profile else "guest",
        author_avatar=profile.avatar if profile else None,
        body=body,
        html=html,
        said=make_draft_text(author_name=name, author_url=url, body=body, html=html),
        parent_id=post.parent_id,
        key=key,
        told=OutsideAnswers(FormSignals(post.form.honeypot, post.form.seconds) if post.form else None),
    )


def address_marks_of(request: Request, caller: Caller) -> list[int]:
    """Return the fingerprints of the caller's address and its networks, the address first; none for an API key."""
    host = None if caller.role else host_of(request)
    return gate_of(request).marks.of_address(caller.site.id, host) if host else []


def author_marks_of(request: Request, caller: Caller, email: str | None) -> list[int]:
    """Return the fingerprints of the caller's reader id and of ``email``."""
    return gate_of(request).marks.of_author(caller.site.id, reader_id=caller.reader_id, email=email)


def sender_of(request: Request, caller: Caller) -> PostOrigin:
    """Return the origin of a post; without an address if it came with an API key, which posts for a reader."""
    return PostOrigin(
        None if caller.role else host_of(request),
        request.headers.get("user-agent", ""),
        request.headers.get("referer", ""),
    )


def _name(author: AuthorIn | None, caller: Caller) -> str:
    """Return the name from the host token, or else the one that was typed."""
    if caller.profile and caller.profile.name:
        return caller.profile.name
    if author is None:
        raise InvalidField(Translated("name-needed"), pointer="/author")
    if not author.name.strip():
        raise InvalidField(Translated("name-needed"), pointer="/author/name")
    return read_line(author.name, pointer="/author/name", max_length=100)


def _email(author: AuthorIn | None, caller: Caller) -> str | None:
    email = ((author and author.email) or "").strip()
    if not email:
        if caller.site.settings.require_email:
            raise InvalidField(Translated("email-needed"), pointer="/author/email")
        return None
    if not is_email(email):
        raise InvalidField(Translated("email-malformed"), pointer="/author/email")
    return email


def _author_url(author: AuthorIn | None) -> str | None:
    url = ((author and author.url) or "").strip()
    return read_web_url(url, pointer="/author/url") if url else None


async def model_of(request: Request, caller: Caller) -> SpamModel | None:
    """Return the site's trained spam model, if it has one."""
    classifiers: SiteSpamModels = request.app.state.classifiers
    return await classifiers.of(caller.site)
