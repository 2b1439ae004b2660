"""Where a moderator goes on after a form or a sign-in: always to a page of the same desk."""

from starlette.requests import Request

from service.desk.frame.desk_page import desk_path
from service.platform.http.base_path import base_path_of
from service.platform.http.raw_routes import raw_path
from service.platform.sites.site_lookup import Site


def path_and_query(request: Request) -> str:
    """Return the address of the request below the origin; of a form only its path."""
    query: str = request.scope["query_string"].decode("latin-1")
    is_read = request.method in {"GET", "HEAD"}
    return base_path_of(request) + raw_path(request.scope) + (f"?{query}" if query and is_read else "")


def own_path(request: Request, site: Site, path: str) -> str:
    """Return ``path`` if it is a page of this desk, else the queue: a link can't lead elsewhere after the sign-in."""
    own = f"{desk_path(request, site)}/"
    is_own = path.startswith(own) and path.isascii() and path.isprintable() and "\\" not in path
    steps = path.partition("?")[0].lower().replace("%2e", ".").split("/")
    is_own = is_own and not path.startswith(f"{own}sign-") and ".." not in steps
    return path if is_own else f"{own}queue"
