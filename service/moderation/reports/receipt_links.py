"""The links and the sentences of a receipt."""

from service.moderation.reports.receipts import Outcome
from service.moderation.reports.wire import ReceiptLinks
from service.platform.languages.messages import sentence
from service.platform.sites.site_lookup import Site


def receipt_path(site: Site, token: str) -> str:
    """Return the path of the receipt's page, below the base URL."""
    return f"/{site.slug}/reports/{token}"


def receipt_links(site: Site, token: str, *, base_url: str) -> ReceiptLinks:
    """Return the absolute links of a receipt."""
    url = f"{base_url}/v1/sites/{site.slug}/reports/{token}"
    return ReceiptLinks(url, f"{base_url}{receipt_path(site, token)}")


def outcome_text(outcome: Outcome, *, locale: str) -> list[str]:
    """Return the outcome of a report in ``locale``, and what the reporter can do about it."""
    text = [sentence("receipt", outcome, locale=locale)]
    if outcome in {"kept", "removed"}:
        text += [sentence("statement", key, locale=locale) for key in ("by_person", "redress")]
    return text
