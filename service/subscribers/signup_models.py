"""Presses of the sign-up button: what the caps count, and what was held back."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Model


class Held(StrEnum):
    """What held a sign-up back. The first three are silent: the visitor is told what everybody is told."""

    #: The address had its mails already; it is on the suppression list; it belongs to no person.
    ADDRESS = "address"
    SUPPRESSED = "suppressed"
    ROLE = "role"
    #: Told: too many from one network, or for one newsletter.
    NETWORK = "network"
    NEWSLETTER = "newsletter"
    #: A machine's doing: the field that people do not see, a form sent sooner than anybody types, a form
    #: that is not ours, or one of yesterday.
    DECOY = "decoy"
    HASTE = "haste"
    NONCE = "nonce"


class SignupAttempt(Model):
    """One press of the sign-up button: the caps per address and network count these rows (standards 141)."""

    __tablename__ = "signup_attempts"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    at: Mapped[datetime]
    #: Keyed hash of the folded address (`addresses.inbox_of`): counts it without keeping it.
    email_hash: Mapped[bytes]
    #: /24 or /48 of the visitor.
    network: Mapped[str]
    newsletter_id: Mapped[int]
    #: Whether a mail was written for it.
    mailed: Mapped[bool]
    #: Why none was.
    held_by: Mapped[Held | None]

    __table_args__ = (
        Index("ix_signup_attempts_email", "email_hash", "at"),
        Index("ix_signup_attempts_network", "network", "at"),
        # The newsletter's cap, asked with every sign-up, reads the index alone.
        Index("ix_signup_attempts_newsletter", "newsletter_id", "at", postgresql_where=text("mailed")),
        Index("ix_signup_attempts_at", "at"),
    )


class SignupRefusal(Model):
    """Sign-ups that were refused before an address was looked at: counted, so that a flood stays small."""

    __tablename__ = "signup_refusals"

    #: Beginning of the hour.
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    network: Mapped[str] = mapped_column(primary_key=True)
    held_by: Mapped[Held] = mapped_column(primary_key=True)
    count: Mapped[int]
