"""Some active readers of a newsletter, spread over all: to say of many what would take long to count."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, func, literal, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from service.digests import tallying
from service.subscribers.models import Subscription, SubscriptionState

#: A newsletter with fewer readers is counted.
MANY = 50_000
#: Readers looked at: with so many, a half is right to three of a hundred.
SAMPLE = 1_200
_LAST = 2**62


@dataclass(frozen=True, slots=True)
class Sample:
    """Active subscriptions of one newsletter, for all `total` of it, as they were last counted."""

    ids: Sequence[int]
    total: int

    def of_all(self, n: int) -> int:
        """Say of all readers what is true of so many of the sample."""
        return rounded(self.total * n / len(self.ids))

    @property
    def unseen(self) -> int:
        """So many readers may all have been missed: of more, one would have been met, 19 times of 20."""
        return rounded(3 * self.total / len(self.ids))


def of_many(session: Session, newsletter_id: int) -> Sample | None:
    """Draw a sample of a newsletter's readers, the same one whenever it is asked; None where they are few."""
    total = sum(tallying.readers_of(session, newsletter_id).values())
    ids = _draw(session, newsletter_id) if total >= MANY else ()
    return Sample(ids, total) if ids else None


def _draw(session: Session, newsletter_id: int) -> Sequence[int]:
    key = (Subscription.newsletter_id, Subscription.state, Subscription.id)
    active = tuple_(literal(newsletter_id, BigInteger), literal(SubscriptionState.ACTIVE, key[1].type))

    def place(subscription_id: ColumnElement[int]) -> ColumnElement[Any]:
        return tuple_(*active.clauses, subscription_id)

    # Ranges of the index of these three: with equal signs, the order would be that of all newsletters' ids.
    low, high = place(literal(0, BigInteger)), place(literal(_LAST, BigInteger))
    below = select(Subscription.id).where(tuple_(*key) < high).limit(1)
    first = session.scalar(below.where(tuple_(*key) > low).order_by(*key))
    last = session.scalar(below.where(tuple_(*key) > low).order_by(*(each.desc() for each in key)))
    if first is None or last is None:
        return ()
    # One anywhere in each of equal stretches, and always the same ones: a number that changes by itself is no
    # answer, and every hundredth reader may be of one kind.
    chance = Random(newsletter_id)  # noqa: S311  (a sample, no secret)
    places = [first + int((last - first) * (n + chance.random()) / SAMPLE) for n in range(SAMPLE)]
    start = select(func.unnest(cast(places, ARRAY(BigInteger))).label("id")).subquery()
    # From each place on the next one: the readers between two places are not read.
    following = below.where(tuple_(*key) >= place(start.c.id)).order_by(*key).lateral()
    return session.scalars(select(following.c.id).select_from(start).join(following, true()).distinct()).all()


def rounded(number: float) -> int:
    """Round to two digits less than there are: an estimate that ends in 517 looks like a count."""
    step = int(10 ** max(len(str(int(number))) - 3, 0))
    return round(number / step) * step
