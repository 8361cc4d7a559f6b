"""Decisions about all failed, or all unknown, messages of a mailing; each is in the audit log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service import audit
from service.delivery import rescue
from service.delivery.models import Mailing, MailingState
from service.errors import Conflict, NotFound


@dataclass(frozen=True, slots=True)
class Failures:
    """What can be tried again in a mailing, up to `rescue.MOST`."""

    can_retry: int
    #: (SMTP code, how many failed with it)
    codes: tuple[tuple[int, int], ...]


def look(session: Session, mailing_id: int, *, reason: str | None, code: int | None) -> Failures:
    """Return how many messages would be tried again, and by which codes they failed."""
    return Failures(
        can_retry=rescue.count_failed(session, mailing_id, reason=reason, code=code),
        codes=tuple(rescue.codes_of_failed(session, mailing_id)),
    )


def retry_failed(
    session: Session, mailing_id: int, *, reason: str | None, code: int | None, actor: str, now: datetime
) -> int:
    """Try failed messages of one reason or code, or all, once more; return how many.

    :raises Conflict: the mailing was stopped.
    """
    _check(session, mailing_id)
    moved = rescue.retry_failed(session, mailing_id, reason=reason, code=code, now=now)
    after = {"messages": moved, "reason": reason, "code": code}
    _record(session, mailing_id, moved, action="mailing.failed_retried", actor=actor, now=now, after=after)
    return moved


def send_unknown_again(session: Session, mailing_id: int, *, actor: str, now: datetime) -> int:
    """Send every undecided unknown message once more; readers may get it twice.

    :raises Conflict: the mailing was stopped.
    """
    _check(session, mailing_id)
    moved = rescue.send_unknown_again(session, mailing_id, now=now)
    after = {"messages": moved}
    _record(
        session, mailing_id, moved, action="mailing.unknown_sent_again", actor=actor, now=now, after=after
    )
    return moved


def leave_unknown(session: Session, mailing_id: int, *, actor: str, now: datetime) -> int:
    """Decide that no undecided unknown message is sent again; return how many there were."""
    left = rescue.leave_unknown(session, mailing_id, now=now)
    after = {"messages": left}
    _record(session, mailing_id, left, action="mailing.unknown_left", actor=actor, now=now, after=after)
    return left


def _check(session: Session, mailing_id: int) -> None:
    mailing = session.get(Mailing, mailing_id, with_for_update=True)
    if mailing is None:
        raise NotFound("There is no such mailing.")
    if mailing.state is MailingState.STOPPED:
        raise Conflict("This mailing was stopped; nothing of it is sent any more.")


def _record(
    session: Session,
    mailing_id: int,
    moved: int,
    *,
    action: str,
    actor: str,
    now: datetime,
    after: Mapping[str, object],
) -> None:
    """A second press of the button moves nothing, and is no second entry."""
    if moved:
        subject = f"mailing {mailing_id}"
        audit.record(session, actor=actor, action=action, subject=subject, now=now, after=dict(after))
