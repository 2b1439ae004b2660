"""One Reply in a Wagtail site: ``article_events.py`` sends article events, ``webhooks.py`` receives webhooks."""

from django.apps import AppConfig


class OneReply(AppConfig):
    """Connects the signals when all models are loaded."""

    name = "onereply"

    def ready(self) -> None:
        """Connect the signals; Django calls this at start."""
        from .article_events import connect_signals  # noqa: PLC0415  needs the models

        connect_signals()
