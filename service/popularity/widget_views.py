"""Which articles of a popular list came into a visitor's sight: what its clicks are measured against."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.popularity import judging
from service.popularity.models import Verdict, WidgetView
from service.popularity.salts import visitor_hash, visitor_in_turn
from service.popularity.site_events import AGAIN, MOST_KEPT

#: Lists an hour; a person who reads on sees one on every page.
MOST_PER_HOUR = 60
_KEPT = timedelta(days=30)


def record(
    session: Session,
    *,
    places: Mapping[int, int],
    ip: str,
    network: str,
    user_agent: str,
    now: datetime,
    prefetch: bool = False,
) -> Verdict:
    """Write down which articles were seen in which places, once per visitor and half hour, as clicks count.

    Beyond `MOST_KEPT` an hour from one visitor nothing is written.
    """
    visitor = visitor_in_turn(session, ip=ip, user_agent=user_agent, now=now)
    earlier = session.execute(
        select(WidgetView.at, WidgetView.article_ids, WidgetView.verdict)
        .where(WidgetView.visitor == visitor, WidgetView.at > now - timedelta(hours=1))
        .limit(MOST_KEPT)
    ).all()
    if len(earlier) >= MOST_KEPT:
        return Verdict.SCANNER
    known = {
        article_id
        for at, article_ids, verdict in earlier
        if verdict is Verdict.HUMAN and at > now - AGAIN
        for article_id in article_ids
    }
    new = {article_id: slot for article_id, slot in places.items() if article_id not in known}
    if prefetch or judging.is_machine(user_agent) or len(earlier) >= MOST_PER_HOUR:
        verdict = Verdict.SCANNER
    else:
        verdict = Verdict.HUMAN if new else Verdict.REPEAT
    seen = new or places
    session.add(
        WidgetView(
            at=now,
            article_ids=list(seen),
            slots=list(seen.values()),
            visitor=visitor,
            network=visitor_hash(session, ip=network, user_agent="", now=now),
            user_agent=user_agent[:300],
            verdict=verdict,
        )
    )
    session.flush()
    return verdict


def forget(session: Session, *, now: datetime) -> int:
    """Delete views older than 30 days; the hourly counts stay."""
    old = delete(WidgetView).where(WidgetView.at < now - _KEPT).returning(WidgetView.id)
    return len(session.scalars(old).all())
