"""A screening webhook: it holds comments that name an address, and marks shouting newcomers as spam."""

import os
import re

from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

signed = Webhook(os.environ["SCREENING_SECRET"])
ADDRESS = re.compile(r"\b\d+ \w+ (street|road)\b", re.IGNORECASE)
MESSAGE = {"en": "It seems to have somebody's address.", "de": "Er enthält offenbar eine Adresse."}


async def screen(request: Request) -> Response:
    try:
        data = signed.verify(await request.body(), dict(request.headers))["data"]
    except WebhookVerificationError:
        return Response(status_code=401)
    body, record = data["comment"]["body"], data["author"]["record"]
    findings: list[dict[str, object]] = []
    if ADDRESS.search(body):
        findings.append({"action": "hold", "code": "address", "message": MESSAGE})
    if body.isupper() and record["published"] == 0:
        findings.append({"action": "spam", "code": "shouting-newcomer", "score": 0.9})
    if record["spam"] > 3:
        findings.append({"action": "reject", "code": "known-spammer", "score": 1})
    return JSONResponse({"findings": findings})


app = Starlette(routes=[Route("/screen", screen, methods=["POST"])])
