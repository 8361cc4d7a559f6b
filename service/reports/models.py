"""Counts that pages read: filled by a task from what they count, and filled again without harm."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Model


class ClickTally(Model):
    """What followed one place of one mailing on one day (UTC). Outlives the raw clicks."""

    __tablename__ = "click_tallies"

    mailing_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    variant: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    people: Mapped[int]
    #: The same people again; they are not counted twice.
    repeats: Mapped[int]
    #: Scanners, previews and whatever else is no person.
    machines: Mapped[int]

    __table_args__ = (
        Index("ix_click_tallies_day", "day"),
        Index("ix_click_tallies_article", "article_id"),
    )


class MailingResult(Model):
    """What came of one mailing, beside the ledger's own account of it."""

    __tablename__ = "mailing_results"

    mailing_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    people: Mapped[int]
    repeats: Mapped[int]
    machines: Mapped[int]
    #: By the links in its mails.
    unsubscribed: Mapped[int]
    complaints: Mapped[int]
    hard_bounces: Mapped[int]
    soft_bounces: Mapped[int]
    #: Of the bounces, those of mails that the relay had accepted first.
    returned: Mapped[int]
    counted_at: Mapped[datetime]


class TopicTally(Model):
    """What followed the articles of one topic on one day (UTC); an article of two counts in both."""

    __tablename__ = "topic_tallies"

    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    people: Mapped[int]
    machines: Mapped[int]


class DailyTally(Model):
    """One newsletter's day (UTC): who came and left, what went out, what came of it."""

    __tablename__ = "daily_tallies"

    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    #: Active readers when the day was last counted.
    active: Mapped[int]
    joined: Mapped[int]
    #: Who left, by whatever way.
    lost: Mapped[int]
    sent: Mapped[int]
    people: Mapped[int]
    machines: Mapped[int]
    complaints: Mapped[int]
    bounces: Mapped[int]
    counted_at: Mapped[datetime]
