"""The site's commands: ``python manage.py migrate``, ``runserver``, ``send_article_events``."""

import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gazette.settings")
execute_from_command_line(sys.argv)
