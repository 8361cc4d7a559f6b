"""What holds mail up: relays that rest, mailings whose errors are counted, and the red button."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from service.db import Model


class Relay(Model):
    """The health of one way out, shared by all workers: a circuit breaker, and an operator's hold."""

    __tablename__ = "relays"

    #: host:port
    name: Mapped[str] = mapped_column(primary_key=True)
    #: It rests before this moment; afterwards one trial decides whether it is open again.
    closed_until: Mapped[datetime | None]
    #: A sentence for the operator: "The relay refused our login (535)."
    problem: Mapped[str | None]
    #: How often it was closed in a row; the rests grow with it.
    failures: Mapped[int] = mapped_column(default=0)
    #: Somebody tries one message until then at the latest.
    trial_until: Mapped[datetime | None]
    #: An operator holds it, whatever its health.
    held_at: Mapped[datetime | None]
    held_by: Mapped[str | None]
    #: Tries and those that failed, since `counted_from`.
    tries: Mapped[int] = mapped_column(default=0)
    errors: Mapped[int] = mapped_column(default=0)
    counted_from: Mapped[datetime | None]
    changed_at: Mapped[datetime]


class MailingBreaker(Model):
    """The latest outcomes of one mailing, fading; apart from `mailings`, which every claim reads."""

    __tablename__ = "mailing_breakers"

    mailing_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outcomes: Mapped[int]
    errors: Mapped[int]


class Hold(Model):
    """A row that holds all digests and blasts, also those that are opened later, until it is removed."""

    __tablename__ = "holds"

    #: "bulk"
    name: Mapped[str] = mapped_column(primary_key=True)
    held_at: Mapped[datetime]
    held_by: Mapped[str]
