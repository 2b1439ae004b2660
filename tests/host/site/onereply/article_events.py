"""Tells One Reply what becomes of articles, by Wagtail's own signals, in the form of Standard Webhooks.

An article's id there is the page's primary key: title, slug and place in the tree may change, the thread stays.
"""

import json
import logging
from collections.abc import Iterable
from functools import partial

import requests
from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models.signals import post_delete
from django.utils import timezone
from standardwebhooks.webhooks import Webhook
from wagtail.models import Page
from wagtail.signals import page_published, page_slug_changed, page_unpublished, post_page_move

from .models import Telling

log = logging.getLogger(__name__)
TIMEOUT = 5  # seconds that an editor who publishes waits at most


def listen() -> None:
    """Hear of all that readers see of an article."""
    page_published.connect(_published, sender=_articles())
    page_unpublished.connect(_unpublished, sender=_articles())
    post_delete.connect(_deleted, sender=_articles())
    # A section that is renamed or moved takes its articles with it, so these are heard of every kind of page.
    page_slug_changed.connect(_moved)
    post_page_move.connect(_moved)


def note_all() -> None:
    """Note every article that is live, to be told by cron: those that were published before One Reply was there."""
    for article in _articles().objects.live():
        _note("article.published", article, facts_of(article))


def send(tellings: Iterable[Telling]) -> None:
    """Send what was not taken yet; what is refused, or cannot be sent now, stays.

    One Reply goes by the time of each message, so that one which is late holds up none after it.
    """
    signer = Webhook(settings.COMMENTS_HOOK_SECRET)
    for telling in tellings:
        body, now = json.dumps(telling.message), timezone.now()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": str(telling.id),
            "webhook-timestamp": str(int(now.timestamp())),  # of this try: what is older than 5 minutes is refused
            "webhook-signature": signer.sign(str(telling.id), now, body),
        }
        try:
            answer = requests.post(f"{settings.COMMENTS_API}/webhooks/articles", body, headers=headers, timeout=TIMEOUT)
        except requests.RequestException as error:
            log.warning("One Reply cannot be reached: %s", error)
            break
        if answer.ok:
            telling.delete()
        else:
            log.error("One Reply did not take %s: %s %s", body, answer.status_code, answer.text)


def facts_of(article: Page) -> dict[str, str | None]:
    """What One Reply may know of an article that is live; as of when, the message's ``timestamp`` tells."""
    first = article.first_published_at
    return {"title": article.title, "url": article.full_url, "published_at": first and first.isoformat()}


def _articles() -> type[Page]:
    kind: type[Page] = apps.get_model(settings.COMMENTS_ON)
    return kind


def _published(instance: Page, **_: object) -> None:
    _tell("article.published", instance, facts_of(instance))


def _unpublished(instance: Page, **_: object) -> None:
    _tell("article.withdrawn", instance)


def _deleted(instance: Page, **_: object) -> None:
    _tell("article.deleted", instance)


def _moved(instance: Page, **_: object) -> None:
    # Left to cron: a section may hold thousands, which no editor should wait for.
    for article in _articles().objects.live().descendant_of(instance, inclusive=True):
        _note("article.updated", article, facts_of(article))


def _tell(kind: str, article: Page, facts: dict[str, str | None] | None = None) -> None:
    """Note what is to be told in the transaction of the change, and send it once that is committed.

    Where One Reply cannot be reached the article is published all the same; ``manage.py tell_onereply``, from cron,
    tells it later.
    """
    telling = _note(kind, article, facts or {})
    transaction.on_commit(partial(send, [telling]), robust=True)


def _note(kind: str, article: Page, facts: dict[str, str | None]) -> Telling:
    now = timezone.now()
    message = {"type": kind, "timestamp": now.isoformat(), "data": {"article": str(article.pk), **facts}}
    telling: Telling = Telling.objects.create(message=message, happened_at=now)
    return telling
