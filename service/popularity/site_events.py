"""What the publisher's site reports: page views, shares, and clicks in lists; written down and judged.

`counting` makes counts of them after a while.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from service.articles import urls
from service.articles.models import Article
from service.popularity import judging
from service.popularity.models import Click, Signal, SiteEvent, Verdict
from service.popularity.salts import visitor_hash, visitor_in_turn

#: The same visitor's next look at an article within this is the same look.
AGAIN = timedelta(minutes=30)
#: Who followed a link of ours so shortly before a view is counted there, where its chances are known.
CAME_FROM_US = timedelta(minutes=2)
#: More events an hour than this are no person's.
MOST_PER_HOUR = 20
#: And of one visitor no more than so many are written down at all: a script must not fill the disk.
MOST_KEPT = 200
_KEPT = timedelta(days=30)


def record(
    session: Session,
    *,
    url: str,
    signal: Signal,
    ip: str,
    network: str,
    user_agent: str,
    now: datetime,
    prefetch: bool = False,
) -> Verdict | None:
    """Write one event down and say what it was taken for; None where the address is no article of ours.

    Beyond `MOST_KEPT` an hour from one visitor nothing is written.
    """
    address = urls.resolve(url)
    article_id = None
    if address is not None:
        article_id = session.scalar(
            select(Article.id).where(Article.canonical_url == urls.canonical(address)).limit(1)
        )
    if article_id is None:
        return None
    return record_of(
        session,
        article_id=article_id,
        signal=signal,
        ip=ip,
        network=network,
        user_agent=user_agent,
        now=now,
        prefetch=prefetch,
    )


def record_of(
    session: Session,
    *,
    article_id: int,
    signal: Signal,
    slot: int = 0,
    ip: str,
    network: str,
    user_agent: str,
    now: datetime,
    prefetch: bool = False,
) -> Verdict:
    """Write one event of an article down and say what it was taken for; `slot` is its place in a list."""
    visitor = visitor_in_turn(session, ip=ip, user_agent=user_agent, now=now)
    kept = session.scalar(
        select(func.count())
        .select_from(SiteEvent)
        .where(SiteEvent.visitor == visitor, SiteEvent.at > now - timedelta(hours=1))
    )
    if (kept or 0) >= MOST_KEPT:
        return Verdict.SCANNER
    verdict = _judge(session, article_id, signal, visitor, user_agent=user_agent, prefetch=prefetch, now=now)
    session.add(
        SiteEvent(
            at=now,
            article_id=article_id,
            signal=signal,
            slot=slot,
            visitor=visitor,
            network=visitor_hash(session, ip=network, user_agent="", now=now),
            user_agent=user_agent[:300],
            verdict=verdict,
        )
    )
    session.flush()
    return verdict


def forget(session: Session, *, now: datetime) -> int:
    """Delete events older than 30 days; the hourly counts stay."""
    old = delete(SiteEvent).where(SiteEvent.at < now - _KEPT).returning(SiteEvent.id)
    return len(session.scalars(old).all())


def _judge(
    session: Session,
    article_id: int,
    signal: Signal,
    visitor: bytes,
    *,
    user_agent: str,
    prefetch: bool,
    now: datetime,
) -> Verdict:
    if prefetch or judging.is_machine(user_agent):
        return Verdict.SCANNER
    mine = (SiteEvent.visitor == visitor, SiteEvent.verdict == Verdict.HUMAN)
    lately = session.scalar(
        select(func.count())
        .select_from(SiteEvent)
        .where(
            *mine, SiteEvent.at > now - AGAIN, SiteEvent.article_id == article_id, SiteEvent.signal == signal
        )
    )
    if lately or (signal is Signal.PAGE_VIEW and _came_from_us(session, article_id, visitor, now=now)):
        return Verdict.REPEAT
    this_hour = session.scalar(
        select(func.count()).select_from(SiteEvent).where(*mine, SiteEvent.at > now - timedelta(hours=1))
    )
    return Verdict.SCANNER if (this_hour or 0) >= MOST_PER_HOUR else Verdict.HUMAN


def _came_from_us(session: Session, article_id: int, visitor: bytes, *, now: datetime) -> bool:
    """Say whether a link of ours led to this view: a redirect leaves no referrer that would tell."""
    in_mail = exists().where(
        Click.visitor == visitor, Click.at > now - CAME_FROM_US, Click.article_id == article_id
    )
    in_list = exists().where(
        SiteEvent.visitor == visitor,
        SiteEvent.at > now - CAME_FROM_US,
        SiteEvent.article_id == article_id,
        SiteEvent.signal == Signal.WIDGET_CLICK,
    )
    return bool(session.scalar(select(in_mail | in_list)))
