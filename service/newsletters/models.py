"""What is offered: newsletters, their topics, and the identities that mail is sent under."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Identity, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.db import Model
from service.emails.letters import Layout
from service.emails.typefaces import Typeface


class Rhythm(StrEnum):
    """How often a digest comes. FIRST is the one that follows a confirmation; no reader chooses it."""

    DAILY = "daily"
    #: Monday to Friday.
    WEEKDAYS = "weekdays"
    WEEKLY = "weekly"
    #: Every two weeks.
    FORTNIGHTLY = "fortnightly"
    MONTHLY = "monthly"
    #: Looked at daily, and sent when so many good articles wait as the reader asked for.
    ENOUGH = "enough"
    FIRST = "first"


class Sender(Model):
    """Who a mail is from. Nothing is sent while the postal address is empty (CAN-SPAM, CASL)."""

    __tablename__ = "senders"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    #: Where replies go; empty means the sender address itself.
    reply_to: Mapped[str] = mapped_column(default="")
    postal_address: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]

    @property
    def domain(self) -> str:
        return self.email.rpartition("@")[2]


class Logo(Model):
    """A picture in the place of a newsletter's name; never deleted, since mails that were sent show it."""

    __tablename__ = "logos"

    #: SHA-256 of the content, in hex: who has the address has this picture, and caches may keep it.
    hash: Mapped[str] = mapped_column(primary_key=True)
    #: image/png or image/jpeg
    media_type: Mapped[str]
    content: Mapped[bytes] = mapped_column(deferred=True)
    width: Mapped[int]
    height: Mapped[int]
    #: It has transparent parts, and gets a light plate on dark paper.
    see_through: Mapped[bool]
    created_at: Mapped[datetime]

    @property
    def file_name(self) -> str:
        return f"{self.hash}.{'png' if self.media_type == 'image/png' else 'jpg'}"


class Newsletter(Model):
    """One offer to readers, with its own topics, sources and schedule."""

    __tablename__ = "newsletters"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    tagline: Mapped[str] = mapped_column(default="")
    home_url: Mapped[str] = mapped_column(default="")
    privacy_url: Mapped[str] = mapped_column(default="")
    #: BCP 47; the language of pages and mails.
    locale: Mapped[str] = mapped_column(default="en")
    #: `#rrggbb`
    accent: Mapped[str] = mapped_column(default="#8a1c1c")
    #: How its digests are set.
    layout: Mapped[Layout] = mapped_column(default=Layout.LEAD, server_default=Layout.LEAD.value)
    typeface: Mapped[Typeface] = mapped_column(
        default=Typeface.NEWSPAPER, server_default=Typeface.NEWSPAPER.value
    )
    logo_hash: Mapped[str | None] = mapped_column(ForeignKey("logos.hash"))
    logo: Mapped[Logo | None] = relationship(lazy="joined")
    sender_id: Mapped[int] = mapped_column(ForeignKey("senders.id"))
    sender: Mapped[Sender] = relationship(lazy="joined")
    #: Offered when the browser's guess is missing; IANA name.
    time_zone: Mapped[str] = mapped_column(default="UTC")
    #: Local hour at which digests leave unless the reader chose another.
    default_hour: Mapped[int] = mapped_column(default=7)
    #: What the sign-up form begins with: how often, and on which ISO day (Monday is 1).
    default_rhythm: Mapped[Rhythm] = mapped_column(default=Rhythm.WEEKLY, server_default=Rhythm.WEEKLY.value)
    default_weekday: Mapped[int] = mapped_column(default=5, server_default=text("5"))
    #: Under `min_items` a digest is skipped, with its reason recorded.
    min_items: Mapped[int] = mapped_column(default=3)
    max_items: Mapped[int] = mapped_column(default=10)
    #: A new edition waits so many minutes for an operator's approval, then goes by itself; 0 goes at once.
    review_minutes: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    #: Mails that sign-ups may cause in a minute; beyond that everybody is asked to come back.
    signups_per_minute: Mapped[int] = mapped_column(default=300, server_default=text("300"))
    #: Readers may ask to be recognised when they follow a link (docs/adr/0025).
    recognises: Mapped[bool] = mapped_column(default=False, server_default="false")
    #: Whether editions, blasts, topics and feeds have public pages.
    archive_public: Mapped[bool] = mapped_column(default=True, server_default="true")
    created_at: Mapped[datetime]
    #: No sign-ups and no sending while set.
    closed_at: Mapped[datetime | None]

    topics: Mapped[list["Topic"]] = relationship(
        back_populates="newsletter",
        order_by="Topic.position, Topic.id",
        cascade="all, delete-orphan",
    )

    __table_args__ = (
        CheckConstraint("signups_per_minute BETWEEN 1 AND 100000", name="signups_per_minute"),
        CheckConstraint("review_minutes BETWEEN 0 AND 2880", name="review_minutes"),
        CheckConstraint("min_items >= 1 AND max_items BETWEEN min_items AND 14", name="item_limits"),
        CheckConstraint("default_hour BETWEEN 0 AND 23", name="default_hour"),
        CheckConstraint("default_weekday BETWEEN 1 AND 7", name="default_weekday"),
    )

    @property
    def list_id(self) -> str:
        """RFC 2919: stable for ever, unique per list, under our own domain."""
        return f"{self.slug}.{self.sender.domain}"

    @property
    def open_topics(self) -> list["Topic"]:
        return [topic for topic in self.topics if topic.archived_at is None]


class Topic(Model):
    """A subject that readers choose. Archived rather than deleted: subscriptions keep its id."""

    __tablename__ = "topics"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id", ondelete="CASCADE"))
    newsletter: Mapped[Newsletter] = relationship(back_populates="topics")
    slug: Mapped[str]
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    position: Mapped[int] = mapped_column(default=0)
    archived_at: Mapped[datetime | None]
    #: The topic that took over its readers and articles; the old address leads there.
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("topics.id", ondelete="SET NULL"))

    __table_args__ = (UniqueConstraint("newsletter_id", "slug"),)

    @property
    def is_merging(self) -> bool:
        """Whether another topic is taking it over; its readers are on their way."""
        return self.merged_into_id is not None and self.archived_at is None
