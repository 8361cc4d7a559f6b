"""An audience of many, estimated from some readers spread over all: quick, and said to be an estimate.

Counted exactly where somebody presses "Count them" and where a blast is confirmed; while conditions are
ticked, a count of a million readers and of what they got would come seconds too late.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import sqrt
from random import Random
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, any_, cast, func, literal, select, text, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from service.blasts import audience, matching, rules
from service.blasts.criteria import Criteria
from service.digests import tallying
from service.ops import audiences
from service.ops.audiences import DIGEST_WITHIN, Look
from service.subscribers.models import Subscription, SubscriptionState

#: A newsletter with fewer readers is counted.
MANY = 50_000
#: Readers looked at: with so many, a half is right to two of a hundred.
SAMPLE = 2_000
#: When fewer of them match, the estimate would be off by more than a fifth, and all are counted.
FEW = 100
#: Nineteen of twenty times the truth lies within so many standard deviations.
_SURE = 1.96
_LAST = 2**62
_DETOURS = ("enable_hashjoin", "enable_mergejoin", "enable_seqscan")


def look(session: Session, newsletter_id: int, criteria: Criteria, *, now: datetime) -> Look:
    """Say what an audience is: estimated where there are many readers, counted where that is quick."""
    total = sum(tallying.readers_of(session, newsletter_id).values())
    # Of a list, and of those who missed a mailing, only the few rows are read.
    if total < MANY or criteria.listed is not None or criteria.missed is not None:
        return audiences.look(session, newsletter_id, criteria, now=now)
    ids = _spread(session, newsletter_id)
    hours = rules.current(session).cap_hours
    who = audience.matches(newsletter_id, criteria, now=now, has=matching.has_own_row).where(
        Subscription.id == any_(literal(ids, ARRAY(BigInteger)))
    )
    soon = func.count().filter(Subscription.next_due_at < now + DIGEST_WITHIN)
    capped = 0
    # From the sample's readers to their messages; any other way would begin at all of a mailing.
    _set(session, "off")
    found, digest_soon = session.execute(who.with_only_columns(func.count(), soon)).one()
    if hours and found >= FEW:
        spared = matching.has_a_blast(around=now, within=timedelta(hours=hours), except_mailing=None)
        capped = session.scalar(who.where(spared).with_only_columns(func.count())) or 0
    _set(session, "on")
    if found < FEW:
        return audiences.look(session, newsletter_id, criteria, now=now)
    share = found / len(ids)
    return Look(
        audiences.describe(session, criteria),
        _rounded(total * share),
        _rounded(total * digest_soon / len(ids)),
        _rounded(total * capped / len(ids)),
        hours,
        looked_at=len(ids),
        give_or_take=_rounded(_SURE * sqrt(max(share * (1 - share), 1 / len(ids)) / len(ids)) * total),
    )


def _spread(session: Session, newsletter_id: int) -> Sequence[int]:
    """Return active subscriptions from everywhere between the first and the last of a newsletter."""
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


def _rounded(number: float) -> int:
    """Round to two digits less than there are: an estimate that ends in 517 looks like a count."""
    step = int(10 ** max(len(str(int(number))) - 3, 0))
    return round(number / step) * step


def _set(session: Session, to: str) -> None:
    for name in _DETOURS:
        session.execute(text("SELECT set_config(:name, :to, true)"), {"name": name, "to": to})
