"""Who a blast goes to: active readers who consented to announcements and do not pause, and its criteria."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Select, distinct, exists, func, literal, select
from sqlalchemy.orm import Session

from service.blasts import matching
from service.blasts.criteria import Criteria
from service.blasts.matching import HasRow
from service.blasts.models import Blast
from service.subscribers.models import ConsentEvent, ConsentKind, Subscription
from service.subscribers.queries import active_audience

#: Consents that make somebody part of an audience: given after the start, they come too late for this blast.
_JOINING = (ConsentKind.CONFIRMED, ConsentKind.ANNOUNCEMENTS_ON)
#: A first part is drawn by a hash of the reader's id, in steps of a hundredth of a percent.
_DRAWS = 10_000


@dataclass(frozen=True, slots=True)
class Audience:
    """How many there are now, between which subscription ids (after the one, until the other), and what
    languages they read (BCP 47).
    """

    count: int
    after_id: int
    until_id: int
    locales: frozenset[str]


@dataclass(frozen=True, slots=True)
class Draw:
    """A part of the audience that is drawn by chance, the same whenever it is asked: `first` percent of it,
    or the rest; `variants` splits it evenly.
    """

    percent: int
    first: bool
    variants: int = 1


def of(blast: Blast) -> Criteria:
    """Return everything that narrows its audience."""
    return replace(Criteria.read(blast.audience), topics_any=tuple(blast.topic_ids))


def count(session: Session, blast: Blast, *, now: datetime) -> int:
    """Return how many readers the blast would go to now; suppressed ones are taken out while sending."""
    return count_of(session, blast.newsletter_id, of(blast), now=now)


def count_of(session: Session, newsletter_id: int, criteria: Criteria, *, now: datetime) -> int:
    """The same for criteria that are no blast's yet."""
    who = matches(newsletter_id, criteria, now=now).subquery()
    return session.scalar(select(func.count()).select_from(who)) or 0


def measure(session: Session, blast: Blast, *, now: datetime) -> Audience:
    """Count the audience and find its ends in one look."""
    who = _who(blast, now=now).add_columns(Subscription.locale).subquery()
    first, last = func.min(who.c.id) - 1, func.max(who.c.id)
    locales = func.array_agg(distinct(who.c.locale))
    total, after_id, until_id, read = session.execute(select(func.count(), first, last, locales)).one()
    return Audience(total, after_id or 0, until_id or 0, frozenset(read or ()))


def zones(session: Session, blast: Blast, *, now: datetime) -> Sequence[str]:
    """Return the time zones in which its readers live, as of now."""
    query = _who(blast, now=now).with_only_columns(Subscription.time_zone).distinct()
    return session.scalars(query).all()


def within(
    blast: Blast,
    *,
    after_id: int,
    up_to_id: int,
    reads: ColumnElement[bool],
    now: datetime,
    draw: Draw | None = None,
    variant: int = 0,
) -> Select[int, int]:
    """Select (subscription id, subscriber id) of a part of the audience as it was when it was confirmed.

    `reads` narrows it to those who read one language, `draw` to those who were drawn.
    """
    frozen_at = blast.scheduled_at or blast.started_at
    joined_later = exists().where(
        ConsentEvent.subscription_id == Subscription.id,
        # Says again what follows from the line above: without it each slice would read the whole consent log.
        ConsentEvent.subscription_id > after_id,
        ConsentEvent.subscription_id <= up_to_id,
        ConsentEvent.kind.in_(_JOINING),
        ConsentEvent.at > frozen_at,
    )
    query = _who(blast, now=now).where(
        Subscription.id > after_id, Subscription.id <= up_to_id, reads, ~joined_later
    )
    if draw is None:
        return query
    if not draw.first and blast.mailing_id is not None:
        # Who has moved to another address since the first part went took their mail of it along.
        query = query.where(~matching.has_row(blast.mailing_id, matching.GOT))
    return query.where(*_drawn(blast.id, draw, variant=variant))


def matches(
    newsletter_id: int, criteria: Criteria, *, now: datetime, has: HasRow = matching.has_row
) -> Select[int, int]:
    """Select (subscription id, subscriber id) of whoever the criteria match and who may get a blast."""
    query = active_audience(newsletter_id, topic_ids=[], now=now)
    return query.where(*matching.conditions(criteria, now=now, has=has))


def _who(blast: Blast, *, now: datetime) -> Select[int, int]:
    return matches(blast.newsletter_id, of(blast), now=now)


def _drawn(blast_id: int, draw: Draw, *, variant: int) -> list[ColumnElement[bool]]:
    # Seeded by the blast: who is first this time is not first every time.
    number = func.abs(func.hashint8extended(Subscription.id, literal(blast_id)) % _DRAWS)
    edge = draw.percent * _DRAWS // 100
    found = [number < edge if draw.first else number >= edge]
    if draw.variants > 1:
        found.append(number % draw.variants == variant)
    return found
