"""Editions that came too late for some of their readers, which an operator should hear of."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.delivery.models import MailingTally, MessageState
from service.digests import periods, slots
from service.digests.models import Edition
from service.newsletters.models import Newsletter

#: For so long the overview speaks of it.
TOLD_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Missed:
    """How many readers of an edition got no digest because their hour had passed for too long."""

    edition_id: int
    newsletter: str
    period: str
    readers: int


def list_missed(session: Session, *, now: datetime) -> list[Missed]:
    """Return the editions of the last week that some readers missed, newest first."""
    readers = func.sum(MailingTally.n)
    rows = session.execute(
        select(Edition.id, Newsletter.name, Edition.rhythm, Edition.period, readers)
        .join(Newsletter, Newsletter.id == Edition.newsletter_id)
        .join(MailingTally, MailingTally.mailing_id == Edition.mailing_id)
        .where(
            MailingTally.state == MessageState.SKIPPED,
            MailingTally.reason == slots.PASSED,
            MailingTally.hour >= now - TOLD_FOR,
        )
        .group_by(Edition.id, Newsletter.name)
        .having(readers > 0)
        .order_by(Edition.id.desc())
    )
    return [
        Missed(edition_id, name, periods.name_for_people(period, rhythm=rhythm), int(n))
        for edition_id, name, rhythm, period, n in rows
    ]
