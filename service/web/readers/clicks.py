"""The links in our mails: count the article, then lead to it. No open redirect (standards 148)."""

from urllib.parse import urlsplit

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from service.articles.models import Article
from service.db import transaction
from service.digests.content import NO_MAILING
from service.errors import NotFound
from service.languages.words import _
from service.popularity import clicks
from service.tokens import Purpose
from service.web.context import now, runtime, visitor_ip
from service.web.readers.page import ids
from service.web.security import private

blueprint = Blueprint("clicks", __name__)


@blueprint.get("/r/<token>")
def follow(token: str) -> ResponseReturnValue:
    """Lead to the article; where to is looked up, never read from the address."""
    mailing_id, article_id, slot, variant = ids(Purpose.CLICK, token, at_least=4)
    with transaction(runtime().sessions) as session:
        article = session.get(Article, article_id)
        if article is None or article.withdrawn_at is not None or not _is_web_address(article.url):
            raise NotFound(_("This article is not available any more."))
        if mailing_id != NO_MAILING:
            clicks.record(
                session,
                article_id=article_id,
                mailing_id=mailing_id,
                slot=slot,
                variant=variant,
                ip=visitor_ip(),
                user_agent=request.user_agent.string,
                method=request.method,
                now=now(),
                prefetch=_is_prefetch(),
            )
    return private(redirect(article.url, code=302))  # type: ignore[arg-type]  # a Response of werkzeug's that Flask made


def _is_prefetch() -> bool:
    """What browsers say of a page that they fetch before anybody asked for it."""
    says = (request.headers.get(name, "").lower() for name in ("Sec-Purpose", "Purpose", "X-Moz"))
    return any("prefetch" in value or "preview" in value for value in says)


def _is_web_address(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and url.isprintable()
