"""Judges what was held, then sets the hourly counts; and does both again for all that is kept.

What comes counts ten minutes later, so that a machine's visit is judged as a whole: its other clicks may say
what the first one did not. What turns out later still, as by the hidden link of a mail, is taken out again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Interval, Text, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from service.popularity import buckets, judging, site_counts, traps
from service.popularity.judging import Seen
from service.popularity.models import Click, SiteEvent, Verdict, WidgetView

HELD = timedelta(minutes=10)


def count(session: Session, *, now: datetime) -> None:
    """Judge the last hours as a whole and set their counts; doing it twice changes nothing."""
    since = buckets.uncounted_since(session, now=now)
    changed = traps.condemn(session, since=since) + _void_bursts(session, since=since)
    first = min([since, *map(buckets.hour_of, changed)])
    _set_counts(session, since=max(first, buckets.first_recountable(now)), now=now)


def rejudge(session: Session, *, now: datetime) -> int:
    """Run the filter again over everything that is kept, and count again; return how many more it caught.

    Who came before whom is as it was. Doing it twice changes nothing.
    """
    since = buckets.first_recountable(now)
    caught = sum(_catch_machines(session, table, since=since) for table in (Click, SiteEvent, WidgetView))
    caught += len(traps.condemn(session, since=since)) + len(_void_bursts(session, since=since))
    _set_counts(session, since=since, now=now)
    return caught


def _set_counts(session: Session, *, since: datetime, now: datetime) -> None:
    until = now - HELD
    buckets.count_clicks(session, since=since, until=until)
    site_counts.count_events(session, since=since, until=until)
    site_counts.count_shown(session, since=since, until=until)


def _void_bursts(session: Session, *, since: datetime) -> list[datetime]:
    """Void the clicks of visitors who follow links faster than people; return when these came."""
    # What a burst must have, so many clicks of any articles in so short a time: few visitors do.
    quick = [
        literal(window, Interval())
        >= Click.at
        - func.lag(Click.at, articles - 1).over(
            partition_by=(Click.mailing_id, Click.visitor), order_by=Click.at
        )
        for window, articles in judging.BURSTS
    ]
    paced = (
        select(Click.mailing_id, Click.visitor, or_(*quick).label("quick"))
        .where(Click.at >= since)
        .subquery()
    )
    suspects = select(paced.c.mailing_id, paced.c.visitor).where(paced.c.quick).distinct().subquery()
    rows = session.execute(
        select(Click.mailing_id, Click.visitor, Click.id, Click.at, Click.article_id, Click.verdict)
        .join(suspects, (suspects.c.mailing_id == Click.mailing_id) & (suspects.c.visitor == Click.visitor))
        .where(Click.at >= since)
        .order_by(Click.mailing_id, Click.visitor)
    )
    caught: set[int] = set()
    for _, clicks in groupby(rows, key=lambda row: (row.mailing_id, row.visitor)):
        caught |= judging.bursts([Seen(row.id, row.at, row.article_id, row.verdict) for row in clicks])
    return _condemn(session, Click, Click.id == _any(sorted(caught), BigInteger))


def _catch_machines(session: Session, table: type[Click | SiteEvent | WidgetView], *, since: datetime) -> int:
    """Look again at what user agents say of themselves; return how many rows were a machine's."""
    kept = (table.at >= since, table.verdict != Verdict.SCANNER)
    agents = session.scalars(select(table.user_agent).where(*kept, table.user_agent.is_not(None)).distinct())
    machines = [agent for agent in agents if agent is not None and judging.is_machine(agent)]
    return len(_condemn(session, table, table.at >= since, table.user_agent == _any(machines, Text)))


def _condemn(
    session: Session, table: type[Click | SiteEvent | WidgetView], *which: ColumnElement[bool]
) -> list[datetime]:
    changed = session.scalars(
        update(table)
        .where(*which, table.verdict != Verdict.SCANNER)
        .values(verdict=Verdict.SCANNER)
        .returning(table.at)
        .execution_options(synchronize_session=False)
    )
    return list(changed)


def _any(values: Sequence[object], kind: type[BigInteger | Text]) -> ColumnElement[Any]:
    # One array however many there are: a parameter each would reach the protocol's limit.
    return func.any(literal(values, ARRAY(kind)))
