"""How large the console's world is, and which mailings there were: pure, the same every time."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from service.delivery.streams import Stream

#: Readers of each newsletter as a share of all, and where among all they begin: most read one, some two.
SHARES = ((0.70, 0.0), (0.35, 0.65), (0.10, 0.0), (0.01, 0.0))
TOPICS = 12
#: Of a newsletter's readers: whom a weekly and a daily edition and a blast go to.
_WEEKLY, _DAILY, _BLAST = 0.8, 0.02, 0.45
_DAYS = 5


@dataclass(frozen=True, slots=True)
class Size:
    """So much is written."""

    readers: int
    articles: int
    #: Messages, all mailings together.
    ledger: int

    def readers_of(self, newsletter: int) -> int:
        return max(20, round(self.readers * SHARES[newsletter][0]))


class Course(StrEnum):
    """How far a mailing has come."""

    PAST = "past"
    GOING = "going"
    PAUSED = "paused"
    STOPPED = "stopped"
    SCHEDULED = "scheduled"


@dataclass(frozen=True, slots=True)
class Planned:
    """One mailing to be written."""

    #: Place in SHARES; None for transactional mail.
    newsletter: int | None
    stream: Stream
    count: int
    #: Before now.
    age: timedelta
    course: Course = Course.PAST
    #: Of an edition.
    is_weekly: bool = False


def timeline(size: Size) -> list[Planned]:
    """Return the mailings, oldest first: backwards week by week until the ledger is as long as asked for."""
    found, left = [], size.ledger
    week = 0
    while left > 0:
        for each in _week(size, week):
            count = min(each.count, left)
            if count > 0:
                found.append(
                    Planned(each.newsletter, each.stream, count, each.age, each.course, each.is_weekly)
                )
            left -= count
        week += 1
    return sorted(found, key=lambda each: each.age, reverse=True)


def _week(size: Size, week: int) -> list[Planned]:
    ago = timedelta(weeks=week)
    found = _open(size) if week == 0 else []
    if week % 4 == 1:
        count = max(1, size.readers * 3 // 100)
        found.append(Planned(None, Stream.TRANSACTIONAL, count, ago + timedelta(days=6, hours=20)))
    for newsletter in range(len(SHARES)):
        readers = size.readers_of(newsletter)
        late = timedelta(minutes=newsletter)
        if week or newsletter:
            found.append(
                Planned(
                    newsletter,
                    Stream.DIGEST,
                    max(1, int(readers * _WEEKLY)),
                    ago + timedelta(hours=5) + late,
                    is_weekly=True,
                )
            )
        found += [
            Planned(
                newsletter,
                Stream.DIGEST,
                max(1, int(readers * _DAILY)),
                ago + timedelta(days=day, hours=6) + late,
            )
            for day in range(_DAYS)
        ]
        found.append(
            Planned(
                newsletter,
                Stream.BLAST,
                max(1, int(readers * _BLAST)),
                ago + timedelta(days=2, hours=3) + late,
            )
        )
    return found


def _open(size: Size) -> list[Planned]:
    """What goes, waits and was stopped, all of the largest newsletter."""
    readers = size.readers_of(0)
    hour = timedelta(hours=1)
    return [
        Planned(0, Stream.DIGEST, max(1, int(readers * _WEEKLY)), hour, Course.GOING, is_weekly=True),
        Planned(0, Stream.BLAST, max(1, int(readers * _BLAST)), hour / 2, Course.GOING),
        Planned(0, Stream.BLAST, max(1, readers // 10), hour * 3, Course.PAUSED),
        Planned(0, Stream.BLAST, max(1, readers // 10), hour * 8, Course.STOPPED),
        Planned(1, Stream.DIGEST, max(1, readers // 50), hour / 3, Course.SCHEDULED),
    ]
