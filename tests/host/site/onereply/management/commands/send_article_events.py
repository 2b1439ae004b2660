"""``manage.py tell_onereply``: sends what One Reply did not take when it happened. For cron, every minute."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from onereply.models import Telling
from onereply.telling import note_all, send


class Command(BaseCommand):
    """Sends what is left; with ``--all`` every article that is live, for a site that had articles before."""

    help = "Tell One Reply what it did not take yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """``--all``."""
        parser.add_argument("--all", action="store_true", help="also tell every article that is live")

    def handle(self, *, all: bool, **_: object) -> None:  # noqa: A002  Django's way of naming it after the option
        """Send; fails where something is left."""
        if all:
            note_all()
        send(Telling.objects.order_by("happened_at"))
        if left := Telling.objects.count():
            raise CommandError(f"{left} not told yet.")
