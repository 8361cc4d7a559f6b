"""Who asked for mail, what exactly they asked for, and the proof of it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Model
from service.newsletters.models import Newsletter, Rhythm

#: What the rhythm "enough" waits for, unless its reader says otherwise.
ENOUGH_ITEMS = 5


class SubscriptionState(StrEnum):
    """PENDING waits for the confirmation; only ACTIVE ones are ever mailed a digest or a blast."""

    PENDING = "pending"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"


class ConsentKind(StrEnum):
    """What a reader declared, or what became of the declaration."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    ANNOUNCEMENTS_ON = "announcements_on"
    ANNOUNCEMENTS_OFF = "announcements_off"
    PREFERENCES_CHANGED = "preferences_changed"
    PAUSED = "paused"
    RESUMED = "resumed"
    UNSUBSCRIBED = "unsubscribed"
    NEVER_AGAIN = "never_again"
    #: Back within a day of leaving, by the button that takes it back.
    RETURNED = "returned"
    ADDRESS_CHANGED = "address_changed"


class LeavingReason(StrEnum):
    """What a reader who has left may say of it; counted, never asked for twice."""

    TOO_MANY = "too_many"
    NOT_INTERESTING = "not_interesting"
    ELSEWHERE = "elsewhere"
    NEVER_ASKED = "never_asked"
    OTHER = "other"


class Subscriber(Model):
    """A person with an address. The address is kept as entered for delivery and folded for uniqueness."""

    __tablename__ = "subscribers"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    #: Local part byte-exact, domain as A-label.
    email: Mapped[str]
    #: Case-folded whole; one person, one row. In the order of its bytes, so that "begins with" is a range of
    #: the index, and a list goes on where it ended.
    email_key: Mapped[str] = mapped_column(Text(collation="C"), unique=True)
    created_at: Mapped[datetime]

    __table_args__ = (Index("ix_subscribers_domain", text("split_part(email_key, '@', -1)"), "id"),)


class Subscription(Model):
    """What one subscriber gets from one newsletter, and when the next digest is due."""

    __tablename__ = "subscriptions"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscribers.id", ondelete="CASCADE"))
    subscriber: Mapped[Subscriber] = relationship(lazy="joined")
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    newsletter: Mapped[Newsletter] = relationship()
    state: Mapped[SubscriptionState]
    #: Grows with every sign-up; a confirmation link is bound to the generation it was mailed for.
    generation: Mapped[int] = mapped_column(default=1)
    #: Sorted; an array, so that readers with equal input are one GROUP BY away (docs/adr/0003).
    topic_ids: Mapped[list[int]]
    #: Sorted; an article that is also in one of these does not come.
    excluded_topic_ids: Mapped[list[int]] = mapped_column(default=list, server_default="{}")
    #: Sorted; an article of one of these does not come.
    excluded_source_ids: Mapped[list[int]] = mapped_column(default=list, server_default="{}")
    #: Whether one article of a mail may be from a topic that was not chosen.
    explore: Mapped[bool] = mapped_column(default=True, server_default="true")
    #: The reader's own ceiling, at most the newsletter's; None leaves it to the newsletter.
    max_items: Mapped[int | None]
    rhythm: Mapped[Rhythm]
    #: ISO: Monday is 1. Used by rhythms that come on one day of the week.
    weekday: Mapped[int] = mapped_column(default=5)
    #: Local hour of delivery in `time_zone`.
    hour: Mapped[int] = mapped_column(default=7)
    time_zone: Mapped[str]
    #: Used by the rhythm "enough": so many good articles make a digest.
    enough_items: Mapped[int] = mapped_column(default=ENOUGH_ITEMS, server_default=text(str(ENOUGH_ITEMS)))
    #: BCP 47; the language of the pages and of the fixed words in the mails.
    locale: Mapped[str] = mapped_column(default="en", server_default="en")
    #: Mails without the HTML part.
    plain_text: Mapped[bool] = mapped_column(default=False, server_default="false")
    #: Whether the reader's own feed can be read, and which of its addresses: each new one ends the last.
    feed_on: Mapped[bool] = mapped_column(default=False, server_default="false")
    feed_generation: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    #: Blasts are a consent of their own.
    announcements: Mapped[bool] = mapped_column(default=False)
    #: Being recognised is another: while set, followed links are known by it. Gone, they are nobody's.
    recognition_key: Mapped[bytes | None]
    #: First local day on which mail comes again; None when not paused.
    paused_until: Mapped[date | None]
    #: UTC instant of the next digest; None while pending or unsubscribed.
    next_due_at: Mapped[datetime | None]
    #: Set by confirming; the first digest clears it.
    first_digest_pending: Mapped[bool] = mapped_column(default=False)
    #: Every article up to this eligible_seq was considered for this reader already.
    watermark: Mapped[int] = mapped_column(default=0)
    #: Local date of the latest digest: at most one per subscription and local date.
    last_digest_on: Mapped[date | None]
    created_at: Mapped[datetime]
    #: Of the latest request to subscribe; unconfirmed ones are purged seven days after it.
    requested_at: Mapped[datetime]
    #: When the one reminder to confirm was written, or passed over; there is no second one.
    reminded_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    unsubscribed_at: Mapped[datetime | None]
    #: Said after leaving, if anything; coming back clears it.
    left_because: Mapped[LeavingReason | None]

    __table_args__ = (
        UniqueConstraint("subscriber_id", "newsletter_id"),
        Index("ix_subscriptions_paused", "id", postgresql_where=text("paused_until IS NOT NULL")),
        # Whom an edition would go to: counted and sampled when one is rehearsed.
        Index(
            "ix_subscriptions_rehearsed",
            "newsletter_id",
            "rhythm",
            "id",
            postgresql_where=text("state = 'active' AND first_digest_pending IS false"),
        ),
        # The console's lists are read in this order, a page at a time.
        Index("ix_subscriptions_listed", "newsletter_id", "state", "id"),
        # The same of rhythms that few choose: among a million others a page would read them all.
        Index(
            "ix_subscriptions_rare_rhythms",
            "newsletter_id",
            "rhythm",
            "id",
            postgresql_where=text("state = 'active' AND rhythm IN ('fortnightly', 'monthly')"),
        ),
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
        CheckConstraint("hour BETWEEN 0 AND 23", name="hour"),
        CheckConstraint("enough_items BETWEEN 1 AND 14", name="enough_items"),
        CheckConstraint("max_items BETWEEN 1 AND 14", name="max_items"),
        # In the planner's order: a slice of hundreds of thousands who are due at once is read, not sorted,
        # and lies together in the tables.
        Index(
            "ix_subscriptions_due",
            "newsletter_id",
            "next_due_at",
            "id",
            postgresql_where=text("state = 'active'"),
        ),
        Index(
            "ix_subscriptions_first",
            "id",
            postgresql_where=text("first_digest_pending"),
        ),
        Index("ix_subscriptions_topics", "topic_ids", postgresql_using="gin"),
        # Reminder and purge look for the few that wait, every quarter of an hour.
        Index("ix_subscriptions_pending", "requested_at", postgresql_where=text("state = 'pending'")),
        Index(
            "ix_subscriptions_left",
            "newsletter_id",
            "left_because",
            postgresql_where=text("left_because IS NOT NULL"),
        ),
    )


class ConsentEvent(Model):
    """One entry of the consent log. Append-only: a trigger refuses changes (GDPR Art. 7(1))."""

    __tablename__ = "consent_events"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    subscription_id: Mapped[int] = mapped_column(
        ForeignKey("subscriptions.id", ondelete="CASCADE"), index=True
    )
    subscription: Mapped[Subscription] = relationship()
    kind: Mapped[ConsentKind]
    at: Mapped[datetime]
    #: Which form or channel: "form", "preferences", "one-click", "page", "operator 3".
    channel: Mapped[str]
    #: The address of the page, as the visitor saw it.
    form_url: Mapped[str | None]
    #: The whole text that was shown beside the button.
    wording: Mapped[str | None]
    locale: Mapped[str | None]
    ip: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str | None]
    #: What was chosen: topics, rhythm, and the like.
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (
        # Who came and who left, by the day: what the growth of a newsletter is counted from.
        Index(
            "ix_consent_events_growth",
            "at",
            postgresql_where=text("kind IN ('confirmed', 'returned', 'unsubscribed', 'never_again')"),
        ),
        # Who left by the link of which mail.
        Index(
            "ix_consent_events_mailing",
            text("CAST(details ->> 'mailing' AS bigint)"),
            postgresql_where=text("kind = 'unsubscribed' AND details ? 'mailing'"),
        ),
    )


class AddressChange(Model):
    """A reader's wish to be written to elsewhere: waits for the new inbox, and the old one may stop it."""

    __tablename__ = "address_changes"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscribers.id", ondelete="CASCADE"), index=True)
    #: Whose language and letterhead the two mails have.
    subscription_id: Mapped[int]
    email: Mapped[str]
    email_key: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(index=True)
    #: Confirmed, stopped, or replaced by a newer one.
    ended_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_address_changes_email_key", "email_key", "asked_at"),)
