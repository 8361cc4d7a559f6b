"""Hourly counts per article, signal and place; clicks can be counted again from their raw rows."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.popularity.models import Click, Signal, SignalBucket, Verdict

#: Raw clicks are kept 30 days; older hours can no longer be counted again and keep what they have.
RECOUNTABLE = timedelta(days=29)

_KEY = ("article_id", "signal", "slot", "hour")

#: (article, slot, start of the hour)
Place = tuple[int, int, datetime]


def hour_of(moment: datetime) -> datetime:
    """Return the start of the UTC hour."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def move_clicks(session: Session, changes: Mapping[Place, int]) -> None:
    """Add to (or take from) the counted clicks of places."""
    # Always in the same order, so that two workers never wait for each other in a circle.
    rows = [
        {
            "article_id": article_id,
            "signal": Signal.DIGEST_CLICK,
            "slot": slot,
            "hour": hour,
            "observed": change,
            "shown": 0,
        }
        for (article_id, slot, hour), change in sorted(changes.items())
        if change
    ]
    if not rows:
        return
    statement = insert(SignalBucket)
    added = func.greatest(SignalBucket.observed + statement.excluded.observed, 0)
    session.execute(statement.on_conflict_do_update(index_elements=_KEY, set_={"observed": added}), rows)


def add_shown(session: Session, shown: Mapping[int, Mapping[int, int]], *, hour: datetime) -> None:
    """Add delivered mails of one hour, as article -> place -> mails. Adding twice counts twice."""
    rows = [
        {
            "article_id": article_id,
            "signal": Signal.DIGEST_CLICK,
            "slot": slot,
            "hour": hour_of(hour),
            "observed": 0,
            "shown": mails,
        }
        for article_id, places in sorted(shown.items())
        for slot, mails in sorted(places.items())
        if mails
    ]
    if not rows:
        return
    statement = insert(SignalBucket)
    total = SignalBucket.shown + statement.excluded.shown
    session.execute(statement.on_conflict_do_update(index_elements=_KEY, set_={"shown": total}), rows)


def rebuild_buckets(session: Session, *, now: datetime) -> None:
    """Count the clicks of the last 29 days again from their raw rows; doing it twice changes nothing."""
    since = hour_of(now - RECOUNTABLE) + timedelta(hours=1)
    # Clicks that are being written now are waited for, and new ones wait for us: none is lost between.
    session.execute(text("LOCK TABLE clicks IN SHARE MODE"))
    session.execute(text("LOCK TABLE signal_buckets IN SHARE ROW EXCLUSIVE MODE"))
    session.execute(
        update(SignalBucket)
        .where(
            SignalBucket.signal == Signal.DIGEST_CLICK, SignalBucket.hour >= since, SignalBucket.observed > 0
        )
        .values(observed=0)
        .execution_options(synchronize_session=False)
    )
    hour = func.date_trunc("hour", Click.at, "UTC")
    counted = (
        select(
            Click.article_id, literal(Signal.DIGEST_CLICK.value), Click.slot, hour, func.count(), literal(0)
        )
        .where(Click.verdict == Verdict.HUMAN, Click.at >= since)
        .group_by(Click.article_id, Click.slot, hour)
    )
    statement = insert(SignalBucket).from_select(
        ["article_id", "signal", "slot", "hour", "observed", "shown"], counted
    )
    session.execute(
        statement.on_conflict_do_update(index_elements=_KEY, set_={"observed": statement.excluded.observed})
    )
