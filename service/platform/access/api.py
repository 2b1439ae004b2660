"""Session API: moderators log in, read their session, and log out."""

from starlette.requests import Request
from starlette.responses import Response

from service.platform.access.caller import Caller
from service.platform.access.log_in import log_in
from service.platform.access.sessions import end_session
from service.platform.access.wire import SessionIn, new_session, session_out
from service.platform.http.app_state import database_of, gate_of
from service.platform.http.conditional import PRIVATE
from service.platform.http.decode import decode_body
from service.platform.http.raw_routes import json_response
from service.platform.http.request_origin import client_network

NO_STORE = {"cache-control": "no-store"}


async def post_session(request: Request, caller: Caller) -> Response:
    """Log in: returns 201 with the session and its token."""
    body = await decode_body(request, SessionIn)
    gate = gate_of(request)
    token, session = await log_in(
        database_of(request),
        caller.site,
        passwords=gate.passwords,
        limits=gate.limits,
        name=body.name,
        password=body.password,
        address=client_network(request),
    )
    return json_response(new_session(token, session), 201, NO_STORE)


async def get_session(_request: Request, caller: Caller) -> Response:
    """Get the current session."""
    assert caller.session
    return json_response(session_out(caller.session), headers=PRIVATE)


async def end_current_session(request: Request, caller: Caller) -> Response:
    """Log out: end the current session."""
    assert caller.session
    async with database_of(request).write() as connection:
        await end_session(connection, caller.session.id)
    return Response(status_code=204)
