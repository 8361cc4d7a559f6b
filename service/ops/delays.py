"""How late the mails of a mailing were, against the slots of their readers."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.delivery import delays
from service.delivery.models import DelayTally


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds between the time of a mail and its sending, to a tenth; None while none was sent."""

    counted: int = 0
    half: float | None = None
    most: float | None = None


def read(session: Session, mailing_id: int) -> Delays:
    """Return within how many seconds half of the mails, and 99 of 100, were sent."""
    rows = session.execute(
        select(DelayTally.step, func.sum(DelayTally.n))
        .where(DelayTally.mailing_id == mailing_id)
        .group_by(DelayTally.step)
    )
    counts = {step: int(n) for step, n in rows}
    return Delays(
        counted=sum(counts.values()),
        half=delays.percentile(counts, 0.5),
        most=delays.percentile(counts, 0.99),
    )
