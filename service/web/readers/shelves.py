"""What is new in a topic, and what is read most: of one topic, and of the whole newsletter."""

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from service.archive import shelf
from service.languages.words import _
from service.web.context import now, runtime
from service.web.readers.cacheable import public
from service.web.readers.rooms import Card, get_archive, get_topic, room
from service.web.row_ids import LARGEST

blueprint = Blueprint("shelves", __name__)

NEWEST, MOST_READ, POPULAR = 20, 5, 20


@blueprint.get("/n/<slug>/t/<topic_slug>")
def topic(slug: str, topic_slug: str) -> ResponseReturnValue:
    before = request.args.get("before", type=int)
    before = before if before is not None and 0 < before <= LARGEST else None
    with runtime().sessions() as session:
        newsletter = get_archive(session, slug)
        chosen = get_topic(newsletter, topic_slug)
        if chosen.slug != topic_slug:
            return redirect(runtime().links.topic(slug, topic=chosen.slug), 301)
        newest, older = shelf.newest(session, newsletter, chosen, before_seq=before, limit=NEWEST)
        read = shelf.most_read(session, newsletter, topic=chosen, limit=MOST_READ, now=now())
    card = Card(
        title=_("%(topic)s in %(newsletter)s", topic=chosen.name, newsletter=newsletter.name),
        description=chosen.description or newsletter.tagline,
        url=runtime().links.topic(slug, topic=chosen.slug),
        image=next((story.picture for story in newest if story.picture), None),
    )
    return public(
        room(
            "topic",
            newsletter=newsletter,
            here=chosen.slug,
            card=card,
            topic=chosen,
            newest=newest,
            most_read=[] if before is not None else read,
            older=older,
            first_page=before is None,
        )
    )


@blueprint.get("/n/<slug>/popular")
def popular(slug: str) -> ResponseReturnValue:
    with runtime().sessions() as session:
        newsletter = get_archive(session, slug)
        read = shelf.most_read(session, newsletter, limit=POPULAR, now=now())
    card = Card(
        title=_("Most read in %(newsletter)s", newsletter=newsletter.name),
        description=newsletter.tagline,
        url=runtime().links.popular(slug),
        image=next((one.story.picture for one in read if one.story.picture), None),
    )
    return public(
        room(
            "popular",
            newsletter=newsletter,
            here="popular",
            card=card,
            most_read=read,
            days=shelf.POPULAR_FOR.days,
        )
    )
