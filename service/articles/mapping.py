"""From raw feed categories to topics, by the operators' table; no category becomes a topic by itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, delete, exists, func, literal, select
from sqlalchemy.dialects.postgresql import array, insert
from sqlalchemy.orm import Session

from service.articles.fields import category_key
from service.articles.locking import lock_newsletter
from service.articles.models import Article, ArticleTopic, CategoryMapping, Source
from service.db import UtcDateTime
from service.errors import InvalidInput, NotFound
from service.newsletters.models import Topic


@dataclass(frozen=True, slots=True)
class Categories:
    """The mapping rows of one newsletter, as an ingest needs them."""

    by_key: dict[str, CategoryMapping]

    def spelled(self, names: Iterable[str]) -> list[str]:
        """Return the categories in the spelling that came first, which is how articles keep them."""
        return [self.by_key[category_key(name)].category for name in names]

    def topics(self, names: Iterable[str], *, default: int | None) -> list[int]:
        """Return the topics of these categories; the default one when none of them is mapped."""
        rows = [self.by_key[category_key(name)] for name in names]
        found = sorted({row.topic_id for row in rows if row.topic_id is not None})
        return found or ([] if default is None else [default])


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A category that waits for an operator, and how many articles carry it."""

    mapping_id: int
    category: str
    articles: int
    first_seen_at: datetime


def learn_categories(
    session: Session, newsletter_id: int, names: Iterable[str], *, now: datetime
) -> Categories:
    """Return the mapping rows of these categories; one never seen before becomes an unmapped row."""
    lock_newsletter(session, newsletter_id)
    spellings: dict[str, str] = {}
    for name in names:
        spellings.setdefault(category_key(name), name)
    if spellings:
        session.execute(
            insert(CategoryMapping).on_conflict_do_nothing(),
            [
                {
                    "newsletter_id": newsletter_id,
                    "category_key": key,
                    "category": name,
                    "first_seen_at": now,
                }
                for key, name in sorted(spellings.items())
            ],
        )
    rows = session.scalars(
        select(CategoryMapping).where(
            CategoryMapping.newsletter_id == newsletter_id,
            CategoryMapping.category_key.in_(spellings),
        )
    )
    return Categories({row.category_key: row for row in rows})


def add_topics(session: Session, topics: Mapping[int, Iterable[int]], *, now: datetime) -> None:
    """Put articles (by id) into the pools of topics, where the settler finds them; twice is once."""
    rows = [
        {"article_id": article_id, "topic_id": topic_id, "mapped_at": now}
        for article_id, topic_ids in sorted(topics.items())
        for topic_id in topic_ids
    ]
    if rows:
        session.execute(insert(ArticleTopic).on_conflict_do_nothing(), rows)


def map_category(
    session: Session, mapping_id: int, topic_id: int | None, ignored: bool, *, now: datetime
) -> int:
    """Say what a category means, for past articles too; return how many of those gained the topic.

    An article that comes into a topic late gets a new, later `eligible_seq` there, so that it is news to
    readers of that topic. It leaves the topic that the category meant before, unless something else
    (another category, its feed's default topic) puts it there as well.
    """
    newsletter_id = session.scalar(
        select(CategoryMapping.newsletter_id).where(CategoryMapping.id == mapping_id)
    )
    if newsletter_id is None:
        raise NotFound("There is no such category.")
    # A feed that is being stored has read what its categories meant before, and shows its articles later.
    lock_newsletter(session, newsletter_id)
    row = session.get_one(CategoryMapping, mapping_id, with_for_update=True)
    if topic_id is not None:
        topic = session.get(Topic, topic_id)
        if topic is None or topic.newsletter_id != row.newsletter_id:
            raise InvalidInput("Choose a topic of this newsletter.", field="topic_id")
    before, row.topic_id = row.topic_id, topic_id
    row.ignored = ignored and topic_id is None
    session.flush()
    if before is not None and before != topic_id:
        _leave_topic(session, row, before)
    return 0 if topic_id is None else _enter_topic(session, row, topic_id, now=now)


def unmapped(session: Session, newsletter_id: int) -> list[Unmapped]:
    """Return the categories that wait for an operator, those with most articles first."""
    articles = func.count(Article.id)
    rows = session.execute(
        select(
            CategoryMapping.id,
            CategoryMapping.category,
            articles,
            CategoryMapping.first_seen_at,
        )
        .outerjoin(
            Article,
            and_(
                Article.newsletter_id == CategoryMapping.newsletter_id,
                Article.categories.contains(array([CategoryMapping.category])),
            ),
        )
        .where(
            CategoryMapping.newsletter_id == newsletter_id,
            CategoryMapping.topic_id.is_(None),
            CategoryMapping.ignored.is_(False),
        )
        .group_by(CategoryMapping.id)
        .order_by(articles.desc(), CategoryMapping.category)
    )
    return [Unmapped(*row) for row in rows]


def list_mapped(session: Session, newsletter_id: int) -> list[CategoryMapping]:
    """Return the categories that lead to a topic or are ignored, in alphabetical order."""
    return list(
        session.scalars(
            select(CategoryMapping)
            .where(
                CategoryMapping.newsletter_id == newsletter_id,
                CategoryMapping.topic_id.is_not(None) | CategoryMapping.ignored,
            )
            .order_by(CategoryMapping.category_key)
        )
    )


def _carriers(mapping: CategoryMapping) -> Select[int]:
    return select(Article.id).where(
        Article.newsletter_id == mapping.newsletter_id,
        Article.categories.contains([mapping.category]),
    )


def _enter_topic(session: Session, mapping: CategoryMapping, topic_id: int, *, now: datetime) -> int:
    articles = _carriers(mapping).subquery()
    result = session.execute(
        insert(ArticleTopic)
        .from_select(
            ["article_id", "topic_id", "mapped_at"],
            select(articles.c.id, literal(topic_id), literal(now, UtcDateTime)),
        )
        .on_conflict_do_nothing()
        .returning(ArticleTopic.article_id)
    )
    return len(result.all())


def _leave_topic(session: Session, mapping: CategoryMapping, topic_id: int) -> None:
    other = exists().where(
        CategoryMapping.newsletter_id == mapping.newsletter_id,
        CategoryMapping.topic_id == topic_id,
        CategoryMapping.category == func.any(Article.categories),
    )
    by_feed = exists().where(Source.id == Article.source_id, Source.default_topic_id == topic_id)
    leaving = session.scalars(_carriers(mapping).where(~other, ~by_feed)).all()
    session.execute(
        delete(ArticleTopic)
        .where(ArticleTopic.topic_id == topic_id, ArticleTopic.article_id.in_(leaving))
        .execution_options(synchronize_session=False)
    )
