"""The popular list on the publisher's pages: what stands in it, what was seen of it, where its links lead."""

from flask import Blueprint, Response, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from service.articles.models import Article
from service.db import transaction
from service.digests import curations
from service.digests.models import CurationKind
from service.digests.selection.values import EVERYWHERE
from service.errors import BadToken, NotFound
from service.languages import speech
from service.languages.offered import direction
from service.languages.words import _
from service.newsletters.models import Newsletter, Topic
from service.popularity import popular, site_events, widget_views
from service.popularity.models import Signal
from service.popularity.popular import Listed, Period
from service.subscribers.addresses import network_of
from service.tokens import Purpose
from service.web.context import now, runtime, visitor_ip
from service.web.readers.following import is_prefetch, is_web_address
from service.web.readers.page import get_newsletter, ids
from service.web.security import csrf

blueprint = Blueprint("widget", __name__)

#: Articles of a list: what is asked for is brought into these bounds.
FEWEST, MOST, USUAL = 1, 10, 5
#: Scores move every two minutes, and so does what may be shown.
_FRESH = 120
#: A report names each place that was seen, and nothing else.
_LONGEST = MOST * 100


@blueprint.get("/n/<slug>/popular.json")
def show(slug: str) -> Response:
    """Give the list to pages of any site: there is nothing of the visitor in it."""
    with runtime().sessions() as session:
        newsletter = get_newsletter(session, slug)
        topic = _topic(newsletter, request.args.get("topic", ""))
        found = popular.list_popular(
            session,
            newsletter,
            topic=topic,
            period=_period(request.args.get("period", "")),
            limit=min(max(request.args.get("items", USUAL, type=int), FEWEST), MOST),
            excluded=_excluded(session, newsletter, topic),
            now=now(),
        )
    preview = "preview" in request.args
    language = speech.spoken()
    response = jsonify(
        lang=language,
        dir=direction(language),
        heading=_heading(topic, is_popular=found.is_popular),
        items=[
            _item(newsletter, one, slot, topic, preview=preview)
            for slot, one in enumerate(found.articles, start=1)
        ],
        more={
            "title": _("Get %(newsletter)s by e-mail", newsletter=newsletter.name),
            "url": runtime().links.newsletter(newsletter.slug),
        },
    )
    response.headers["Cache-Control"] = f"public, max-age={_FRESH}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.add_etag()
    response.make_conditional(request)
    return response


@blueprint.post("/s/seen", provide_automatic_options=False)
def report() -> Response:
    """Count what came into sight; the text of the request names the places, as the list named them."""
    named = request.get_data(cache=False)[: _LONGEST + 1].decode("utf-8", "replace")
    places = _places(named.split()[:MOST]) if len(named) <= _LONGEST else {}
    if places:
        with transaction(runtime().sessions) as session:
            widget_views.record(
                session,
                places=places,
                ip=visitor_ip(),
                network=network_of(visitor_ip()),
                user_agent=request.user_agent.string,
                now=now(),
                prefetch=is_prefetch(),
            )
    return _nothing()


@blueprint.route("/s/seen", methods=["OPTIONS"])
def allow() -> Response:
    """Let pages of any site report."""
    return _nothing()


# Called by another site's pages; it changes a count and nothing else.
csrf.exempt(report)


@blueprint.get("/k/<place>")
def follow(place: str) -> ResponseReturnValue:
    """Lead to the article and count the click; where to is looked up, never read from the address."""
    _newsletter_id, article_id, slot = ids(Purpose.WIDGET, place, at_least=3)
    with transaction(runtime().sessions) as session:
        article = session.get(Article, article_id)
        if article is None or article.withdrawn_at is not None or not is_web_address(article.url):
            raise NotFound(_("This article is not available any more."))
        site_events.record_of(
            session,
            article_id=article_id,
            signal=Signal.WIDGET_CLICK,
            slot=slot,
            ip=visitor_ip(),
            network=network_of(visitor_ip()),
            user_agent=request.user_agent.string,
            now=now(),
            prefetch=is_prefetch() or request.method != "GET",
        )
        target = article.url
    response = redirect(target, code=302)
    # The article is the publisher's own page: it may know that its reader came from another one.
    response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _topic(newsletter: Newsletter, slug: str) -> Topic | None:
    """Return the topic of this name; a list of a topic that was closed is one of all topics."""
    return next((topic for topic in newsletter.open_topics if topic.slug == slug), None)


def _period(name: str) -> Period:
    return Period(name) if name in list(Period) else Period.WEEK


def _excluded(session: Session, newsletter: Newsletter, topic: Topic | None) -> set[int]:
    """What editors exclude from digests is not put on show here either."""
    where = {EVERYWHERE} if topic is None else {EVERYWHERE, topic.id}
    return {
        one.story_id
        for one in curations.of_stories(session, newsletter.id, now=now())
        if one.kind is CurationKind.EXCLUDE and one.topic_id in where
    }


def _heading(topic: Topic | None, *, is_popular: bool) -> str:
    if topic is None:
        return _("Most read") if is_popular else _("New")
    if is_popular:
        return _("Most read in %(topic)s", topic=topic.name)
    return _("New in %(topic)s", topic=topic.name)


def _item(
    newsletter: Newsletter, one: Listed, slot: int, topic: Topic | None, *, preview: bool
) -> dict[str, str]:
    item = {"title": one.title, "by": _by(newsletter, one, topic)}
    if preview or not is_web_address(one.url):
        return {**item, "url": one.url if is_web_address(one.url) else ""}
    links = runtime().links
    return {
        **item,
        "url": links.widget_click(newsletter_id=newsletter.id, article_id=one.article_id, slot=slot),
        "place": links.widget_place(newsletter.id, one.article_id, slot),
    }


def _by(newsletter: Newsletter, one: Listed, topic: Topic | None) -> str:
    """Name the topic and the source, but nothing that the list or the page around it says already."""
    source = "" if one.source == newsletter.name else one.source
    return " · ".join(filter(None, ("" if topic is not None else one.topic, source)))


def _places(names: list[str]) -> dict[int, int]:
    """Read where which article stood; what is no place of ours is left out."""
    found = {}
    for name in names:
        try:
            _newsletter_id, article_id, slot = ids(Purpose.WIDGET, name, at_least=3)
        except BadToken:
            continue
        found[article_id] = slot
    return found


def _nothing() -> Response:
    response = Response(status=204)
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Max-Age"] = "86400"
    response.headers["Cache-Control"] = "no-store"
    return response
