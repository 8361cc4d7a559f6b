"""Editions, which people speak of, the runs that plan them, and what editors want in them."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.articles.models import Article
from service.db import Model
from service.newsletters.models import Newsletter, Rhythm, Topic


class CurationKind(StrEnum):
    """What editors may want of a story: in every digest, higher or lower, or in none."""

    PIN = "pin"
    BOOST = "boost"
    EXCLUDE = "exclude"


class Edition(Model):
    """One period of one rhythm of one newsletter: "The Courier, weekly, 2026-W48". Has one mailing."""

    __tablename__ = "editions"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    newsletter: Mapped[Newsletter] = relationship()
    rhythm: Mapped[Rhythm]
    #: "2026-11-24" (daily, weekdays, enough, first), "2026-W48" (weekly, ISO), "2026-11-23+14" (two weeks
    #: from that Monday), "2026-11" (monthly); local to the reader.
    period: Mapped[str]
    mailing_id: Mapped[int] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    #: Until then it waits for an operator's approval; None for one that never had to.
    review_until: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("newsletter_id", "rhythm", "period"),
        Index("ix_editions_review", "review_until", postgresql_where=text("review_until IS NOT NULL")),
    )


class Run(Model):
    """One planning pass of an edition for one UTC slot, with its own cut-off."""

    __tablename__ = "runs"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("editions.id"))
    edition: Mapped[Edition] = relationship()
    slot_at: Mapped[datetime]
    #: Largest eligible_seq that this run may use; read once, when the run is made.
    cutoff_seq: Mapped[int]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    #: Readers for whom too little waited yet: the rhythm "enough" looks every day, and a row for each look
    #: would be most of the ledger.
    waiting: Mapped[int] = mapped_column(default=0, server_default=text("0"))

    __table_args__ = (UniqueConstraint("edition_id", "slot_at"),)


class Curation(Model):
    """What an editor wants of a story, with the reason; it ends by itself, and stays as a record."""

    __tablename__ = "curations"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), index=True)
    article: Mapped[Article] = relationship()
    #: Holds for readers of this topic only; None holds for every reader.
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topics.id"))
    topic: Mapped[Topic | None] = relationship()
    kind: Mapped[CurationKind]
    #: Added to the log-lift; 0 for pins and exclusions.
    boost: Mapped[float] = mapped_column(default=0.0)
    reason: Mapped[str]
    #: "operator 3"
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    #: Before its time, by an operator.
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("(kind = 'boost') = (boost <> 0)", name="boost"),
        Index("ix_curations_in_force", "newsletter_id", "expires_at"),
    )


class SlotTally(Model):
    """Readers whose digest is due at one slot of the next fortnight: what the calendar adds up."""

    __tablename__ = "slot_tallies"

    newsletter_id: Mapped[int] = mapped_column(
        ForeignKey("newsletters.id", ondelete="CASCADE"), primary_key=True
    )
    rhythm: Mapped[Rhythm] = mapped_column(primary_key=True)
    #: The readers' own day, which names the edition.
    day: Mapped[date] = mapped_column(primary_key=True)
    slot_at: Mapped[datetime] = mapped_column(primary_key=True)
    readers: Mapped[int]
    counted_at: Mapped[datetime]


class ReaderTally(Model):
    """Active readers of one rhythm: of a newsletter, or of those who chose one of its topics."""

    __tablename__ = "reader_tallies"

    newsletter_id: Mapped[int] = mapped_column(
        ForeignKey("newsletters.id", ondelete="CASCADE"), primary_key=True
    )
    #: EVERYWHERE for the whole newsletter.
    topic_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rhythm: Mapped[Rhythm] = mapped_column(primary_key=True)
    readers: Mapped[int]
    counted_at: Mapped[datetime]
