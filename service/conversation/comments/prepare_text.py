"""Render and screen a comment's text before any lock is taken, without holding up other requests.

*Why a thread*: a text and a word list at their limits take some 50 ms, and compiling 10,000 terms takes a second. One
thread does this work for all sites, one text at a time. Python lets the event loop run in between.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import msgspec

from service.conversation.comments.render import render
from service.conversation.screening.rule_set import DraftText, RulesKey, compiled_rules_of, is_compiled, make_draft_text
from service.conversation.screening.screen_text import TextFindings, screen_text
from service.conversation.screening.spam_model import SpamModel
from service.platform.sites.site_lookup import Site

MAX_INLINE = 500  # characters: a longer text goes to the thread

Result = TypeVar("Result")
_thread = ThreadPoolExecutor(1, "onereply-texts")


class PreparedText(msgspec.Struct, frozen=True):
    """A comment's ``html``, its text as the rules read it, and what they find in it."""

    html: str
    text: DraftText
    findings: TextFindings


async def prepare_text(
    site: Site,
    model: SpamModel | None,
    *,
    section: str | None = None,
    author_name: str,
    author_url: str | None,
    body: str,
) -> PreparedText:
    """Render ``body``, already cleaned, and screen it by the rules on text of ``site`` in a ``section``."""

    def prepare() -> PreparedText:
        html = render(body)
        text = make_draft_text(author_name=author_name, author_url=author_url, body=body, html=html)
        return PreparedText(html, text, _screen(site, section, text, model))

    return await _run(site, section, len(body), prepare)


async def render_preview(body: str) -> str:
    """Render ``body``, already cleaned, as the HTML that a post of it would have."""
    if len(body) <= MAX_INLINE:
        return render(body)
    return await asyncio.get_running_loop().run_in_executor(_thread, render, body)


async def screen_again(site: Site, section: str | None, text: DraftText, model: SpamModel | None) -> TextFindings:
    """Screen a prepared ``text`` by the rules that ``site`` has now in a ``section``."""
    return await _run(site, section, len(text.body), partial(_screen, site, section, text, model))


def unscreened(site: Site, *, author_name: str, author_url: str | None) -> PreparedText:
    """Return the place holder of a text that no rule will read: its post is over a rate limit."""
    text = make_draft_text(author_name=author_name, author_url=author_url, body="", html="")
    return PreparedText("", text, TextFindings(site.rules))


def _screen(site: Site, section: str | None, text: DraftText, model: SpamModel | None) -> TextFindings:
    return screen_text(text, compiled_rules_of(_key(site, section), site.rules_in(section)), model=model)


def _key(site: Site, section: str | None) -> RulesKey:
    return site.id, section if section in site.section_rules else None


async def _run(site: Site, section: str | None, characters: int, work: Callable[[], Result]) -> Result:
    if characters <= MAX_INLINE and is_compiled(_key(site, section), site.rules_in(section)):
        return work()
    return await asyncio.get_running_loop().run_in_executor(_thread, work)
