"""An audience of many, estimated from some readers spread over all: quick, and said to be an estimate.

Counted exactly where somebody presses "Count them" and where a blast is confirmed; while conditions are
ticked, a count of a million readers and of what they got would come seconds too late.
"""

from datetime import datetime, timedelta
from math import sqrt

from sqlalchemy import BigInteger, any_, func, literal, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from service.blasts import audience, matching, rules
from service.blasts.criteria import Criteria
from service.ops import audiences, reader_sample
from service.ops.audiences import DIGEST_WITHIN, Look
from service.subscribers.models import Subscription

#: When fewer of them match, the estimate would be off by more than a quarter, and all are counted.
FEW = 70
#: Nineteen of twenty times the truth lies within so many standard deviations.
_SURE = 1.96
_DETOURS = ("enable_hashjoin", "enable_mergejoin", "enable_seqscan")


def look(session: Session, newsletter_id: int, criteria: Criteria, *, now: datetime) -> Look:
    """Say what an audience is: estimated where there are many readers, counted where that is quick."""
    # Of a list, and of those who missed a mailing, only the few rows are read.
    is_few = criteria.listed is not None or criteria.missed is not None
    sampled = None if is_few else reader_sample.of_many(session, newsletter_id)
    if sampled is None:
        return audiences.look(session, newsletter_id, criteria, now=now)
    hours = rules.current(session).cap_hours
    who = audience.matches(newsletter_id, criteria, now=now, has=matching.has_own_row).where(
        Subscription.id == any_(literal(sampled.ids, ARRAY(BigInteger)))
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
    many = len(sampled.ids)
    share = found / many
    # Where all match, one of them less is the least that it may be off.
    off = _SURE * sqrt(max(share * (1 - share), 1 / many) / many)
    return Look(
        audiences.describe(session, criteria),
        sampled.of_all(found),
        sampled.of_all(digest_soon),
        sampled.of_all(capped),
        hours,
        looked_at=many,
        give_or_take=reader_sample.rounded(off * sampled.total),
    )


def _set(session: Session, to: str) -> None:
    for name in _DETOURS:
        session.execute(text("SELECT set_config(:name, :to, true)"), {"name": name, "to": to})
