"""Articles. What readers answered stands below them, as the last event told it: no page waits for a call."""

from django.conf import settings
from django.db.models import TextField
from django.http import HttpRequest
from wagtail.admin.panels import FieldPanel
from wagtail.models import Page

from onereply.models import Thread


class ArticlePage(Page):
    """An article of plain text, its paragraphs apart by empty lines."""

    body = TextField()
    content_panels = (*Page.content_panels, FieldPanel("body"))

    def get_context(self, request: HttpRequest, *args: object, **kwargs: object) -> dict[str, object]:
        """What the template shows; an article that One Reply has not told of yet has no thread."""
        context: dict[str, object] = super().get_context(request, *args, **kwargs)
        thread = Thread.objects.filter(article=str(self.pk)).first()
        origin, _, site = settings.COMMENTS_PAGES.rpartition("/")
        page = f"{settings.COMMENTS_PAGES}/{self.pk}"
        return context | {"thread": thread, "thread_page": page, "comments_origin": origin, "comments_site": site}
