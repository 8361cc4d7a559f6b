"""What there is to read: sources, articles, their topics, and the mapping from feed categories."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Identity,
    Index,
    Sequence,
    UniqueConstraint,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Model
from service.newsletters.models import Topic

#: Drawn by the settler only, under its advisory lock, so that it grows in commit order (docs/adr/0003).
ELIGIBLE_SEQ = Sequence("eligible_seq", data_type=BigInteger, metadata=Model.metadata)


class Source(Model):
    """A feed that is polled, with the health of its latest polls."""

    __tablename__ = "sources"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"), index=True)
    name: Mapped[str]
    url: Mapped[str]
    #: Articles without a mapped category get this topic, if one is set.
    default_topic_id: Mapped[int | None] = mapped_column(ForeignKey("topics.id"))
    poll_minutes: Mapped[int] = mapped_column(default=15)
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    next_poll_at: Mapped[datetime] = mapped_column(index=True)
    #: Held by the worker that polls; a killed worker's lease runs out.
    lease_until: Mapped[datetime | None]
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    last_polled_at: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]
    #: A sentence for the operator; None while all is well.
    last_error: Mapped[str | None]
    failures: Mapped[int] = mapped_column(default=0)

    __table_args__ = (UniqueConstraint("newsletter_id", "url"),)


class SourcePoll(Model):
    """One look at a feed and what came of it; kept for two weeks."""

    __tablename__ = "source_polls"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    #: Articles that it brought, and those that it corrected.
    new: Mapped[int]
    changed: Mapped[int]
    #: A sentence for the operator; None where it could be read.
    error: Mapped[str | None]

    __table_args__ = (Index("ix_source_polls_source", "source_id", "id"), Index("ix_source_polls_at", "at"))


class Article(Model):
    """One piece to read. Text is sanitised on the way in; pages and mails escape it again."""

    __tablename__ = "articles"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))
    source: Mapped[Source] = relationship()
    guid: Mapped[str]
    url: Mapped[str]
    #: Without tracking parameters and fragments: one story, one row.
    canonical_url: Mapped[str]
    title: Mapped[str]
    #: nh3-cleaned HTML, for pages.
    summary_html: Mapped[str] = mapped_column(default="")
    #: Plain text, for mails.
    summary: Mapped[str] = mapped_column(default="")
    author: Mapped[str | None]
    image_url: Mapped[str | None]
    image_alt: Mapped[str] = mapped_column(default="")
    #: In pixels, as the feed says, which most do not, or as it was found to be.
    image_width: Mapped[int | None]
    image_height: Mapped[int | None]
    #: When its picture is to be looked at (`looking`); until then mails do without.
    picture_due_at: Mapped[datetime | None]
    picture_tries: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    picture_seen_at: Mapped[datetime | None]
    #: A sentence for the operator: why mails do without the picture; empty where they do not.
    picture_problem: Mapped[str] = mapped_column(default="", server_default="")
    language: Mapped[str | None]
    #: In the spelling that came first; `CategoryMapping.category` has the same one and leads to the topic.
    categories: Mapped[list[str]]
    #: What the feed says; a future moment is an embargo. Absurd or missing: the moment of fetching.
    published_at: Mapped[datetime]
    fetched_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    #: The smallest id among its near duplicates, itself included; None while it stands alone.
    story_id: Mapped[int | None]
    #: Waits to be compared with its neighbours: new, or corrected since.
    story_due: Mapped[bool] = mapped_column(default=True, server_default="true")
    #: Taken back by an operator or the source: in no digest from now on.
    withdrawn_at: Mapped[datetime | None]
    #: Since when no mail that waits holds it any more; None while there may be one.
    pulled_at: Mapped[datetime | None]

    @hybrid_property
    def has_picture(self) -> bool:
        """Whether there is a picture that mails and pages may show."""
        return self.image_url is not None and self.picture_due_at is None and not self.picture_problem

    @has_picture.inplace.expression
    @classmethod
    def _has_picture(cls) -> ColumnElement[bool]:
        return cls.image_url.is_not(None) & cls.picture_due_at.is_(None) & (cls.picture_problem == "")

    @property
    def picture_url(self) -> str | None:
        """The picture's address, if it may be shown."""
        return self.image_url if self.has_picture else None

    __table_args__ = (
        UniqueConstraint("source_id", "guid"),
        UniqueConstraint("newsletter_id", "canonical_url"),
        Index("ix_articles_published", "newsletter_id", "published_at"),
        # What each source brought and when, without reading the articles themselves.
        Index("ix_articles_brought", "source_id", "published_at"),
        Index("ix_articles_categories", "categories", postgresql_using="gin"),
        Index("ix_articles_withdrawn", "withdrawn_at", postgresql_where=text("withdrawn_at IS NOT NULL")),
        Index("ix_articles_story", "story_id", postgresql_where=text("story_id IS NOT NULL")),
        Index(
            "ix_articles_picture_due", "picture_due_at", postgresql_where=text("picture_due_at IS NOT NULL")
        ),
        Index("ix_articles_story_due", "newsletter_id", "id", postgresql_where=text("story_due")),
    )


class StorySignature(Model):
    """By what later articles find one that was compared (docs/adr/0016)."""

    __tablename__ = "story_signatures"

    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True)
    newsletter_id: Mapped[int]
    #: MinHash bands and the title's hash: two articles that share one are worth comparing.
    bands: Mapped[list[int]]
    #: Equal for equal texts.
    text_key: Mapped[int]

    __table_args__ = (Index("ix_story_signatures_text", "newsletter_id", "text_key"),)


class StoryDecisionKind(StrEnum):
    """What an operator may say about which articles tell one story."""

    SPLIT = "split"
    MERGE = "merge"


class StoryDecision(Model):
    """Two groups of articles that a person took apart, or put together; folding keeps to it for ever."""

    __tablename__ = "story_decisions"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"), index=True)
    kind: Mapped[StoryDecisionKind]
    #: The articles that left, or those of the one story.
    article_ids: Mapped[list[int]]
    #: The articles that stayed, or those of the other.
    other_ids: Mapped[list[int]]
    reason: Mapped[str]
    made_by: Mapped[str]
    made_at: Mapped[datetime]


class ArticleTopic(Model):
    """An article in a topic's pool; it counts for digests once the settler gave it an `eligible_seq`."""

    __tablename__ = "article_topics"

    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True)
    article: Mapped[Article] = relationship()
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), primary_key=True)
    topic: Mapped[Topic] = relationship()
    mapped_at: Mapped[datetime]
    #: Monotonic in commit order; None while the article rests.
    eligible_seq: Mapped[int | None]
    settled_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_article_topics_pool", "topic_id", "eligible_seq"),
        Index(
            "ix_article_topics_waiting",
            "article_id",
            postgresql_where=text("eligible_seq IS NULL"),
        ),
    )


class CategoryMapping(Model):
    """A raw feed category and the topic it stands for; without one it waits for an operator."""

    __tablename__ = "category_mappings"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    #: Case-folded, white space collapsed.
    category_key: Mapped[str]
    #: As first seen, for people.
    category: Mapped[str]
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topics.id"))
    topic: Mapped[Topic | None] = relationship(foreign_keys=[topic_id])
    #: An operator said that this one means nothing; it leaves the list of unmapped ones.
    ignored: Mapped[bool] = mapped_column(default=False)
    first_seen_at: Mapped[datetime]
    #: Of the latest decision: equal for what was decided together, which is undone together. None before
    #: the first one, and after one that was undone.
    decided_at: Mapped[datetime | None]
    #: "operator 3"
    decided_by: Mapped[str | None]
    #: What it meant before that.
    was_topic_id: Mapped[int | None] = mapped_column(ForeignKey("topics.id"))
    was_ignored: Mapped[bool] = mapped_column(default=False, server_default="false")

    __table_args__ = (UniqueConstraint("newsletter_id", "category_key"),)
