"""Some readers of a rhythm, spread over all of them: what is true of these is said of everybody."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import gcd

from sqlalchemy import BigInteger, ColumnElement, cast, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from service.digests import tallying
from service.newsletters.models import Rhythm
from service.subscribers.models import Subscription, SubscriptionState

#: Readers that are loaded together, between two looks at the clock.
PORTION = 50
#: The golden section: steps of it fall into the largest gap that those before have left.
_STEP = 0.618034


@dataclass(frozen=True, slots=True)
class Sample:
    """Subscriptions by id, in an order of which every beginning is spread over all `total` readers."""

    ids: Sequence[int]
    total: int


def whom(newsletter_id: int, rhythm: Rhythm) -> tuple[ColumnElement[bool], ...]:
    """Return what holds for everybody whom an edition of this rhythm would go to."""
    return (
        Subscription.newsletter_id == newsletter_id,
        Subscription.rhythm == rhythm,
        Subscription.state == SubscriptionState.ACTIVE,
        Subscription.first_digest_pending.is_(False),
    )


def draw(session: Session, newsletter_id: int, rhythm: Rhythm, *, most: int) -> Sample:
    """Pick at most so many readers of a rhythm; where there are no more than these, all of them.

    Many are not counted for it: the tally of some minutes ago says how many there are.
    """
    due = whom(newsletter_id, rhythm)
    total = tallying.readers_of(session, newsletter_id).get(rhythm, 0)
    if total <= most:
        total = session.scalar(select(func.count()).select_from(Subscription).where(*due)) or 0
    if total <= most:
        ids = session.scalars(select(Subscription.id).where(*due).order_by(Subscription.id)).all()
        return Sample(_scattered(ids), len(ids))
    return Sample(_scattered(_spread(session, due, most=most)), total)


def portions(session: Session, ids: Sequence[int], *, seconds: float) -> Iterator[Sequence[Subscription]]:
    """Yield the readers some at a time until the time is over; the first ones in any case."""
    ends = time.monotonic() + seconds
    for start in range(0, len(ids), PORTION):
        if start and time.monotonic() >= ends:
            return
        query = select(Subscription).where(Subscription.id.in_(ids[start : start + PORTION]))
        yield session.scalars(query.order_by(Subscription.id)).unique().all()


def _spread(session: Session, due: tuple[ColumnElement[bool], ...], *, most: int) -> Sequence[int]:
    """Return the ids of so many, from everywhere between the first and the last."""
    ends = select(func.min(Subscription.id), func.max(Subscription.id)).where(*due)
    first, last = session.execute(ends).one()
    if first is None:
        return ()
    starts = func.unnest(cast([first + (last - first) * n // most for n in range(most)], ARRAY(BigInteger)))
    start = select(starts.label("id")).subquery()
    # From each place on the next one: the readers between two places are not read.
    following = (
        select(Subscription.id)
        .where(*due, Subscription.id >= start.c.id)
        .order_by(Subscription.id)
        .limit(1)
        .lateral()
    )
    found = session.scalars(select(following.c.id).select_from(start).join(following, true()).distinct())
    return sorted(found)


def _scattered(ids: Sequence[int]) -> Sequence[int]:
    count = len(ids)
    step = max(1, round(count * _STEP))
    while gcd(step, count) > 1:
        step += 1
    return [ids[n * step % count] for n in range(count)]
