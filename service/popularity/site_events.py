"""What the publisher's site reports: page views and shares, judged, held for a while, counted by the hour.

An event counts ten minutes after it came, so that a burst is judged as a whole. In one hour a network adds at
most five to an article, or a tenth of what others add: neither a script nor a school behind one address
carries an article by itself.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from service.articles import urls
from service.articles.models import Article
from service.popularity import judging
from service.popularity.models import Signal, SiteEvent, Verdict
from service.popularity.salts import visitor_hash

#: The same visitor's next look at an article within this is the same look.
AGAIN = timedelta(minutes=30)
#: More events an hour than this are no person's.
MOST_PER_HOUR = 20
#: And of one visitor no more than so many are written down at all: a script must not fill the disk.
MOST_KEPT = 200
HELD = timedelta(minutes=10)
#: A network adds this, or this share of what others add, whichever is more.
NETWORK_LEAST, NETWORK_SHARE = 5, 0.1
_KEPT = timedelta(days=30)
#: Whole hours that are counted again each time: a late worker changes none before them.
_RECOUNTED = timedelta(hours=3)

# An hour's count is set, not added to: counting twice changes nothing.
_COUNT = text(
    """
    WITH per_network AS (
        SELECT article_id, signal, date_trunc('hour', at, 'UTC') AS hour, network, count(*) AS n
        FROM site_events
        WHERE verdict = 'human' AND at >= :since AND at <= :until
        GROUP BY 1, 2, 3, 4
    ), per_article AS (
        SELECT *, sum(n) OVER (PARTITION BY article_id, signal, hour) AS total FROM per_network
    ), capped AS (
        SELECT article_id, signal, hour, sum(least(n, greatest(:least, floor((total - n) * :share)))) AS n
        FROM per_article GROUP BY 1, 2, 3
    )
    INSERT INTO signal_buckets (article_id, signal, slot, hour, observed, shown)
    SELECT article_id, signal, 0, hour, n, 0 FROM capped ORDER BY 1, 2, 4
    ON CONFLICT (article_id, signal, slot, hour) DO UPDATE SET observed = excluded.observed
    """
)


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
    visitor = visitor_hash(session, ip=ip, user_agent=user_agent, now=now)
    # A double report is two requests at once: the second waits here until the first is committed.
    session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(visitor[:8], signed=True))))
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
            visitor=visitor,
            network=visitor_hash(session, ip=network, user_agent="", now=now),
            user_agent=user_agent[:300],
            verdict=verdict,
        )
    )
    session.flush()
    return verdict


def count(session: Session, *, now: datetime) -> None:
    """Set the counts of the last hours to what the events say that have been held long enough."""
    since = (now - _RECOUNTED).replace(minute=0, second=0, microsecond=0)
    _count_since(session, since, now=now)


def rejudge(session: Session, *, now: datetime) -> int:
    """Run the filter again over every event that is kept, and count again; return how many changed.

    Only what a user agent says of itself is judged anew: who came before whom is as it was. Doing it twice
    changes nothing.
    """
    events = session.execute(
        select(SiteEvent.id, SiteEvent.user_agent, SiteEvent.verdict).where(SiteEvent.at >= now - _KEPT)
    ).all()
    caught = [
        row.id for row in events if row.verdict is not Verdict.SCANNER and judging.is_machine(row.user_agent)
    ]
    if caught:
        session.execute(update(SiteEvent).where(SiteEvent.id.in_(caught)).values(verdict=Verdict.SCANNER))
    _clear(session, now - _KEPT)
    _count_since(session, _first_whole_hour(now - _KEPT), now=now)
    return len(caught)


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
    if lately:
        return Verdict.REPEAT
    this_hour = session.scalar(
        select(func.count()).select_from(SiteEvent).where(*mine, SiteEvent.at > now - timedelta(hours=1))
    )
    return Verdict.SCANNER if (this_hour or 0) >= MOST_PER_HOUR else Verdict.HUMAN


def _first_whole_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def _clear(session: Session, since: datetime) -> None:
    """Nothing of an hour whose events were all caught may stay."""
    session.execute(
        text(
            "UPDATE signal_buckets AS b SET observed = 0 "
            "WHERE b.signal IN ('page_view', 'share') AND b.hour >= :since "
            "AND EXISTS (SELECT FROM site_events AS e WHERE e.article_id = b.article_id "
            "AND e.signal = b.signal AND date_trunc('hour', e.at, 'UTC') = b.hour)"
        ),
        {"since": _first_whole_hour(since)},
    )


def _count_since(session: Session, since: datetime, *, now: datetime) -> None:
    session.execute(
        _COUNT,
        {"since": since, "until": now - HELD, "least": NETWORK_LEAST, "share": NETWORK_SHARE},
    )
