"""What One Reply tells: every event of the site, signed, at least once, in any order."""

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from .models import Received, Thread


@csrf_exempt  # the signature proves who sends, where a form would have a token
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """Keep what an event says of its thread. 2xx is given once it is kept: anything else, and it is sent again."""
    try:
        event = Webhook(settings.COMMENTS_ENDPOINT_SECRET).verify(request.body, dict(request.headers))
    except (WebhookVerificationError, ValueError):  # ValueError: a signature that is no base64, a body that is no UTF-8
        return HttpResponse("This is not signed with our secret.", status=401)
    with transaction.atomic():
        # The threads know by the position what is old; whatever else is done here, a mail to the author, say, is
        # done once because of this.
        _, is_new = Received.objects.get_or_create(webhook_id=request.headers["webhook-id"])
        if is_new and "thread" in event["data"]:  # events of readers and endpoints have none
            Thread.keep(event["data"]["thread"], position=event["position"])
    return HttpResponse(status=204)
