"""Editions as the public sees them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Model
from service.newsletters.models import Rhythm


class PublicEdition(Model):
    """What a reader of all topics would have got: chosen once, when the edition came out (docs/adr/0022).

    Names articles and says why each is there; their words are read when the page is.
    """

    __tablename__ = "public_editions"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    rhythm: Mapped[Rhythm]
    #: As an edition's: "2026-11-24", "2026-W48", "2026-11". Of the daily and the weekday edition of one day
    #: there is one page.
    period: Mapped[str]
    #: In the newsletter's own zone.
    day: Mapped[date]
    #: The newsletter's own hour of that day.
    slot_at: Mapped[datetime]
    published_at: Mapped[datetime]
    #: What lies above it is new to the next edition of this rhythm.
    cutoff_seq: Mapped[int]
    #: In reading order.
    article_ids: Mapped[list[int]]
    #: {"sections": [{"key", "items": [{"article_id", "topic_id"}]}]}; their words are the page's.
    content: Mapped[dict[str, Any]]

    __table_args__ = (
        UniqueConstraint("newsletter_id", "period"),
        Index("ix_public_editions_slot", "newsletter_id", "slot_at", "id"),
    )
