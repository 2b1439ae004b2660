"""The fields of a form in a page, as a browser would send them."""

from html.parser import HTMLParser
from typing import Any

VOID_TYPES = {"checkbox", "radio"}


class _Forms(HTMLParser):
    """Collects the fields of the forms that post to a path with ``action`` at its end."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.action = action
        self.fields: list[tuple[str, str]] = []
        self.boxes: set[str] = set()
        self._is_inside = False
        self._select: str | None = None
        self._textarea: str | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._is_inside = given.get("method") == "post" and given.get("action", "").endswith(f"/{self.action}")
        if not self._is_inside or ("name" not in given and tag != "option"):
            return
        if tag == "input" and given.get("type") in VOID_TYPES:
            self.boxes.add(given["name"])
            if "checked" in given:
                self.fields.append((given["name"], given.get("value", "on")))
        elif tag == "input":
            self.fields.append((given["name"], given.get("value", "")))
        elif tag == "select":
            self._select = given["name"]
            self.fields.append((given["name"], ""))
        elif tag == "option" and self._select and "selected" in given:
            self.fields[-1] = self._select, given["value"]
        elif tag == "textarea":
            self._textarea, self._text = given["name"], ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._textarea:
            self.fields.append((self._textarea, self._text.removeprefix("\n")))
            self._textarea = None
        elif tag == "select":
            self._select = None
        elif tag == "form":
            self._is_inside = False


def form_of(page: str, action: str, **changes: Any) -> list[tuple[str, str]]:
    """Return the fields of the form of ``page`` that posts to ``action``, with ``changes``: None unchecks a box."""
    forms = _Forms(action)
    forms.feed(page)
    known = {name for name, _ in forms.fields} | forms.boxes
    assert known >= {*changes}, {*changes} - known
    fields = [(name, value) for name, value in forms.fields if name not in changes and name != "csrf"]
    for name, value in changes.items():
        values = value if isinstance(value, list) else [] if value is None else [value]
        fields += [(name, each) for each in values]
    return fields
