"""Signals in hourly buckets, raw clicks for a month, and the score made of them."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Model


class Signal(StrEnum):
    """What readers did; each is compared with what an average article would have got."""

    DIGEST_CLICK = "digest_click"
    PAGE_VIEW = "page_view"
    SHARE = "share"


class Verdict(StrEnum):
    """What the filter made of a click; raw rows are kept 30 days so that it can judge again."""

    HUMAN = "human"
    SCANNER = "scanner"
    REPEAT = "repeat"


class Click(Model):
    """One followed link. Knows the place in the mail, never the reader (DESIGN 6)."""

    __tablename__ = "clicks"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime]
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"))
    mailing_id: Mapped[int]
    slot: Mapped[int]
    variant: Mapped[int] = mapped_column(default=0)
    #: SHA-256 over the day's salt, address and user agent: tells doubles, not people.
    visitor: Mapped[bytes]
    verdict: Mapped[Verdict]

    __table_args__ = (
        Index("ix_clicks_at", "at"),
        Index("ix_clicks_visitor", "visitor", "at"),
    )


class SiteEvent(Model):
    """One page view or share that the publisher's site reported. Kept 30 days, to be judged again."""

    __tablename__ = "site_events"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime]
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"))
    signal: Mapped[Signal]
    #: As for clicks: salted by the day.
    visitor: Mapped[bytes]
    #: The same over the network (/24 or /64): one of them may not carry an article by itself.
    network: Mapped[bytes]
    #: As it was sent; the filter reads it again.
    user_agent: Mapped[str]
    verdict: Mapped[Verdict]

    __table_args__ = (
        Index("ix_site_events_at", "at"),
        Index("ix_site_events_visitor", "visitor", "at"),
    )


class DailySalt(Model):
    """The salt of one UTC day's visitor hashes; deleted after two days, which makes them unlinkable."""

    __tablename__ = "daily_salts"

    day: Mapped[date] = mapped_column(primary_key=True)
    salt: Mapped[bytes]


class SignalBucket(Model):
    """Counts of one article, signal, slot and hour: what happened, and how often it was shown."""

    __tablename__ = "signal_buckets"

    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True)
    signal: Mapped[Signal] = mapped_column(primary_key=True)
    #: 1-based place in the mail; 0 where a signal has no places.
    slot: Mapped[int] = mapped_column(primary_key=True)
    #: Start of the UTC hour.
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    observed: Mapped[int] = mapped_column(default=0)
    #: Delivered mails that carried the article in this slot.
    shown: Mapped[int] = mapped_column(default=0)

    __table_args__ = (Index("ix_signal_buckets_hour", "hour"),)


class ArticleScore(Model):
    """The latest log-lift of an article, with its error bar and the sentence that explains it."""

    __tablename__ = "article_scores"

    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True)
    score: Mapped[float]
    sd: Mapped[float]
    #: Sum of observed counts; the label "Popular" needs a few.
    observed: Mapped[int]
    explanation: Mapped[str]
    computed_at: Mapped[datetime]
