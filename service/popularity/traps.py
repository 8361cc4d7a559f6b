"""The link of a mail that no person sees: whoever follows it is a machine, and so are its other clicks.

It is the same in every mail of a mailing and names no reader. The visitor that fell for it is a scanner in
that mailing for as long as its hash lasts, which is a day; around the time of its visits so is whoever has
the same user agent in the same network, because gateways scan from several addresses. Others there keep their
clicks: a carrier's network is one house with a million people in it.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.popularity.models import Trapped
from service.popularity.salts import visitor_hash

#: A gateway follows the links of a mail within this.
NEAR = timedelta(minutes=10)
#: Visitors' hashes are of one day.
_A_DAY = timedelta(hours=24)
_KEPT = timedelta(days=30)

_VISITORS = text(
    """
    UPDATE clicks AS c SET verdict = 'scanner' FROM trapped AS t
    WHERE t.last_at >= :since AND c.mailing_id = t.mailing_id AND c.visitor = t.visitor
      AND c.at BETWEEN t.first_at - CAST(:day AS interval) AND t.last_at + CAST(:day AS interval)
      AND c.verdict <> 'scanner'
    RETURNING c.at
    """
)
_GATEWAYS = text(
    """
    UPDATE clicks AS c SET verdict = 'scanner' FROM trapped AS t
    WHERE t.last_at >= :since AND c.mailing_id = t.mailing_id AND c.gateway = t.gateway
      AND c.at >= CAST(:since AS timestamptz) - CAST(:near AS interval)
      AND c.at BETWEEN t.first_at - CAST(:near AS interval) AND t.last_at + CAST(:near AS interval)
      AND c.verdict <> 'scanner'
    RETURNING c.at
    """
)
# Gateways that run scripts report a view of the page that they came to.
_PAGES = text(
    """
    UPDATE site_events AS e SET verdict = 'scanner' FROM trapped AS t
    WHERE t.last_at >= :since AND e.visitor = t.visitor AND e.verdict <> 'scanner'
      AND e.at BETWEEN t.first_at - CAST(:day AS interval) AND t.last_at + CAST(:day AS interval)
    RETURNING e.at
    """
)


def spring(
    session: Session, *, mailing_id: int, ip: str, network: str, user_agent: str, now: datetime
) -> None:
    """Remember who followed the hidden link; a second time moves the end of its visit."""
    statement = insert(Trapped).values(
        mailing_id=mailing_id,
        visitor=visitor_hash(session, ip=ip, user_agent=user_agent, now=now),
        gateway=visitor_hash(session, ip=network, user_agent=user_agent, now=now),
        first_at=now,
        last_at=now,
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["mailing_id", "visitor"],
            set_={"last_at": func.greatest(Trapped.last_at, statement.excluded.last_at)},
        )
    )


def condemn(session: Session, *, since: datetime) -> list[datetime]:
    """Judge all clicks and views of those trapped since then; return when those came that changed."""
    values = {"since": since, "day": _A_DAY, "near": NEAR}
    return [
        at for statement in (_VISITORS, _GATEWAYS, _PAGES) for at in session.scalars(statement, values).all()
    ]


def forget(session: Session, *, now: datetime) -> int:
    """Forget who was trapped longer than 30 days ago, as the raw clicks are."""
    old = delete(Trapped).where(Trapped.last_at < now - _KEPT).returning(Trapped.mailing_id)
    return len(session.scalars(old).all())
