"""One message to many: the blast, its audience and how far its fan-out has come."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Model
from service.newsletters.models import Newsletter


class BlastState(StrEnum):
    """draft -> sending <-> paused -> sent, or cancelled from any but sent."""

    DRAFT = "draft"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"


class Segment(Model):
    """A named audience, evaluated when it is used and frozen as ledger rows."""

    __tablename__ = "segments"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    name: Mapped[str]
    definition: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("newsletter_id", "name"),)


class Blast(Model):
    """An operator's message. Only readers who consented to announcements are ever in its audience."""

    __tablename__ = "blasts"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    newsletter: Mapped[Newsletter] = relationship()
    subject: Mapped[str] = mapped_column(default="")
    #: Visible first line of the mail, which the inbox shows after the subject.
    preheader: Mapped[str] = mapped_column(default="", server_default="")
    #: The opening text.
    body_markdown: Mapped[str] = mapped_column(default="")
    #: What follows it, as `blocks` reads and writes it.
    blocks: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    #: Grows with every change: who saves what was opened before another's change is told.
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    #: Empty means everybody who consented; otherwise readers of any of these topics.
    topic_ids: Mapped[list[int]]
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("segments.id"))
    #: Whether it has a public page once it is sent.
    in_archive: Mapped[bool] = mapped_column(default=True, server_default="true")
    state: Mapped[BlastState]
    #: Set when sending starts.
    mailing_id: Mapped[int | None] = mapped_column(unique=True)
    recipe_id: Mapped[int | None]
    #: The count the operator saw and confirmed.
    confirmed_count: Mapped[int | None]
    #: Up to this subscription id the ledger rows exist; None once the fan-out is complete or not begun.
    fan_out_after: Mapped[int | None]
    #: Largest subscription id of the audience as frozen at the start.
    fan_out_until: Mapped[int | None]
    created_by: Mapped[int]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "ix_blasts_archive",
            "newsletter_id",
            "started_at",
            "id",
            postgresql_where=text("in_archive AND state = 'sent'"),
        ),
    )
