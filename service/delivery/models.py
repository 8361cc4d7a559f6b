"""The ledger: mailings, messages, attempts, events and suppressions. It never holds an address in clear."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Identity,
    Index,
    LargeBinary,
    Sequence,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Model
from service.delivery.breaker_models import Hold as Hold
from service.delivery.breaker_models import MailingBreaker as MailingBreaker
from service.delivery.breaker_models import Relay as Relay
from service.delivery.flow_models import DelayTally as DelayTally
from service.delivery.flow_models import OperatorLimit as OperatorLimit
from service.delivery.flow_models import TrafficTally as TrafficTally
from service.delivery.streams import Stream as Stream


class MailingState(StrEnum):
    """SCHEDULED waits, SENDING is claimed from, PAUSED holds, STOPPED never goes on, FINISHED adds up."""

    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"


class MessageState(StrEnum):
    """The closed list of DESIGN 5. PENDING ones may still be sent; all others are final but `unknown`."""

    PLANNED = "planned"
    HELD = "held"
    CLAIMED = "claimed"
    SENDING = "sending"
    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


#: What the accounting identity calls pending.
PENDING = frozenset(
    {
        MessageState.PLANNED,
        MessageState.HELD,
        MessageState.CLAIMED,
        MessageState.SENDING,
        MessageState.DEFERRED,
    }
)

#: States of few rows, each kind with an index of its own for the console's lists.
_TROUBLE = "'held', 'deferred', 'failed', 'expired', 'unknown'"
_LEFT_OUT = "'skipped', 'cancelled'"

#: Ids of messages; a sequence of its own because the table is partitioned.
MESSAGE_ID = Sequence("message_id", data_type=BigInteger, metadata=Model.metadata, cache=64)


class Mailing(Model):
    """What an operator can pause, stop and count: an edition, a blast, a month of transactional mail."""

    __tablename__ = "mailings"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    stream: Mapped[Stream]
    #: Unique name of what it was made for: "edition 4", "blast 7", "transactional 2026-11".
    cause: Mapped[str] = mapped_column(unique=True)
    #: For people: "The Harbour Courier, weekly, 2026-W48".
    title: Mapped[str]
    #: The newsletter, as delivery sees it: the scope of a suppression. None for system mail.
    list_id: Mapped[int | None]
    state: Mapped[MailingState]
    #: True once every ledger row exists; "finished" needs it.
    planned: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    #: While it is paused: since when, by whom ("operator 3", "system"), and why, in a sentence.
    paused_at: Mapped[datetime | None]
    paused_by: Mapped[str | None]
    paused_reason: Mapped[str | None]

    __table_args__ = (
        Index(
            "ix_mailings_open",
            "id",
            postgresql_where=text("state <> 'finished' AND state <> 'stopped'"),
        ),
    )


class Message(Model):
    """One mail to one person: the row is the record of whether they got it.

    Partitioned by range of `mailing_id` (delivery/partitions.py), 256 mailings a partition.
    """

    __tablename__ = "messages"

    mailing_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[int] = mapped_column(MESSAGE_ID, server_default=MESSAGE_ID.next_value(), primary_key=True)
    #: Why it exists, once per mailing: "subscription 12", "confirm 12.3".
    dedupe_key: Mapped[str]
    stream: Mapped[Stream]
    #: Which letter: "digest", "blast", "confirm", "operator_invitation", ...; bootstrap's port composes it.
    kind: Mapped[str]
    subscriber_id: Mapped[int | None]
    subscription_id: Mapped[int | None]
    operator_id: Mapped[int | None]
    recipe_id: Mapped[int | None]
    variant: Mapped[int] = mapped_column(default=0)
    #: Small facts a transactional letter needs (ids, never an address).
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: The window of a digest; given back when the message is cancelled, expires or fails.
    from_seq: Mapped[int | None]
    to_seq: Mapped[int | None]
    #: When a cancelled, expired, failed or skipped digest gave its window back to the subscription.
    returned_at: Mapped[datetime | None]
    #: Random, opaque: the local part of the envelope sender names it (VERP).
    return_path_token: Mapped[str]
    #: Left part of the one stable Message-ID.
    message_id: Mapped[str]
    state: Mapped[MessageState]
    #: Why it was skipped, failed, deferred or cancelled; one of a small, stable set of words.
    reason: Mapped[str] = mapped_column(default="")
    #: Not before; back-off moves it.
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    #: How often composing it has killed the worker.
    crashes: Mapped[int] = mapped_column(SmallInteger, default=0, server_default=text("0"))
    #: The worker that holds it, and until when.
    owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    state_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

    __table_args__ = (
        # Every change of state writes an entry into each index that the row is in (docs/adr/0012): three for
        # all rows, and partial ones for the few rows that somebody looks for by their state.
        UniqueConstraint("mailing_id", "dedupe_key"),
        Index("ix_messages_subscriber", "subscriber_id"),
        # Within a mailing: the rows of a paused one, however many, stand in nobody's way. The id makes it an
        # order that a worker can go on in.
        Index(
            "ix_messages_due",
            "mailing_id",
            "due_at",
            "id",
            postgresql_where=text("state IN ('planned', 'deferred')"),
        ),
        # Few rows have an owner at any time: those in a window, and unknown ones. Not keyed by the owner: the
        # dead entries of a busy one would pile up under its name, and a statement that names rows *and* owner
        # would walk all of them.
        Index("ix_messages_held", "mailing_id", "id", postgresql_where=text("owner IS NOT NULL")),
        Index("ix_messages_trouble", "mailing_id", "id", postgresql_where=text(f"state IN ({_TROUBLE})")),
        Index("ix_messages_left_out", "mailing_id", "id", postgresql_where=text(f"state IN ({_LEFT_OUT})")),
        Index(
            "ix_messages_unreturned",
            "subscription_id",
            postgresql_where=text(
                "state IN ('failed', 'cancelled', 'expired', 'skipped') "
                "AND recipe_id IS NOT NULL AND to_seq IS NOT NULL AND returned_at IS NULL"
            ),
        ),
        {"postgresql_partition_by": "RANGE (mailing_id)"},
    )


class MailingTally(Model):
    """Changes of the counters per (mailing, state, reason, hour): summed on read, folded now and then.

    Written by a statement trigger on `messages`, so that the sum cannot drift from the rows; appended rather
    than updated, so that workers flushing the same mailing never wait for each other.
    """

    __tablename__ = "mailing_tallies"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    mailing_id: Mapped[int]
    state: Mapped[MessageState]
    reason: Mapped[str]
    #: The UTC hour in which the counted messages came into this state: "sent in the last 24 hours".
    hour: Mapped[datetime]
    n: Mapped[int]

    __table_args__ = (
        Index("ix_mailing_tallies_mailing", "mailing_id", "state", "reason"),
        Index("ix_mailing_tallies_hour", "hour"),
    )


class Attempt(Model):
    """One try to hand a message over, with the relay's own words; partitioned like `messages`."""

    __tablename__ = "attempts"

    mailing_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    message_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    relay: Mapped[str]
    #: Where it ended: connect, helo, mail, rcpt, data, dot.
    phase: Mapped[str]
    outcome: Mapped[MessageState]
    code: Mapped[int | None]
    enhanced_code: Mapped[str | None]
    reply: Mapped[str] = mapped_column(default="")

    __table_args__ = (
        # What went wrong when: the rows behind the console's errors. Of a million tries a few are in it.
        Index(
            "ix_attempts_trouble",
            "at",
            "mailing_id",
            "message_id",
            "number",
            postgresql_where=text("outcome <> 'sent'"),
        ),
        {"postgresql_partition_by": "RANGE (mailing_id)"},
    )


class Event(Model):
    """What came back later: a bounce, a complaint, a delivery report. Idempotent by `dedupe_key`."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    mailing_id: Mapped[int | None]
    message_id: Mapped[int | None]
    #: hard_bounce, soft_bounce, complaint, delivered
    kind: Mapped[str]
    at: Mapped[datetime]
    #: Which channel told us: dsn, arf, a provider's name.
    channel: Mapped[str]
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (
        Index("ix_events_message", "mailing_id", "message_id"),
        Index("ix_events_at", "at"),
    )


class Suppression(Model):
    """An address that must not be mailed, as a keyed hash; for one list, or for all when `list_id` is 0."""

    __tablename__ = "suppressions"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    #: HMAC-SHA-256 over the folded address: survives erasure, cannot be guessed without the key.
    address_hash: Mapped[bytes] = mapped_column(LargeBinary)
    list_id: Mapped[int] = mapped_column(default=0)
    #: never_again, hard_bounce, complaint, operator, erased
    reason: Mapped[str]
    #: Whose address it was, where that was known; erasure takes it out. A hint for lists: the hash decides.
    subscriber_id: Mapped[int | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("address_hash", "list_id"),
        Index("ix_suppressions_reason", "reason", "id"),
        Index(
            "ix_suppressions_subscriber", "subscriber_id", postgresql_where=text("subscriber_id IS NOT NULL")
        ),
    )
