"""Followed links of blasts: counted by link and variant, never by reader; people are told from machines."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.blasts.models import BlastClick, BlastLink
from service.popularity.judging import Seen, bursts, judge
from service.popularity.models import Verdict
from service.popularity.salts import visitor_in_turn

_KEPT = timedelta(days=30)


def find_url(session: Session, mailing_id: int, number: int) -> str | None:
    """Return where a link leads to."""
    return session.scalar(
        select(BlastLink.url).where(BlastLink.mailing_id == mailing_id, BlastLink.number == number)
    )


def record(
    session: Session,
    *,
    mailing_id: int,
    number: int,
    variant: int,
    ip: str,
    user_agent: str,
    method: str,
    prefetch: bool,
    now: datetime,
) -> Verdict:
    """Write one click down and say what it was taken for at first sight."""
    visitor = visitor_in_turn(session, ip=ip, user_agent=user_agent, now=now)
    verdict = judge(
        article_id=number,
        method=method,
        user_agent=user_agent,
        prefetch=prefetch,
        earlier=_earlier(session, mailing_id, visitor),
    )
    session.add(
        BlastClick(
            mailing_id=mailing_id, number=number, variant=variant, at=now, visitor=visitor, verdict=verdict
        )
    )
    session.flush()
    return verdict


def people(session: Session, mailing_id: int) -> dict[int, int]:
    """Return how many people followed any link, by variant; whoever is a machine counts for neither."""
    rows = session.execute(
        select(BlastClick.visitor, BlastClick.variant, BlastClick.id, BlastClick.at, BlastClick.number)
        .where(BlastClick.mailing_id == mailing_id, BlastClick.verdict == Verdict.HUMAN)
        .order_by(BlastClick.id)
    ).all()
    visits: dict[tuple[bytes, int], list[Seen]] = defaultdict(list)
    for visitor, variant, click_id, at, number in rows:
        visits[visitor, variant].append(Seen(click_id, at, number, Verdict.HUMAN))
    found = {0: 0, 1: 0}
    for (_, variant), seen in visits.items():
        if len(bursts(seen)) < len(seen):
            found[variant] = found.get(variant, 0) + 1
    return found


def better(found: Mapping[int, int]) -> int:
    """Return the variant that more people followed; of two alike the first, which its author put first.

    Both parts are drawn equally large, so that their numbers can be compared as they are.
    """
    return max(sorted(found), key=lambda variant: found[variant], default=0)


def forget(session: Session, *, now: datetime) -> int:
    """Delete single clicks older than 30 days; return how many."""
    gone = delete(BlastClick).where(BlastClick.at < now - _KEPT).returning(BlastClick.id)
    return len(session.scalars(gone).all())


def _earlier(session: Session, mailing_id: int, visitor: bytes) -> list[Seen]:
    rows = session.execute(
        select(BlastClick.id, BlastClick.at, BlastClick.number, BlastClick.verdict)
        .where(BlastClick.mailing_id == mailing_id, BlastClick.visitor == visitor)
        .order_by(BlastClick.at.desc())
        .limit(200)
    )
    return [Seen(click_id, at, number, Verdict(verdict)) for click_id, at, number, verdict in rows]
