"""A form of a page that was refused: the page shows it again with what was typed, and marks the field."""

from typing import NamedTuple

from service.desk.sign_in.desk_request import DeskRequest
from service.platform.problems import Problem


class RefusedForm(NamedTuple):
    """The name of the form, the field that is wrong (empty if it is none), why, and the status of the answer."""

    form: str
    field: str
    message: str
    status: int


def refused_form(desk: DeskRequest, problem: Problem, *, form: str) -> RefusedForm:
    """Describe why the ``form`` of this request was refused."""
    content = problem.content(desk.locale)
    field = str(content.get("pointer", "")).strip("/")
    return RefusedForm(form, field, str(content.get("detail") or content["title"]), problem.status)
