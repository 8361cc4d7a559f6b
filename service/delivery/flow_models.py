"""What the console shows of the way out and may order there: counters by time, and limits set by hand."""

from datetime import datetime

from sqlalchemy import Identity, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from service.db import Model
from service.delivery.streams import Stream


class TrafficTally(Model):
    """How many messages met one fate in one stretch of time; appended by senders, folded by the sweeper.

    Stretches are ten seconds long, later a minute, later a quarter of an hour (delivery/traffic.py). It is
    for looking at: a killed sender takes the counts of its last second along. The account is elsewhere.
    """

    __tablename__ = "traffic_tallies"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    #: Beginning of the stretch.
    at: Mapped[datetime]
    stream: Mapped[Stream]
    #: planned, sent, deferred, bounced, failed, unknown
    fate: Mapped[str]
    #: host:port; empty for what was planned.
    relay: Mapped[str]
    #: Of the recipients; empty where it is not known, or is one of very many.
    domain: Mapped[str]
    #: The SMTP reply; 0 where there was none.
    code: Mapped[int] = mapped_column(SmallInteger)
    n: Mapped[int]

    __table_args__ = (Index("ix_traffic_tallies_at", "at"),)


class DelayTally(Model):
    """How many messages of a mailing were sent how long after their time; appended, and folded."""

    __tablename__ = "delay_tallies"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    mailing_id: Mapped[int]
    #: A power of 1.2 in seconds (delivery/delays.py).
    step: Mapped[int] = mapped_column(SmallInteger)
    n: Mapped[int]

    __table_args__ = (Index("ix_delay_tallies_mailing", "mailing_id", "step"),)


class OperatorLimit(Model):
    """A rate that an operator has set, in messages per second by all workers together; 0 holds."""

    __tablename__ = "operator_limits"

    #: "all", "mailing:7", "relay:host:port", "domain:example.org"
    name: Mapped[str] = mapped_column(primary_key=True)
    rate: Mapped[float]
    set_at: Mapped[datetime]
    #: "operator 3"
    set_by: Mapped[str]
