"""Trying a relay: a live check without mail, and a test mail that takes the way of every mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import audit
from service.audit import AuditEntry
from service.delivery import ledger, mailings, relays
from service.delivery.allotment import ONLY_RELAY
from service.delivery.ledger import NewMessage
from service.delivery.models import PENDING, Attempt, Message
from service.delivery.relay_check import Checked
from service.delivery.relays import RelayState
from service.errors import Conflict, InvalidInput
from service.newsletters import queries as newsletters
from service.operators.models import Operator
from service.ops import actors

KIND = "relay_test"
NONCE_LENGTH = 64
#: A test that could not go out by then is of no use any more.
VALID = timedelta(minutes=10)
_CHECKED, _TESTED = "relay.checked", "relay.tested"
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Trial:
    """A check or a test that somebody made before."""

    at: datetime
    who: str
    #: Of a check: the problem, empty where it worked. Of a test: None.
    problem: str | None
    message: Message | None = None
    attempt: Attempt | None = None

    @property
    def is_pending(self) -> bool:
        return self.message is not None and self.message.state in PENDING


def note_check(session: Session, label: str, checked: Checked, *, actor: str, now: datetime) -> None:
    """Write down that a relay was checked, and what was wrong."""
    audit.record(
        session,
        actor=actor,
        action=_CHECKED,
        subject=f"relay {label}",
        now=now,
        after={"works": checked.works, "problem": checked.problem},
    )


def send_test(session: Session, label: str, *, operator: Operator, nonce: str, now: datetime) -> bool:
    """Plan one mail to the operator through this relay alone; the same form twice makes one.

    :raises Conflict: the relay is held, or there is no newsletter whose sender it could come from.
    """
    if not 0 < len(nonce) <= NONCE_LENGTH:
        raise InvalidInput("This form is not complete; load the page again and send it once more.")
    if relays.list_health(session, [label], now=now)[label].state is RelayState.HELD:
        raise Conflict(f"{label} is held. Resume it first, and the test can go that way.")
    if not newsletters.list_all(session):
        raise Conflict("A test needs a newsletter: its sender is who the mail is from.")
    mailing = mailings.transactional(session, now=now)
    key = f"{KIND} {operator.id} {nonce}"
    row = NewMessage(
        dedupe_key=key,
        kind=KIND,
        due_at=now,
        operator_id=operator.id,
        details={ONLY_RELAY: label, "expires_at": (now + VALID).isoformat()},
    )
    if not ledger.put(session, mailing, [row], now=now):
        return False
    query = select(Message.id).where(Message.mailing_id == mailing.id, Message.dedupe_key == key)
    audit.record(
        session,
        actor=f"operator {operator.id}",
        action=_TESTED,
        subject=f"relay {label}",
        now=now,
        after={"message": f"{mailing.id}/{session.scalars(query).one()}"},
    )
    return True


def list_trials(session: Session, label: str) -> Sequence[Trial]:
    """Return the latest checks and tests of a relay, the newest first."""
    query = select(AuditEntry).where(
        AuditEntry.subject == f"relay {label}", AuditEntry.action.in_([_CHECKED, _TESTED])
    )
    entries = session.scalars(query.order_by(AuditEntry.id.desc()).limit(_SHOWN)).all()
    names = actors.names(session, {entry.actor for entry in entries})
    return [_trial(session, entry, names[entry.actor]) for entry in entries]


def _trial(session: Session, entry: AuditEntry, who: str) -> Trial:
    after = entry.after or {}
    if entry.action == _CHECKED:
        return Trial(entry.at, who, str(after.get("problem", "")))
    mailing_id, _, message_id = str(after.get("message", "")).partition("/")
    message = session.get(Message, (int(mailing_id), int(message_id)), populate_existing=True)
    last = None
    if message is not None:
        tries = select(Attempt).where(
            Attempt.mailing_id == message.mailing_id, Attempt.message_id == message.id
        )
        last = session.scalars(tries.order_by(Attempt.number.desc()).limit(1)).one_or_none()
    return Trial(entry.at, who, None, message, last)
