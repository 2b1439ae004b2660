"""The addresses ``/desk`` and ``/desk/{site}``, which people type: on to the queue, or a list of the sites."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.desk.frame.desk_page import desk_page, desk_path
from service.desk.sign_in.sign_in_form import NO_STORE
from service.platform.http.app_state import database_of, gate_of
from service.platform.http.authorize import find_site
from service.platform.http.request_origin import client_address
from service.platform.languages.messages import FALLBACK, negotiate
from service.platform.sites.edit_site import list_sites


async def get_desks(request: Request) -> Response:
    """Lead to the queue of the only site, or list the sites."""
    await gate_of(request).count_open(client_address(request))
    async with database_of(request).read() as connection:
        sites = await list_sites(connection)
    if len(sites) == 1:
        return RedirectResponse(f"{desk_path(request, sites[0])}/queue", 303, NO_STORE)
    locale = negotiate(request.headers.get("accept-language"), site_locale=FALLBACK)
    desks = [(each.name, f"{desk_path(request, each)}/queue") for each in sites]
    return desk_page(request, None, "desks.html", locale=locale, desks=desks)


async def get_desk(request: Request) -> Response:
    """Lead to the queue of the site."""
    site = await find_site(request)
    return RedirectResponse(f"{desk_path(request, site)}/queue", 303, NO_STORE)
