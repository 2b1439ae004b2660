"""The link from a thread to the moderators' desk, for those who work there.

A visitor of the pages carries a cookie since they signed in to the desk; it has no authority. In the embed it is the
host's token that names staff.
"""

from urllib.parse import quote

from starlette.requests import Request

from service.platform.access.caller import Caller

COOKIE = "onereply-desk-seen"


def desk_url_of(request: Request, caller: Caller, article: str, *, origin: str) -> str | None:
    """Return the URL of the article's thread in the desk, below ``origin``; None for readers.

    A key is no person: the host's page that fetched the fragment with it may be for readers.
    """
    is_staff = caller.session is not None or (caller.profile is not None and caller.profile.role == "staff")
    if not is_staff and COOKIE not in request.cookies:
        return None
    return f"{origin}/desk/{caller.site.slug}/threads/{quote(article, safe='')}"
