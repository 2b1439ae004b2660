"""Articles, each with the lines of its thread from stored events, so no page waits for a request."""

from django.conf import settings
from django.db.models import TextField
from django.http import HttpRequest
from wagtail.admin.panels import FieldPanel
from wagtail.models import Page

from onereply.models import Thread


class ArticlePage(Page):
    """An article in plain text; empty lines separate paragraphs."""

    body = TextField()
    content_panels = (*Page.content_panels, FieldPanel("body"))

    def get_context(self, request: HttpRequest, *args: object, **kwargs: object) -> dict[str, object]:
        """Add the thread to the template's context; None before the first event about the article."""
        context: dict[str, object] = super().get_context(request, *args, **kwargs)
        thread = Thread.objects.filter(article=str(self.pk)).first()
        origin, _, site = settings.COMMENTS_PAGES.rpartition("/")
        page = f"{settings.COMMENTS_PAGES}/{self.pk}"
        return context | {"thread": thread, "thread_page": page, "comments_origin": origin, "comments_site": site}
