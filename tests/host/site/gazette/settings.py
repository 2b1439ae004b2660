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
        # A change and its article event commit together or not at all.
        "ATOMIC_REQUESTS": True,
        # In SQLite a reader can't become a writer after another connection, such as a webhook's, has written.
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

# One Reply: the page type with comments, the base URL of the site's API, the base URL of its threads, and two secrets.
# The first signs the article events that this site sends (`onereply site secret gazette article-webhooks` prints it).
# The second verifies the webhooks that it receives (`POST /v1/sites/gazette/endpoints` returns it). No name begins with
# ONEREPLY_: in a shared environment, One Reply would refuse to start because of an unknown setting.
COMMENTS_ON = "news.ArticlePage"
COMMENTS_API = os.environ.get("GAZETTE_COMMENTS_API", "http://127.0.0.1:8000/v1/sites/gazette")
COMMENTS_PAGES = os.environ.get("GAZETTE_COMMENTS_PAGES", "http://127.0.0.1:8000/gazette")
COMMENTS_ARTICLE_SECRET = os.environ.get("GAZETTE_ARTICLE_SECRET", "")
COMMENTS_ENDPOINT_SECRET = os.environ.get("GAZETTE_ENDPOINT_SECRET", "")
