"""What operators do to mailings and messages: each move holds from its commit on, and is in the audit log."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import audit
from service.blasts import sending
from service.blasts.models import Blast
from service.delivery import ledger, mailings
from service.delivery.models import Mailing, MailingState, Stream
from service.errors import Conflict, NotFound
from service.ops import messages

#: What can be held at once: mail that somebody waits for (confirmations) goes on.
_BULK = (Stream.DIGEST, Stream.BLAST)


def pause(session: Session, mailing_id: int, *, actor: str, now: datetime) -> None:
    """Hold what has not left. A blast is paused as a blast, so that both say the same."""
    mailing = _get(session, mailing_id)
    if (blast_id := _blast_of(session, mailing_id)) is not None:
        sending.pause(session, blast_id, actor=actor, now=now)
    else:
        _move(session, mailing, mailings.pause, action="mailing.paused", actor=actor, now=now)


def resume(session: Session, mailing_id: int, *, actor: str, now: datetime) -> None:
    """Go on with what was paused."""
    mailing = _get(session, mailing_id)
    if (blast_id := _blast_of(session, mailing_id)) is not None:
        sending.resume(session, blast_id, actor=actor, now=now)
    else:
        _move(session, mailing, mailings.resume, action="mailing.resumed", actor=actor, now=now)


def stop(session: Session, mailing_id: int, *, actor: str, now: datetime) -> None:
    """End a mailing for good: who has not got it will not.

    :raises Conflict: for confirmations and invitations, which people wait for; those can be paused.
    """
    mailing = _get(session, mailing_id)
    if mailing.stream is Stream.TRANSACTIONAL:
        raise Conflict("Confirmations and invitations cannot be stopped for good; pause them instead.")
    if (blast_id := _blast_of(session, mailing_id)) is not None:
        sending.cancel(session, blast_id, actor=actor, now=now)
    else:
        _move(session, mailing, mailings.stop, action="mailing.stopped", actor=actor, now=now)


def pause_all(session: Session, *, actor: str, now: datetime) -> int:
    """Hold every digest and blast that is being sent; return how many mailings that were."""
    ids = session.scalars(
        select(Mailing.id)
        .where(Mailing.state == MailingState.SENDING, Mailing.stream.in_(_BULK))
        .order_by(Mailing.id)
    ).all()
    for mailing_id in ids:
        pause(session, mailing_id, actor=actor, now=now)
    return len(ids)


def send_again(session: Session, mailing_id: int, message_id: int, *, actor: str, now: datetime) -> None:
    """Send a message of unknown outcome once more; its reader may get it twice.

    :raises Conflict: its outcome is known, or its mailing was stopped.
    """
    if _get(session, mailing_id).state is MailingState.STOPPED:
        raise Conflict("This mailing was stopped; nothing of it is sent any more.")
    if not ledger.send_again(session, mailing_id, message_id, now=now):
        raise Conflict("What became of this message is known by now; it is not sent again.")
    _record(session, mailing_id, message_id, action="message.sent_again", actor=actor, now=now)


def leave(session: Session, mailing_id: int, message_id: int, *, actor: str, now: datetime) -> None:
    """Decide that a message of unknown outcome is not sent again.

    :raises Conflict: its outcome is known.
    """
    if not ledger.leave(session, mailing_id, message_id, now=now):
        raise Conflict("What became of this message is known by now; there is nothing to decide.")
    _record(session, mailing_id, message_id, action="message.left", actor=actor, now=now)


def show_address(session: Session, mailing_id: int, message_id: int, *, actor: str, now: datetime) -> str:
    """Return whom a message is for, and write down who looked."""
    address = messages.address_of(session, mailing_id, message_id)
    _record(session, mailing_id, message_id, action="message.address_shown", actor=actor, now=now)
    return address


def _get(session: Session, mailing_id: int) -> Mailing:
    mailing = session.get(Mailing, mailing_id)
    if mailing is None:
        raise NotFound("There is no such mailing.")
    return mailing


def _blast_of(session: Session, mailing_id: int) -> int | None:
    return session.scalar(select(Blast.id).where(Blast.mailing_id == mailing_id))


def _move(
    session: Session,
    mailing: Mailing,
    move: Callable[..., object],
    *,
    action: str,
    actor: str,
    now: datetime,
) -> None:
    before = mailing.state
    move(session, mailing.id, now=now)
    session.flush()
    if mailing.state is not before:
        audit.record(
            session,
            actor=actor,
            action=action,
            subject=f"mailing {mailing.id}",
            now=now,
            before={"state": before.value},
            after={"state": mailing.state.value},
        )


def _record(
    session: Session, mailing_id: int, message_id: int, *, action: str, actor: str, now: datetime
) -> None:
    audit.record(session, actor=actor, action=action, subject=f"message {mailing_id}/{message_id}", now=now)
