"""One article of a mail, and what a reader may want more or less of because of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, joinedload

from service.articles.models import Article, ArticleTopic, Source
from service.errors import InvalidInput
from service.languages.words import _
from service.newsletters.models import Topic
from service.subscribers.models import Subscription


@dataclass(frozen=True, slots=True)
class AboutTopic:
    """A topic of the article; `more` and `less` say which buttons make sense."""

    topic: Topic
    followed: bool
    excluded: bool
    more: bool
    less: bool


@dataclass(frozen=True, slots=True)
class About:
    """The article, its topics on offer, and its source."""

    article: Article
    topics: Sequence[AboutTopic]
    muted: bool
    #: Muting the only source would be leaving in disguise.
    may_mute: bool


def find(session: Session, subscription: Subscription, article_id: str) -> About | None:
    """Return what the page says of an article; None for one that is not this newsletter's, or is gone."""
    if not article_id.isdecimal() or len(article_id) > 18:
        return None
    article = session.scalars(
        select(Article).where(Article.id == int(article_id)).options(joinedload(Article.source))
    ).one_or_none()
    if (
        article is None
        or article.newsletter_id != subscription.newsletter_id
        or article.withdrawn_at is not None
    ):
        return None
    own = set(session.scalars(select(ArticleTopic.topic_id).where(ArticleTopic.article_id == article.id)))
    topics = [_topic(one, subscription) for one in subscription.newsletter.open_topics if one.id in own]
    muted = article.source_id in subscription.excluded_source_ids
    others = exists().where(
        Source.newsletter_id == subscription.newsletter_id, Source.id != article.source_id
    )
    return About(article, topics, muted, may_mute=not muted and bool(session.scalar(select(others))))


def wish(subscription: Subscription, about: About, pressed: str) -> dict[str, Any]:
    """Return the values to save for a pressed button.

    Less of a topic that is followed beside others ends following it; less of any other leaves it out.

    :raises InvalidInput: no button of this page.
    """
    muted = set(subscription.excluded_source_ids)
    if pressed == "mute":
        return {"excluded_sources": sorted(muted | {about.article.source_id})}
    if pressed == "unmute":
        return {"excluded_sources": sorted(muted - {about.article.source_id})}
    verb, _dash, topic_id = pressed.partition("-")
    found = next((one for one in about.topics if str(one.topic.id) == topic_id), None)
    if found is None or verb not in {"more", "less"}:
        raise InvalidInput(_("This page was not complete. Reload it and try again."), field="form")
    return _more(subscription, found) if verb == "more" else _less(subscription, found)


def _topic(topic: Topic, subscription: Subscription) -> AboutTopic:
    followed, excluded = topic.id in subscription.topic_ids, topic.id in subscription.excluded_topic_ids
    # Who gets everything would get nothing else by following one.
    more = excluded or (bool(subscription.topic_ids) and not followed)
    return AboutTopic(topic, followed, excluded, more=more, less=not excluded)


def _more(subscription: Subscription, one: AboutTopic) -> dict[str, Any]:
    if not subscription.topic_ids:
        return {"excluded_topics": [key for key in subscription.excluded_topic_ids if key != one.topic.id]}
    return {"topics": sorted({*subscription.topic_ids, one.topic.id})}


def _less(subscription: Subscription, one: AboutTopic) -> dict[str, Any]:
    left = [key for key in subscription.topic_ids if key != one.topic.id]
    if one.followed and left:
        return {"topics": left}
    return {"topics": left, "excluded_topics": sorted({*subscription.excluded_topic_ids, one.topic.id})}
