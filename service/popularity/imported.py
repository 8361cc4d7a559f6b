"""Counts from another system: they replace what is counted here of an article, signal and hour, for good."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.articles import urls
from service.articles.models import Article
from service.popularity.buckets import hour_of
from service.popularity.models import Signal, SignalBucket

#: Clicks in mails are counted here and nowhere else.
SIGNALS = (Signal.PAGE_VIEW, Signal.SHARE)


class Count(NamedTuple):
    """One line of an import."""

    canonical_url: str
    signal: Signal
    hour: datetime
    observed: int


def read(*, url: str, signal: str, hour: datetime, count: str) -> Count:
    """Check one line.

    :raises ValueError: with a sentence that says what is wrong.
    """
    address = urls.resolve(url)
    if address is None:
        raise ValueError(f"“{url}” is no web address.")
    if signal not in [each.value for each in SIGNALS]:
        raise ValueError(f"“{signal}” is no signal; use page_view or share.")
    if hour.tzinfo is None:
        raise ValueError("the hour needs a zone, like 2026-11-24T09:00Z.")
    if not count.strip().isdecimal() or len(count.strip()) > 12:
        raise ValueError(f"“{count}” is no count.")
    return Count(urls.canonical(address), Signal(signal), hour_of(hour), int(count))


def put(session: Session, counts: Sequence[Count]) -> int:
    """Set these counts; return how many were of articles that are known. Doing it twice changes nothing."""
    known = dict(
        session.execute(
            select(Article.canonical_url, Article.id).where(
                Article.canonical_url.in_({each.canonical_url for each in counts})
            )
        ).all()
    )
    rows = {
        (known[each.canonical_url], each.signal, each.hour): each.observed
        for each in counts
        if each.canonical_url in known
    }
    if rows:
        statement = insert(SignalBucket)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["article_id", "signal", "slot", "hour"],
                set_={name: statement.excluded[name] for name in ("observed", "imported")},
            ),
            [
                {
                    "article_id": article_id,
                    "signal": signal,
                    "slot": 0,
                    "hour": hour,
                    "observed": count,
                    "imported": count,
                    "shown": 0,
                }
                for (article_id, signal, hour), count in sorted(rows.items())
            ],
        )
    return sum(each.canonical_url in known for each in counts)
