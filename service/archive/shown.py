"""Which editions the public sees: those that came out, but for those stopped before anybody had them.

An edition that some readers got stays, though the rest was stopped: their mails link to it, and what must not
be read any more is withdrawn, which takes it off every page (docs/adr/0022).
"""

from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from service.archive.models import PublicEdition
from service.delivery.models import Mailing, MailingState, MailingTally, MessageState
from service.digests.models import Edition
from service.newsletters.models import Newsletter, Rhythm

#: Editions with a page of their own.
PUBLIC = (Rhythm.DAILY, Rhythm.WEEKDAYS, Rhythm.WEEKLY, Rhythm.FORTNIGHTLY, Rhythm.MONTHLY)
#: It is in somebody's inbox, or may be.
_REACHED = (MessageState.SENT, MessageState.SENDING, MessageState.UNKNOWN)


def is_shown() -> ColumnElement[bool]:
    """Ask of a public edition whether it may be read.

    The daily and the weekday edition of a day share a page, which stays while one of them does.
    """
    own = (
        select(Edition.id)
        .join(Mailing, Mailing.id == Edition.mailing_id)
        .where(
            Edition.newsletter_id == PublicEdition.newsletter_id,
            Edition.rhythm.in_(PUBLIC),
            Edition.period == PublicEdition.period,
        )
        .correlate(PublicEdition)
    )
    reached = (
        select(func.sum(MailingTally.n))
        .where(MailingTally.mailing_id == Mailing.id, MailingTally.state.in_(_REACHED))
        .correlate(Mailing)
        .scalar_subquery()
    )
    stands = own.where((Mailing.state != MailingState.STOPPED) | (func.coalesce(reached, 0) > 0))
    # One that nobody was due for has no mails, and is there for the public alone.
    return ~own.exists() | stands.exists()


def last_stop(session: Session, newsletter: Newsletter) -> datetime | None:
    """Return when an edition was last stopped: pages changed then, though nothing on them is newer."""
    return session.scalar(
        select(func.max(Mailing.finished_at))
        .join(Edition, Edition.mailing_id == Mailing.id)
        .where(Edition.newsletter_id == newsletter.id, Mailing.state == MailingState.STOPPED)
    )
