"""The links in our mails: count the article, then lead to it. No open redirect (standards 148)."""

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from service.articles.models import Article
from service.blasts import clicks as blast_clicks
from service.db import transaction
from service.digests.content import NO_MAILING
from service.errors import NotFound
from service.languages.words import _
from service.popularity import clicks
from service.subscribers.addresses import network_of
from service.tokens import Purpose
from service.web.context import now, runtime, visitor_ip
from service.web.readers.following import is_prefetch, is_web_address
from service.web.readers.page import ids
from service.web.readers.recognition import reader_behind
from service.web.security import private

blueprint = Blueprint("clicks", __name__)


@blueprint.get("/r/<token>")
def follow(token: str) -> ResponseReturnValue:
    """Lead to the article; where to is looked up, never read from the address."""
    mailing_id, article_id, slot, variant = ids(Purpose.CLICK, token, at_least=4)
    with transaction(runtime().sessions) as session:
        article = session.get(Article, article_id)
        if article is None or article.withdrawn_at is not None or not is_web_address(article.url):
            raise NotFound(_("This article is not available any more."))
        if mailing_id != NO_MAILING:
            clicks.record(
                session,
                article_id=article_id,
                mailing_id=mailing_id,
                slot=slot,
                variant=variant,
                ip=visitor_ip(),
                network=network_of(visitor_ip()),
                user_agent=request.user_agent.string,
                method=request.method,
                now=now(),
                prefetch=is_prefetch(),
                reader=reader_behind(session, article.newsletter_id),
            )
    return private(redirect(article.url, code=302))  # type: ignore[arg-type]  # a Response of werkzeug's that Flask made


@blueprint.get("/b/<token>")
def follow_blast(token: str) -> ResponseReturnValue:
    """Lead to where a link of a blast leads, and count it under the mail's subject, not under its reader."""
    mailing_id, number, variant = ids(Purpose.BLAST_CLICK, token, at_least=3)
    with transaction(runtime().sessions) as session:
        url = blast_clicks.find_url(session, mailing_id, number)
        if url is None or not is_web_address(url):
            raise NotFound(_("This article is not available any more."))
        blast_clicks.record(
            session,
            mailing_id=mailing_id,
            number=number,
            variant=variant,
            ip=visitor_ip(),
            user_agent=request.user_agent.string,
            method=request.method,
            prefetch=is_prefetch(),
            now=now(),
        )
    return private(redirect(url, code=302))  # type: ignore[arg-type]  # a Response of werkzeug's that Flask made
