"""Session API: moderators log in, read their session, and log out."""

from starlette.requests import Request
from starlette.responses import Response

from service.platform.access.caller import Caller
from service.platform.access.device_cookies import COOKIE, MAX_AGE_SECONDS
from service.platform.access.log_in import log_in
from service.platform.access.platform_state import ServerState
from service.platform.access.sessions import end_session
from service.platform.access.wire import SessionIn, new_session, session_out
from service.platform.http.app_state import database_of, gate_of, state_of
from service.platform.http.conditional import PRIVATE
from service.platform.http.decode import decode_body
from service.platform.http.raw_routes import json_response
from service.platform.http.request_origin import client_network

NO_STORE = {"cache-control": "no-store"}


async def post_session(request: Request, caller: Caller) -> Response:
    """Log in: returns 201 with the session and its token."""
    body = await decode_body(request, SessionIn)
    gate, cookie = gate_of(request), request.cookies.get(COOKIE, "")
    token, session = await log_in(
        database_of(request),
        caller.site,
        passwords=gate.passwords,
        limits=gate.limits,
        name=body.name,
        password=body.password,
        address=client_network(request),
        device_of=lambda account: gate.devices.read(caller.site.id, account.id, cookie) if cookie else None,
    )
    response = json_response(new_session(token, session), 201, NO_STORE)
    _set_device_cookie(response, request, gate.devices.make(caller.site.id, session.moderator_id))
    return response


def _set_device_cookie(response: Response, request: Request, cookie: str) -> None:
    base_url = state_of(request, ServerState).base_url or ""
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=MAX_AGE_SECONDS,
        path=request.url.path,
        secure=request.url.scheme == "https" or base_url.startswith("https:"),
        httponly=True,
        samesite="strict",
    )


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
