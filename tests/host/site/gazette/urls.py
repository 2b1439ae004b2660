"""Editors at ``/admin/``, what One Reply tells at ``/onereply/``, and pages wherever editors put them."""

from django.urls import include, path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as admin_urls
from wagtail.documents import urls as document_urls

from onereply.webhooks import receive

urlpatterns = [
    path("admin/", include(admin_urls)),
    path("documents/", include(document_urls)),
    path("onereply/", receive),
    path("", include(wagtail_urls)),
]
