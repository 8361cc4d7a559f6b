"""What operators do to mailings and messages: each move holds from its commit on, and is in the audit log."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import audit
from service.blasts import sending
from service.blasts.models import Blast, BlastState
from service.delivery import holds, ledger, mailings, relays
from service.delivery.models import Mailing, MailingState, Stream
from service.errors import Conflict, NotFound
from service.ops import messages


def pause(session: Session, mailing_id: int, *, actor: str, now: datetime) -> None:
    """Hold what has not left. A blast is paused as a blast, so that both say the same."""
    mailing = _get(session, mailing_id)
    if (blast_id := _blast_of(session, mailing_id)) is not None:
        sending.pause(session, blast_id, actor=actor, now=now)
    else:
        paused = partial(mailings.pause, by=actor)
        _move(session, mailing, paused, action="mailing.paused", actor=actor, now=now)


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


def hold_all(session: Session, *, actor: str, now: datetime) -> bool:
    """Hold every digest and blast, also those that begin later; say whether they were not held yet.

    Confirmations, which people wait for, go on.
    """
    held = holds.hold(session, by=actor, now=now)
    if held:
        audit.record(session, actor=actor, action="bulk.held", subject="all bulk mail", now=now)
    return held


def lift_hold(session: Session, *, actor: str, now: datetime) -> bool:
    """Let digests and blasts go on; what was paused by itself stays paused."""
    lifted = holds.lift(session)
    if lifted:
        audit.record(session, actor=actor, action="bulk.released", subject="all bulk mail", now=now)
    return lifted


def hold_relay(session: Session, label: str, *, actor: str, now: datetime) -> None:
    """Use a relay no more, from the next window on."""
    if relays.hold(session, label, by=actor, now=now):
        audit.record(session, actor=actor, action="relay.held", subject=f"relay {label}", now=now)


def resume_relay(session: Session, label: str, *, actor: str, now: datetime) -> None:
    """Use a relay again at once, whether it was held or rests."""
    (before,) = relays.list_health(session, [label], now=now).values()
    if relays.resume(session, label, now=now):
        audit.record(
            session,
            actor=actor,
            action="relay.resumed",
            subject=f"relay {label}",
            now=now,
            before={"state": before.state.value, "problem": before.problem},
        )


def send_again(session: Session, mailing_id: int, message_id: int, *, actor: str, now: datetime) -> None:
    """Send a message of unknown outcome once more; its reader may get it twice.

    :raises Conflict: its outcome is known, or its mailing was stopped.
    """
    # Held until the commit: a stop between this look and the change would leave a row that waits for ever.
    mailing = session.get(Mailing, _get(session, mailing_id).id, with_for_update=True)
    if mailing is None or mailing.state is MailingState.STOPPED:
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
    """Return the blast that moves with its mailing; one that was sent is over, whatever is tried again."""
    query = select(Blast.id).where(Blast.mailing_id == mailing_id, Blast.state != BlastState.SENT)
    return session.scalar(query)


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
