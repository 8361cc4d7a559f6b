"""One message to many: the blast, its audience, its time, and how far its fan-out has come."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Model
from service.newsletters.models import Newsletter


class BlastState(StrEnum):
    """draft -> (awaiting ->) scheduled -> sending <-> paused -> sent; lifecycle.MOVES has every way."""

    DRAFT = "draft"
    #: Confirmed by one sender; another one has to approve it.
    AWAITING = "awaiting"
    #: Waits for its time, at least the minute in which it can be taken back.
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"
    #: Could not begin before its latest time, or as it was confirmed, and will not.
    EXPIRED = "expired"


class Segment(Model):
    """A named audience, evaluated when it is used and frozen as ledger rows."""

    __tablename__ = "segments"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    name: Mapped[str]
    definition: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]

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
    #: What narrows the audience further, as `Criteria` writes it.
    audience: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    #: The segment that the audience was taken from; a later change of the segment does not reach it.
    segment_id: Mapped[int | None] = mapped_column(ForeignKey("segments.id"))
    #: Whether it has a public page once it is sent.
    in_archive: Mapped[bool] = mapped_column(default=True, server_default="true")
    #: The other subject of a comparison; empty without one.
    subject_b: Mapped[str] = mapped_column(default="", server_default="")
    #: When and in which parts it shall go, as `Plan` writes it.
    plan: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    state: Mapped[BlastState]
    #: When the first mail may leave: never before this instant.
    send_at: Mapped[datetime | None]
    #: When a sender confirmed it: who asks for announcements later is not in the audience.
    scheduled_at: Mapped[datetime | None]
    #: The operators who confirmed and, where two are needed, approved it.
    requested_by: Mapped[int | None]
    approved_by: Mapped[int | None]
    #: With a first part: until when the rest waits at least, and when it was let go.
    held_until: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    #: The variant whose subject the rest gets: 0 for `subject`, 1 for `subject_b`.
    winner: Mapped[int | None]
    #: Whether bounces and complaints stop it; not any more once an operator went on after such a stop.
    watched: Mapped[bool] = mapped_column(default=True, server_default="true")
    #: Why it was stopped or expired, in a sentence; empty when an operator did it.
    ended_because: Mapped[str] = mapped_column(default="", server_default="")
    #: Put away from the list; nothing else changes.
    archived_at: Mapped[datetime | None]
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
        Index("ix_blasts_waiting", "send_at", postgresql_where=text("state IN ('awaiting', 'scheduled')")),
    )


class BlastRules(Model):
    """What holds for sending every blast; one row at most, and the defaults hold without it."""

    __tablename__ = "blast_rules"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    #: Above so many readers the number is typed.
    typed_above: Mapped[int] = mapped_column(default=10_000)
    #: Above so many readers a second sender approves; None never asks for one.
    second_person_above: Mapped[int | None]
    #: Who got a blast within so many hours, or is to get one, is skipped; 0 skips nobody.
    cap_hours: Mapped[int] = mapped_column(default=0)
    #: More than these shares of what was sent pause a blast, and keep the rest back.
    error_percent: Mapped[float] = mapped_column(default=5.0)
    bounce_percent: Mapped[float] = mapped_column(default=3.0)
    complaint_percent: Mapped[float] = mapped_column(default=0.1)
    undo_seconds: Mapped[int] = mapped_column(default=60, server_default="60")

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)


class BlastLink(Model):
    """Where a counted link of a blast leads to: looked up, never read from the address."""

    __tablename__ = "blast_links"

    mailing_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: In the order of the text, from 1.
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    url: Mapped[str]


class BlastClick(Model):
    """One followed link of a blast. Knows the variant of the mail, and nothing of who followed it."""

    __tablename__ = "blast_clicks"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    mailing_id: Mapped[int]
    number: Mapped[int]
    variant: Mapped[int]
    at: Mapped[datetime]
    #: SHA-256 over the day's salt, address and user agent: tells doubles, not people.
    visitor: Mapped[bytes]
    #: A `Verdict` at first sight; bursts are told when it is counted.
    verdict: Mapped[str]

    __table_args__ = (Index("ix_blast_clicks_mailing_id_visitor", "mailing_id", "visitor"),)
