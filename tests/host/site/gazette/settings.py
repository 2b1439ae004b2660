"""The Gazette, a small news site on Wagtail whose comments One Reply keeps.

It shows how the two are joined, not how a Wagtail site is run. The settings at the end are One Reply's; all else is
what ``wagtail start`` writes, less what a page of text can do without.
"""

import os
from pathlib import Path

FOLDER = Path(__file__).parents[1]

DEBUG = True  # with it runserver serves the style sheet
SECRET_KEY = os.environ.get("GAZETTE_SECRET_KEY", "only for trying it out on one's own machine")
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
ROOT_URLCONF = "gazette.urls"

INSTALLED_APPS = [
    "news",
    "onereply",
    "wagtail.users",
    "wagtail.sites",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("GAZETTE_DATABASE", FOLDER / "gazette.sqlite3"),
        # What is published and what is to be told of it commit together, or not at all.
        "ATOMIC_REQUESTS": True,
        # SQLite cannot make a writer of a reader where another has written meanwhile, as webhooks do.
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"

WAGTAIL_SITE_NAME = "The Gazette"
WAGTAILADMIN_BASE_URL = "http://localhost:8080"
WAGTAILADMIN_COMMENTS_ENABLED = False  # those are editors' notes to each other
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database"}}

# One Reply: which pages have comments, the site as it is there, where readers find its threads, and two secrets. With
# the first this site signs what it tells (`onereply site secret gazette article-webhooks` prints it), by the second it
# knows what it is told (`POST /v1/sites/gazette/endpoints` answers with it). None is named ONEREPLY_…: where both run
# in one environment, One Reply would take it for a setting of its own and not start.
COMMENTS_ON = "news.ArticlePage"
COMMENTS_API = os.environ.get("GAZETTE_COMMENTS_API", "http://127.0.0.1:8000/v1/sites/gazette")
COMMENTS_PAGES = os.environ.get("GAZETTE_COMMENTS_PAGES", "http://127.0.0.1:8000/gazette")
COMMENTS_HOOK_SECRET = os.environ.get("GAZETTE_HOOK_SECRET", "")
COMMENTS_ENDPOINT_SECRET = os.environ.get("GAZETTE_ENDPOINT_SECRET", "")
