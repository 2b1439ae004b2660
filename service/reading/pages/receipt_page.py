"""The page on which a reporter reads the outcome of their report."""

from starlette.requests import Request
from starlette.responses import Response

from service.moderation.reports.receipt_links import outcome_text
from service.moderation.reports.receipts import find_receipt
from service.platform.access.caller import Caller
from service.platform.http.app_state import database_of
from service.platform.http.base_path import base_path_of
from service.platform.http.csrf import is_same_origin
from service.platform.http.raw_routes import path_parameter
from service.platform.http.request_origin import date_locale_of
from service.platform.languages.messages import catalogue, catalogue_for
from service.reading.pages.templates_engine import page
from service.reading.pages.thread_view import page_path

# The address is a secret: it must not reach other sites, caches or search engines.
SECRET = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-robots-tag": "noindex"}


async def get_receipt_page(request: Request, caller: Caller) -> Response:
    """Send the outcome of a report; raises NotFound."""
    dates, base_path = date_locale_of(request, caller), base_path_of(request)
    locale = catalogue_for(dates)
    async with database_of(request).read() as connection:
        receipt = await find_receipt(connection, caller.site, path_parameter(request, "receipt"))
    messages = catalogue(locale)
    is_sent = request.query_params.get("confirmation") == "reported" and is_same_origin(request)
    return page(
        "receipt.html",
        base_path=base_path,
        locale=dates,
        headers={**SECRET, "content-language": locale},
        receipt=receipt,
        receipt_messages=messages["receipt"],
        confirmation=messages["form"]["reported"] if is_sent else None,
        reason=messages["reason"][receipt.reason],
        text=outcome_text(receipt.outcome, locale=locale),
        back=f"{base_path}{page_path(caller.site, receipt.article)}",
    )
