"""Editions, which people speak of, and the runs that plan them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Model
from service.newsletters.models import Newsletter, Rhythm


class Edition(Model):
    """One period of one rhythm of one newsletter: "The Courier, weekly, 2026-W48". Has one mailing."""

    __tablename__ = "editions"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    newsletter: Mapped[Newsletter] = relationship()
    rhythm: Mapped[Rhythm]
    #: "2026-11-24" (daily, first), "2026-W48" (weekly, ISO), "2026-11" (monthly); local to the reader.
    period: Mapped[str]
    mailing_id: Mapped[int] = mapped_column(unique=True)
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("newsletter_id", "rhythm", "period"),)


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

    __table_args__ = (UniqueConstraint("edition_id", "slot_at"),)
