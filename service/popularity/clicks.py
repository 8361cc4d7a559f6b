"""Records followed links: the raw click with its first verdict. What counts is decided after ten minutes."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from service.popularity.judging import Seen, judge
from service.popularity.models import Click, Verdict
from service.popularity.salts import visitor_hash, visitor_in_turn

#: Long enough to judge again when the rules get better.
_RAW_CLICKS_KEPT = timedelta(days=30)


def record(
    session: Session,
    *,
    article_id: int,
    mailing_id: int,
    slot: int,
    variant: int,
    ip: str,
    network: str,
    user_agent: str,
    method: str,
    now: datetime,
    prefetch: bool = False,
    reader: bytes | None = None,
) -> Verdict:
    """Write one click down and say what it was taken for at first sight.

    `reader` is known of those who asked to be: their doubles are told by it, on whatever day and device.
    `prefetch` is what a browser says of a request that nobody asked for (`Sec-Purpose`, `Purpose`, `X-Moz`).
    """
    visitor = visitor_in_turn(session, ip=ip, user_agent=user_agent, now=now)
    verdict = judge(
        article_id=article_id,
        method=method,
        user_agent=user_agent,
        prefetch=prefetch,
        earlier=_earlier(
            session, Click.visitor == visitor if reader is None else Click.reader == reader, mailing_id
        ),
    )
    session.add(
        Click(
            at=now,
            article_id=article_id,
            mailing_id=mailing_id,
            slot=slot,
            variant=variant,
            visitor=visitor,
            gateway=visitor_hash(session, ip=network, user_agent=user_agent, now=now),
            user_agent=user_agent[:300],
            reader=reader,
            verdict=verdict,
        )
    )
    session.flush()
    return verdict


def forget_clicks(session: Session, *, now: datetime) -> int:
    """Delete raw clicks older than 30 days; the hourly counts stay."""
    old = delete(Click).where(Click.at < now - _RAW_CLICKS_KEPT).returning(Click.id)
    return len(session.scalars(old).all())


def _earlier(session: Session, same: ColumnElement[bool], mailing_id: int) -> list[Seen]:
    """Return what the same followed before; a visitor's hash changes daily, so that is today by itself."""
    rows = session.execute(
        select(Click.id, Click.at, Click.article_id, Click.verdict)
        .where(same, Click.mailing_id == mailing_id)
        .order_by(Click.at.desc())
        .limit(200)
    )
    return [Seen(*row) for row in rows]
