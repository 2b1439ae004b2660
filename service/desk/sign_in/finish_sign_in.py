"""The end of every sign-in: the cookies, and on to where the moderator was, or to the form that waited."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.desk.frame.csrf_tokens import make_csrf_token
from service.desk.frame.desk_page import desk_page
from service.desk.sign_in.session_cookie import mark_browser, read_session_token, set_session_cookie
from service.desk.sign_in.sign_in_form import NO_STORE, SignInForm, kept_fields
from service.platform.access.sessions import Session, end_session_of_token
from service.platform.http.app_state import database_of

# Fields that nobody typed or chose: what the form is about, and in which state it was.
UNSEEN = {"version", "field", "next", "keep", "comment", "reader", "confirmed", "do"}


async def finish_sign_in(request: Request, form: SignInForm, token: str, session: Session) -> Response:
    """Return the page after a sign-in, with the cookie of the new session; an older session of the browser ends."""
    if (earlier := read_session_token(request)) and earlier != token:
        async with database_of(request).write() as connection:
            await end_session_of_token(connection, earlier)
    if form.kept:
        kept = kept_fields(form.kept)
        response = desk_page(
            request,
            form.site,
            "send_again.html",
            locale=form.locale,
            action=urlsplit(form.next_path).path,
            kept=kept,
            shown=[(name, value) for name, value in kept if value and name not in UNSEEN],
            csrf=make_csrf_token(token),
            name=session.name,
        )
    else:
        response = RedirectResponse(form.next_path, 303, NO_STORE)
    set_session_cookie(response, request, form.site, token)
    mark_browser(response, request, form.site, session)
    return response
