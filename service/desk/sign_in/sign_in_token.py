"""Sign in to the desk by a token of the host's system, which frames the desk or links to it."""

from starlette.requests import Request
from starlette.responses import Response

from service.desk.sign_in.finish_sign_in import finish_sign_in
from service.desk.sign_in.sign_in_form import read_sign_in_form, show_sign_in_again
from service.platform.access.desk_tokens import read_desk_token
from service.platform.access.external_log_in import log_in_externally
from service.platform.http.app_state import database_of, gate_of
from service.platform.http.csrf import OriginNotAllowed, is_same_origin
from service.platform.http.form_fields import FormFields
from service.platform.http.problem_responses import log_cause
from service.platform.http.request_origin import client_network
from service.platform.problems import Problem
from service.platform.sites.site_lookup import Site
from service.platform.text.web_urls import canonical_origin


async def send_token(request: Request) -> Response:
    """Sign in by the form's ``token``. *Why only a form*: the address of a GET ends up in logs and histories."""
    form = (await read_sign_in_form(request))._replace(kept=FormFields([]))
    gate = gate_of(request)
    try:
        await gate.count_address(form.site, client_network(request))
        _require_framing_origin(request, form.site)
        desk_token = await read_desk_token(gate.host_tokens, form.site, form.fields.get("token", ""))
        token, session = await log_in_externally(
            database_of(request),
            form.site,
            desk_token.identity,
            unmatched_hash=gate.passwords.unmatched_hash,
            user_agent=request.headers.get("user-agent"),
            desk_token=desk_token,
        )
    except Problem as problem:
        log_cause(request.scope, problem)
        return show_sign_in_again(request, form, problem=problem)
    return await finish_sign_in(request, form, token, session)


def _require_framing_origin(request: Request, site: Site) -> None:
    """Refuse a page that could sign its visitors in to an account of its own choice; raises OriginNotAllowed."""
    allowed = (site.settings.desk_frame_origins or "").split(" ")
    origin = canonical_origin(request.headers.get("origin", ""))
    if not is_same_origin(request) and (origin is None or origin not in allowed):
        raise OriginNotAllowed("The site's setting “desk_frame_origins” lists the origins whose pages may do this.")
