"""A newsletter with articles, and small ways to look at what planning has made of it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles.models import Article, ArticleTopic
from service.delivery.models import Message, MessageState
from service.links import Links
from service.newsletters.models import Newsletter, Topic
from service.recipes.models import Recipe
from service.subscribers.models import Subscription
from service.tokens import Tokens
from tests.factories import make_article, make_newsletter, make_source, make_subscription

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LINKS = Links("https://courier.example", Tokens(("a key for tests",)))


def make_due(session: Session, newsletter: Newsletter, **values: object) -> Subscription:
    """A reader whose weekly digest (Tuesday, 09:00) is due now."""
    return make_subscription(session, newsletter, **{"next_due_at": NOW, "weekday": 2, "hour": 9, **values})


def make_stories(
    session: Session, newsletter: Newsletter, *, count: int, first_seq: int = 1, topic: Topic | None = None
) -> list[Article]:
    """So many settled articles, spread over the topics unless one is named, numbered from `first_seq`."""
    source = make_source(session, newsletter)
    topics = [topic] if topic else newsletter.topics
    return [
        make_article(
            session,
            source,
            topics[n % len(topics)],
            seq=first_seq + n,
            published_at=NOW - timedelta(hours=count - n),
        )
        for n in range(count)
    ]


def make_world(session: Session, *, stories: int = 6, **values: object) -> Newsletter:
    newsletter = make_newsletter(session, **values)
    make_stories(session, newsletter, count=stories)
    return newsletter


def messages(session: Session) -> list[Message]:
    return list(session.scalars(select(Message).order_by(Message.id)))


def articles_of(session: Session, subscription: Subscription) -> list[list[int]]:
    """The article ids of each digest that was planned for a reader, oldest first."""
    rows = session.execute(
        select(Message, Recipe)
        .join(Recipe, Recipe.id == Message.recipe_id)
        .where(
            Message.subscription_id == subscription.id,
            Message.state.in_([MessageState.PLANNED, MessageState.SENT]),
        )
        .order_by(Message.created_at, Message.id)
    )
    return [recipe.article_ids for _, recipe in rows]


def settle(session: Session, article: Article, topic: Topic, *, seq: int) -> None:
    """Map an article to one more topic and let it settle there."""
    session.add(
        ArticleTopic(
            article_id=article.id, topic_id=topic.id, mapped_at=NOW, eligible_seq=seq, settled_at=NOW
        )
    )
    session.flush()
