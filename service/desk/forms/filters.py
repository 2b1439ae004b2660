"""The filters of a list: what can be read of them, and a sentence for each field that can't."""

from collections.abc import Collection
from datetime import date
from typing import TypeVar

import msgspec

from service.desk.sign_in.desk_request import DeskRequest
from service.platform.http.form_fields import FormFields, decode_form
from service.platform.problems import InvalidField

T = TypeVar("T", bound=msgspec.Struct)
_SENTENCES = {"since": "no_day", "until": "no_day", "reader": "no_id", "comment": "no_id"}


def read_filter(desk: DeskRequest, kind: type[T], fields: Collection[str]) -> tuple[T, dict[str, str]]:
    """Decode the query as ``kind``, without those of ``fields`` that are wrong; return it, and why they are wrong.

    Raises InvalidField for another parameter.
    """
    given, errors = desk.request.query_params.multi_items(), dict[str, str]()
    for name, value in given:
        try:
            decode_form(FormFields([(name, value)]), kind)
        except InvalidField:
            if name not in fields:
                raise
            errors[name] = desk.sentence("filter", _SENTENCES.get(name, "no_value"))
    query = decode_form(FormFields([each for each in given if each[0] not in errors]), kind)
    return query, errors


def order_error(desk: DeskRequest, since: date | None, until: date | None) -> dict[str, str]:
    """Return a sentence at “until” if the last day is before the first."""
    is_wrong = since is not None and until is not None and since > until
    return {"until": desk.sentence("filter", "until_before_since")} if is_wrong else {}
