"""Serves the rehearsal's web page: three static files, read once per request so that an edit shows at reload."""

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)

_PAGES = {
    "/": ("index.html", "text/html"),
    "/page.js": ("page.js", "text/javascript"),
    "/page.css": ("page.css", "text/css"),
}


def page_routes() -> list[Route]:
    """Routes of the page: `/`, `/page.js` and `/page.css`, never cached, under a strict content security policy."""
    return [_route(path, name, media_type) for path, (name, media_type) in _PAGES.items()]


def _route(path: str, name: str, media_type: str) -> Route:
    source = files("bot.rehearsal.page").joinpath(name)

    def answer(_request: Request) -> Response:
        headers = {
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }
        return Response(source.read_bytes(), media_type=media_type, headers=headers)

    return Route(path, answer, methods=["GET"])
