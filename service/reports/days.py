"""A newsletter over time, from its daily counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.newsletters.models import Topic
from service.reports.models import DailyTally, TopicTally


@dataclass(frozen=True, slots=True)
class Period:
    """Some days of one newsletter, the oldest first, and their sums."""

    days: tuple[DailyTally, ...]

    @property
    def active(self) -> int:
        """How many get it, on the last day."""
        return self.days[-1].active if self.days else 0

    def total(self, name: str) -> int:
        return sum(getattr(day, name) for day in self.days)


def read(session: Session, newsletter_id: int, *, first_day: date) -> Period:
    """Return every counted day from this one on."""
    rows = session.scalars(
        select(DailyTally)
        .where(DailyTally.newsletter_id == newsletter_id, DailyTally.day >= first_day)
        .order_by(DailyTally.day)
    )
    return Period(tuple(rows))


def topics(session: Session, newsletter_id: int, *, first_day: date) -> Sequence[tuple[int, str, int, int]]:
    """Return (topic id, name, people's clicks, machines'), the most followed first."""
    people = func.coalesce(func.sum(TopicTally.people), 0)
    machines = func.coalesce(func.sum(TopicTally.machines), 0)
    rows = session.execute(
        select(Topic.id, Topic.name, people, machines)
        .outerjoin(TopicTally, (TopicTally.topic_id == Topic.id) & (TopicTally.day >= first_day))
        .where(Topic.newsletter_id == newsletter_id)
        .group_by(Topic.id, Topic.name)
        .order_by(people.desc(), Topic.name)
    )
    return [(key, name, int(n), int(filtered)) for key, name, n, filtered in rows]
