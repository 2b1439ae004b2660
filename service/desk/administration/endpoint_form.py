"""The form of a webhook endpoint: its fields as the API takes them, and what is wrong with one."""

from typing import Any, NamedTuple
from uuid import UUID

from service.desk.sign_in.desk_request import DeskRequest
from service.integrations.endpoints.endpoint_store import Endpoint
from service.integrations.endpoints.subscribed_types import ALL_TYPES
from service.platform.events.event_types import EventType
from service.platform.http.raw_routes import path_parameter
from service.platform.problems import InvalidField, NotFound

GROUPS = tuple(dict.fromkeys(each.partition(".")[0] for each in EventType))
# The event types that a form offers, by group; the first of a group stands for all of it.
TYPES = {group: (f"{group}.*", *(each.value for each in EventType if each.startswith(f"{group}."))) for group in GROUPS}


class EndpointForm(NamedTuple):
    """The fields of a form as they are shown; ``error`` is the message of ``wrong``, the name of a field."""

    url: str = ""
    description: str = ""
    types: tuple[str, ...] = ()
    svix_headers: bool = False
    held_text: bool = False
    wrong: str = ""
    error: str = ""


def form_of_endpoint(endpoint: Endpoint) -> EndpointForm:
    """Return the form of an endpoint as it is stored; all types are none that is marked."""
    types = tuple(each for each in endpoint.types.split() if each != ALL_TYPES)
    return EndpointForm(endpoint.url, endpoint.description or "", types, endpoint.svix_headers, endpoint.held_text)


def typed_form(desk: DeskRequest, problem: InvalidField | None = None) -> EndpointForm:
    """Return the form as it was typed, with what is wrong with it."""
    wrong = problem.members["pointer"].strip("/").partition("/")[0] if problem else ""
    return EndpointForm(
        url=desk.fields.get("url", "").strip(),
        description=desk.fields.get("description", "").strip(),
        types=tuple(desk.fields.all("types")),
        svix_headers="svix_headers" in desk.fields,
        held_text="held_text" in desk.fields,
        wrong=wrong if wrong in {"url", "description", "types", "secret"} else "url",
        error=str(problem) if problem else "",
    )


def given_members(form: EndpointForm) -> dict[str, Any]:
    """The members of an endpoint in the API; no type means all."""
    return {
        "url": form.url,
        "description": form.description or None,
        "types": [*form.types] or None,
        "svix_headers": form.svix_headers,
        "held_text": form.held_text,
    }


def changed_members(form: EndpointForm, stored: EndpointForm) -> dict[str, Any]:
    """The members that ``form`` changes, so that the log names nothing else."""
    before, after = given_members(stored), given_members(form)
    return {name: value for name, value in after.items() if value != before[name]}


def endpoint_id_of(desk: DeskRequest) -> UUID:
    """The id of the endpoint in the path; raises NotFound."""
    try:
        return UUID(path_parameter(desk.request, "endpoint"))
    except ValueError:
        raise NotFound from None
