"""``manage.py send_article_events``: send the events that One Reply has not accepted. For cron, every minute."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from onereply.article_events import send, store_all
from onereply.models import PendingEvent


class Command(BaseCommand):
    """Sends the pending events; with ``--all``, also registers every live article."""

    help = "Send the article events that One Reply has not accepted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--all``."""
        parser.add_argument("--all", action="store_true", help="also register every live article")

    def handle(self, *, all: bool, **_: object) -> None:  # noqa: A002  Django names it after the option
        """Send the events; fail if any are left."""
        if all:
            store_all()
        send(PendingEvent.objects.order_by("happened_at"))
        if left := PendingEvent.objects.count():
            raise CommandError(f"{left} events were not accepted.")
