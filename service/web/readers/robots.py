"""What search engines are told: where they need not look, and what there is."""

from xml.etree.ElementTree import Element, SubElement, tostring

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from service.archive import contents
from service.newsletters import queries
from service.web.context import runtime
from service.web.readers.cacheable import public
from service.web.readers.page import get_newsletter

blueprint = Blueprint("robots", __name__)

_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


@blueprint.get("/robots.txt")
def robots() -> ResponseReturnValue:
    """Personal pages are not named: they say `noindex` themselves, which only who may look can read."""
    lines = (
        "User-agent: *",
        "Disallow: /console/",
        "Disallow: /r/",
        f"Sitemap: {runtime().links.base_url}/sitemap.xml",
        "",
    )
    return public(Response("\n".join(lines), content_type="text/plain; charset=utf-8"))


@blueprint.get("/sitemap.xml")
def sitemap_index() -> ResponseReturnValue:
    """Name one map for each newsletter: a map may have 50,000 addresses."""
    root = Element("sitemapindex", {"xmlns": _NAMESPACE})
    with runtime().sessions() as session:
        for newsletter in queries.list_open(session):
            where = f"{runtime().links.newsletter(newsletter.slug)}/sitemap.xml"
            SubElement(SubElement(root, "sitemap"), "loc").text = where
    return _xml(root)


@blueprint.get("/n/<slug>/sitemap.xml")
def sitemap(slug: str) -> ResponseReturnValue:
    root = Element("urlset", {"xmlns": _NAMESPACE})
    with runtime().sessions() as session:
        newsletter = get_newsletter(session, slug)
        for page in contents.list_pages(session, newsletter, links=runtime().links):
            url = SubElement(root, "url")
            SubElement(url, "loc").text = page.url
            if page.changed_at is not None:
                SubElement(url, "lastmod").text = page.changed_at.date().isoformat()
    return _xml(root)


def _xml(root: Element) -> Response:
    written = tostring(root, encoding="utf-8", xml_declaration=True)
    return public(Response(written, content_type="application/xml; charset=utf-8"))
