"""The two weeks ahead, day by day: which editions and blasts go out when, and to how many readers.

Made of what was counted for the slots ahead; no request counts readers.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session, joinedload

from service.blasts.models import Blast, BlastState
from service.blasts.plans import Plan, When
from service.digests import periods, tallying
from service.digests.models import Edition, SlotTally
from service.newsletters import queries as newsletters
from service.newsletters.models import Newsletter, Rhythm
from service.ops import queue
from service.ops.queue import Line
from service.subscribers import schedule
from service.subscribers.choices import RHYTHMS

DAYS = 14
_WAITING = (BlastState.AWAITING, BlastState.SCHEDULED)


@dataclass(frozen=True, slots=True)
class Coming:
    """One day's part of an edition. Instants are on the newsletter's clock."""

    newsletter: Newsletter
    rhythm: Rhythm
    day: date
    #: "Weekly, week 48 of 2026"
    period: str
    first_at: datetime
    last_at: datetime
    #: When most of its readers are due.
    most_at: datetime
    readers: int
    #: None until its first reader is due.
    edition_id: int | None
    #: Its mailing, with how it stands.
    line: Line | None


@dataclass(frozen=True, slots=True)
class Announced:
    """A blast that waits for its time, on the newsletter's clock."""

    blast_id: int
    newsletter: Newsletter
    subject: str
    state: BlastState
    send_at: datetime
    #: It goes at each reader's own hour, and this is the first.
    local: bool
    #: The number that was confirmed; the audience is read when it goes.
    readers: int | None


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a newsletter; nothing may go out on it."""

    day: date
    coming: dict[Rhythm, Coming]
    blasts: tuple[Announced, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The two weeks of one newsletter, and the rhythms that anything comes in."""

    newsletter: Newsletter
    rhythms: tuple[Rhythm, ...]
    days: tuple[Day, ...]
    #: Of one edition on one day: the measure of the bars.
    most_readers: int

    @property
    def has_blasts(self) -> bool:
        return any(one.blasts for one in self.days)


@dataclass(frozen=True, slots=True)
class Calendar:
    sheets: tuple[Sheet, ...]
    #: None while nobody was counted yet.
    counted_at: datetime | None


def read(session: Session, *, newsletter_id: int | None = None, now: datetime) -> Calendar:
    """Return the two weeks from now on, of one open newsletter or of all."""
    offered = [
        one for one in newsletters.list_open(session) if newsletter_id is None or one.id == newsletter_id
    ]
    coming = _coming(session, offered, now=now)
    blasts = _blasts(session, {one.id for one in offered})
    return Calendar(
        tuple(
            _sheet(
                one,
                [each for each in coming if each.newsletter is one],
                [each for each in blasts if each.newsletter.id == one.id],
                now=now,
            )
            for one in offered
        ),
        counted_at=tallying.counted_at(session),
    )


def _sheet(
    newsletter: Newsletter, coming: Sequence[Coming], blasts: Sequence[Announced], *, now: datetime
) -> Sheet:
    today = now.astimezone(ZoneInfo(newsletter.time_zone)).date()
    # Where it is still yesterday, readers of that day may be due yet.
    first = min([today, *(one.day for one in coming)])
    days = [first + timedelta(days=n) for n in range((today - first).days + DAYS)]
    shown = [one for one in coming if one.day <= days[-1]]
    return Sheet(
        newsletter,
        rhythms=tuple(rhythm for rhythm in RHYTHMS if any(one.rhythm is rhythm for one in shown)),
        days=tuple(
            Day(
                day,
                {one.rhythm: one for one in shown if one.day == day},
                tuple(one for one in blasts if max(one.send_at.date(), today) == day),
            )
            for day in days
        ),
        most_readers=max((one.readers for one in shown), default=0),
    )


def _coming(session: Session, offered: Sequence[Newsletter], *, now: datetime) -> list[Coming]:
    by_id = {one.id: one for one in offered}
    busiest = func.array_agg(
        aggregate_order_by(SlotTally.slot_at, SlotTally.readers.desc(), SlotTally.slot_at)
    )
    rows = session.execute(
        select(
            SlotTally.newsletter_id,
            SlotTally.rhythm,
            SlotTally.day,
            func.min(SlotTally.slot_at),
            func.max(SlotTally.slot_at),
            busiest[1],
            func.sum(SlotTally.readers),
        )
        .where(SlotTally.newsletter_id.in_(by_id), SlotTally.slot_at > now)
        .group_by(SlotTally.newsletter_id, SlotTally.rhythm, SlotTally.day)
    ).all()
    keys = {
        (newsletter_id, rhythm, schedule.period_of(day, rhythm=rhythm))
        for newsletter_id, rhythm, day, *_ in rows
    }
    editions = _editions(session, keys)
    lines = queue.get_many(session, [one.mailing_id for one in editions.values()])
    found = []
    for newsletter_id, rhythm, day, first_at, last_at, most_at, readers in rows:
        newsletter, period = by_id[newsletter_id], schedule.period_of(day, rhythm=rhythm)
        zone = ZoneInfo(newsletter.time_zone)
        edition = editions.get((newsletter_id, rhythm, period))
        found.append(
            Coming(
                newsletter=newsletter,
                rhythm=rhythm,
                day=day,
                period=periods.name_for_people(period, rhythm=rhythm),
                first_at=first_at.astimezone(zone),
                last_at=last_at.astimezone(zone),
                most_at=most_at.astimezone(zone),
                readers=int(readers),
                edition_id=edition.id if edition else None,
                line=lines.get(edition.mailing_id) if edition else None,
            )
        )
    return found


def _editions(
    session: Session, keys: Collection[tuple[int, Rhythm, str]]
) -> dict[tuple[int, Rhythm, str], Edition]:
    columns = tuple_(Edition.newsletter_id, Edition.rhythm, Edition.period)
    rows = session.scalars(select(Edition).where(columns.in_(list(keys)))) if keys else ()
    return {(row.newsletter_id, row.rhythm, row.period): row for row in rows}


def _blasts(session: Session, newsletter_ids: Collection[int]) -> list[Announced]:
    rows = session.scalars(
        select(Blast)
        .where(Blast.state.in_(_WAITING), Blast.send_at.is_not(None), Blast.newsletter_id.in_(newsletter_ids))
        .options(joinedload(Blast.newsletter))
        .order_by(Blast.send_at, Blast.id)
    )
    return [
        Announced(
            blast_id=row.id,
            newsletter=row.newsletter,
            subject=row.subject,
            state=row.state,
            send_at=row.send_at.astimezone(ZoneInfo(row.newsletter.time_zone)),
            local=Plan.read(row.plan).when is When.LOCAL,
            readers=row.confirmed_count,
        )
        for row in rows
        if row.send_at is not None
    ]
