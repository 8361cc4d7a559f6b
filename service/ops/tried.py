"""The sent messages of a mailing that has only begun: found by its tries, which are as few as they are."""

from sqlalchemy import BigInteger, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from service.delivery.models import PENDING, Attempt, MailingTally, Message, MessageState

#: Of a mailing with more than one sent message in so many, they are met soon enough among all.
_RARE = 10
_PORTION = 1_000


def is_beginning(session: Session, mailing_id: int) -> bool:
    """Say whether little of a mailing is sent and the rest waits: then no try of it was cleared away."""
    rows = session.execute(
        select(MailingTally.state, func.sum(MailingTally.n))
        .where(MailingTally.mailing_id == mailing_id)
        .group_by(MailingTally.state)
    )
    counts = {state: int(n) for state, n in rows}
    waiting = sum(counts.get(state, 0) for state in PENDING)
    return counts.get(MessageState.SENT, 0) * _RARE < waiting


def newest_sent(session: Session, mailing_id: int, *, below: int | None, limit: int) -> list[Message]:
    """Return so many sent messages with an id below this one, the newest first."""
    found: list[Message] = []
    while len(found) < limit:
        # Among its messages they would be looked for behind everything that waits.
        tries = select(Attempt.message_id).where(Attempt.mailing_id == mailing_id).distinct()
        if below is not None:
            tries = tries.where(Attempt.message_id < below)
        ids = session.scalars(tries.order_by(Attempt.message_id.desc()).limit(_PORTION)).all()
        if not ids:
            break
        found += session.scalars(
            select(Message)
            .where(
                Message.mailing_id == mailing_id,
                Message.id == any_(literal(ids, ARRAY(BigInteger))),
                Message.state == MessageState.SENT,
            )
            .order_by(Message.id.desc())
            .limit(limit - len(found))
        )
        below = ids[-1]
    return found
