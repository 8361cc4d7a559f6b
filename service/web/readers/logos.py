"""The newsletters' logos, at addresses that change with the picture: caches may keep them for ever."""

from flask import Blueprint, Response

from service.newsletters import branding
from service.web.context import runtime

blueprint = Blueprint("logos", __name__)


@blueprint.get("/logo/<file_name>")
def show(file_name: str) -> Response:
    """Serve a picture to pages, mail programs and the proxies between."""
    with runtime().sessions() as session:
        logo = branding.get_logo(session, file_name)
    response = Response(logo.content, content_type=logo.media_type)
    response.set_etag(logo.hash)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    # Mails and the publisher's own pages show it, from other origins.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
