"""Send article events to One Reply, as Standard Webhooks, when Wagtail signals a change of an article.

An article's id in One Reply is the page's primary key. Its title, slug and place in the tree may change.
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

from .models import PendingEvent

log = logging.getLogger(__name__)
TIMEOUT = 5  # seconds that an editor waits at most when publishing


def connect_signals() -> None:
    """Connect the signals of all changes that readers can see."""
    page_published.connect(_on_published, sender=_article_model())
    page_unpublished.connect(_on_unpublished, sender=_article_model())
    post_delete.connect(_on_deleted, sender=_article_model())
    # A section that is renamed or moved also moves its articles, so these signals are handled for every page type.
    page_slug_changed.connect(_on_moved)
    post_page_move.connect(_on_moved)


def store_all() -> None:
    """Store an event for every live article, to register those published before One Reply was installed."""
    for article in _article_model().objects.live():
        _store("article.published", article, article_data(article))


def send(events: Iterable[PendingEvent]) -> None:
    """Send ``events`` and delete those that One Reply accepts; the others stay stored.

    One Reply orders events by their own time, so a late event does not block those after it.
    """
    signer = Webhook(settings.COMMENTS_ARTICLE_SECRET)
    for event in events:
        body, now = json.dumps(event.message), timezone.now()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": str(event.id),
            "webhook-timestamp": str(int(now.timestamp())),  # of this attempt: over 5 minutes is rejected
            "webhook-signature": signer.sign(str(event.id), now, body),
        }
        url = f"{settings.COMMENTS_API}/webhooks/articles"
        try:
            response = requests.post(url, body, headers=headers, timeout=TIMEOUT)
        except requests.RequestException as error:
            log.warning("One Reply can't be reached: %s", error)
            break
        if response.ok:
            event.delete()
        else:
            log.error("One Reply rejected %s: %s %s", body, response.status_code, response.text)


def article_data(article: Page) -> dict[str, str | None]:
    """Return the data of a live article that One Reply needs."""
    first = article.first_published_at
    return {"title": article.title, "url": article.full_url, "published_at": first and first.isoformat()}


def _article_model() -> type[Page]:
    model: type[Page] = apps.get_model(settings.COMMENTS_ON)
    return model


def _on_published(instance: Page, **_: object) -> None:
    _store_and_send("article.published", instance, article_data(instance))


def _on_unpublished(instance: Page, **_: object) -> None:
    _store_and_send("article.withdrawn", instance)


def _on_deleted(instance: Page, **_: object) -> None:
    _store_and_send("article.deleted", instance)


def _on_moved(instance: Page, **_: object) -> None:
    # Cron sends these: a section may have thousands of articles, and the editor should not wait for them.
    for article in _article_model().objects.live().descendant_of(instance, inclusive=True):
        _store("article.updated", article, article_data(article))


def _store_and_send(type_: str, article: Page, data: dict[str, str | None] | None = None) -> None:
    """Store the event in the transaction of the change, and send it after the commit.

    If One Reply can't be reached, the article is published all the same; ``manage.py send_article_events``, run by
    cron, sends the event later.
    """
    event = _store(type_, article, data or {})
    transaction.on_commit(partial(send, [event]), robust=True)


def _store(type_: str, article: Page, data: dict[str, str | None]) -> PendingEvent:
    now = timezone.now()
    message = {"type": type_, "timestamp": now.isoformat(), "data": {"article": str(article.pk), **data}}
    event: PendingEvent = PendingEvent.objects.create(message=message, happened_at=now)
    return event
