"""One Reply in a Wagtail site: ``telling.py`` tells of articles, ``receiving.py`` is told of their threads."""

from django.apps import AppConfig


class OneReply(AppConfig):
    """Listens once all pages are known."""

    name = "onereply"

    def ready(self) -> None:
        """Called by Django as it starts."""
        from .telling import listen  # noqa: PLC0415  models are not there before

        listen()
