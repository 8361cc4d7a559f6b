"""What every archive page has around its matter: the newsletter, its rooms, its card for other sites."""

from dataclasses import dataclass
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from service.errors import NotFound
from service.languages.words import _, later
from service.newsletters.models import Newsletter, Rhythm, Topic
from service.newsletters.queries import find_offered
from service.web.context import runtime
from service.web.readers.page import get_newsletter, page

#: What editions are called on their pages.
EDITIONS = {
    Rhythm.DAILY: later("Daily edition"),
    Rhythm.WEEKDAYS: later("Daily edition"),
    Rhythm.WEEKLY: later("Weekly edition"),
    Rhythm.FORTNIGHTLY: later("Fortnightly edition"),
    Rhythm.MONTHLY: later("Monthly edition"),
}


@dataclass(frozen=True, slots=True)
class Card:
    """How a page looks where its address is shared (Open Graph)."""

    title: str
    description: str
    url: str
    image: str | None = None


def get_archive(session: Session, slug: str) -> Newsletter:
    """Return a newsletter whose archive is public.

    :raises NotFound: there is none under this name, or it keeps its archive to itself.
    """
    newsletter = get_newsletter(session, slug)
    if not newsletter.archive_public:
        raise NotFound(_("This newsletter keeps no public archive."))
    return newsletter


def get_topic(newsletter: Newsletter, slug: str) -> Topic:
    """Return an open topic, by its own name or that of one which was merged into it.

    :raises NotFound: there is none of this name.
    """
    topic = find_offered(newsletter, slug)
    if topic is None:
        raise NotFound(_("There is no such topic here."))
    return topic


def room(template: str, *, newsletter: Newsletter, here: str, card: Card, **values: Any) -> Response:
    """Render an archive page; `here` names the room in the section bar."""
    return page(
        template,
        newsletter=newsletter,
        links=runtime().links,
        here=here,
        card=card,
        editions={rhythm: _(name) for rhythm, name in EDITIONS.items()},
        topics={topic.id: topic for topic in newsletter.open_topics},
        **values,
    )
