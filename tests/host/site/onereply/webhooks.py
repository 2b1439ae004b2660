"""Receive One Reply's webhooks: every event of the site, signed, at least once, in any order."""

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from .models import ReceivedMessage, Thread


@csrf_exempt  # the signature proves who sent it
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """Store the thread of an event. One Reply retries unless it gets a 2xx, which is sent after the commit."""
    try:
        event = Webhook(settings.COMMENTS_ENDPOINT_SECRET).verify(request.body, dict(request.headers))
    except (WebhookVerificationError, ValueError):  # ValueError: a signature not in base64, a body not in UTF-8
        return HttpResponse("The signature does not match the endpoint's secret.", status=401)
    with transaction.atomic():
        # Thread.store ignores old events by their position. The id makes anything else that you add here, such as
        # an e-mail to the author, happen once.
        _, is_new = ReceivedMessage.objects.get_or_create(webhook_id=request.headers["webhook-id"])
        if is_new and "thread" in event["data"]:  # events about readers and endpoints have no thread
            Thread.store(event["data"]["thread"], position=event["position"])
    return HttpResponse(status=204)
