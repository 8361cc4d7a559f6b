"""A new topic takes the feed category of the same name: the operator who named it has said what it means."""

from sqlalchemy.orm import Session

from service.articles import mapping
from service.newsletters.models import Topic
from service.web.context import now


def take(session: Session, topic: Topic) -> int:
    """Map the category of the topic's name unless it was decided; return how many articles came along."""
    known = mapping.learn_categories(session, topic.newsletter_id, [topic.name], now=now())
    gained = 0
    for row in known.by_key.values():
        if row.topic_id is None and not row.ignored:
            gained += mapping.map_category(session, row.id, topic.id, False, now=now())
    return gained
