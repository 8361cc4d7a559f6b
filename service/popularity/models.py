"""Signals in hourly buckets, raw clicks and looks for a month, and the score made of them."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Model


class Signal(StrEnum):
    """What readers did; each is compared with what an average article would have got."""

    DIGEST_CLICK = "digest_click"
    #: In the popular list that a publisher's pages carry.
    WIDGET_CLICK = "widget_click"
    PAGE_VIEW = "page_view"
    SHARE = "share"


class Verdict(StrEnum):
    """What the filter made of a click; raw rows are kept 30 days so that it can judge again."""

    HUMAN = "human"
    SCANNER = "scanner"
    REPEAT = "repeat"


class Click(Model):
    """One followed link. Knows the place in the mail; who followed it only of those who asked for that."""

    __tablename__ = "clicks"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime]
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"))
    mailing_id: Mapped[int]
    slot: Mapped[int]
    variant: Mapped[int] = mapped_column(default=0)
    #: SHA-256 over the day's salt, address and user agent: tells doubles, not people.
    visitor: Mapped[bytes]
    #: The same over the network (/24 or /64) and user agent: a mail gateway scans from several addresses.
    gateway: Mapped[bytes | None]
    #: As it was sent; the filter reads it again.
    user_agent: Mapped[str | None]
    #: Of a reader who asked to be recognised, until that is taken back: then nothing leads to the reader.
    reader: Mapped[bytes | None]
    verdict: Mapped[Verdict]

    __table_args__ = (
        Index("ix_clicks_at", "at"),
        Index("ix_clicks_visitor", "visitor", "at"),
        Index("ix_clicks_article", "article_id"),
        Index("ix_clicks_reader", "reader", postgresql_where=text("reader IS NOT NULL")),
    )


class Trapped(Model):
    """Who followed the link of a mail that no person sees (docs/adr/0025)."""

    __tablename__ = "trapped"

    mailing_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: As for clicks.
    visitor: Mapped[bytes] = mapped_column(primary_key=True)
    gateway: Mapped[bytes]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime] = mapped_column(index=True)


class SiteEvent(Model):
    """One page view, share or click in a list on the publisher's site. Kept 30 days, to be judged again."""

    __tablename__ = "site_events"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime]
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"))
    signal: Mapped[Signal]
    #: The place in the list of a click there, from 1; else 0.
    slot: Mapped[int] = mapped_column(default=0, server_default="0")
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
        Index("ix_site_events_article", "article_id"),
    )


class WidgetView(Model):
    """A popular list that came into a visitor's sight, with the articles that did. Kept 30 days."""

    __tablename__ = "widget_views"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime]
    article_ids: Mapped[list[int]]
    #: Their places in the list, in the same order.
    slots: Mapped[list[int]]
    #: As for site events.
    visitor: Mapped[bytes]
    network: Mapped[bytes]
    user_agent: Mapped[str]
    verdict: Mapped[Verdict]

    __table_args__ = (
        Index("ix_widget_views_at", "at"),
        Index("ix_widget_views_visitor", "visitor", "at"),
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
    #: 1-based place in the mail or list; 0 where a signal has no places.
    slot: Mapped[int] = mapped_column(primary_key=True)
    #: Start of the UTC hour.
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    observed: Mapped[int] = mapped_column(default=0)
    #: Delivered mails that carried the article in this slot, or visitors who saw it in this place of a list.
    shown: Mapped[int] = mapped_column(default=0)
    #: What another system counted; it stands, whatever was counted here.
    imported: Mapped[int | None]

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
