"""The forms of a page with their values, as a browser without scripts submits them."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx2

from tests.builders import ASite


@dataclass
class AForm:
    """A form, to be filled in and sent."""

    url: str
    action: str
    values: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    """Collects forms, except those in template elements."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[AForm] = []
        self._in_template = False
        self._textarea: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "template":
            self._in_template = True
        if self._in_template:
            return
        if tag == "form":
            self.forms.append(AForm(given["action"], given["data-action"]))
        elif tag == "textarea" and "name" in given:
            self._textarea = given["name"]
            self.forms[-1].values[self._textarea] = ""
        elif tag == "input" and "name" in given and given.get("type") != "radio":
            self.forms[-1].values[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "template":
            self._in_template = False
        if tag == "textarea":
            self._textarea = None

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.forms[-1].values[self._textarea] += data.removeprefix("\n")


def forms_in(page: httpx2.Response) -> list[AForm]:
    """Return the forms of a page."""
    parser = _Forms()
    parser.feed(page.text)
    return parser.forms


async def send(site: ASite, form: AForm, headers: dict[str, str] | None = None, /, **typed: str) -> httpx2.Response:
    """Send ``form`` with the ``typed`` values, and follow the redirect."""
    sent = {"Sec-Fetch-Site": "same-origin", **(headers or {})}
    return await site.client.post(form.url, data={**form.values, **typed}, headers=sent, follow_redirects=True)


async def form_at(site: ASite, path: str) -> AForm:
    """Return the only form of the page at ``path`` below the site."""
    [form] = forms_in(await site.client.get(f"/{site.slug}{path}", follow_redirects=True))
    return form


def message_of(page: httpx2.Response) -> str | None:
    """Return the confirmation on a page, or None."""
    found = re.search(r'<p class="message" role="status">([^<]*)</p>', page.text)
    return found and found[1]
