"""Writes the ledger rows of the mails that a subscription itself causes; workers compose and send them."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.delivery import ledger, mailings
from service.delivery.ledger import NewMessage
from service.subscribers.models import Subscription
from service.tokens import LIFETIMES, Purpose


def put_confirm(session: Session, subscription: Subscription, *, now: datetime) -> None:
    """Ask for the confirmation of this generation, once."""
    _put(
        session,
        subscription,
        kind="confirm",
        cause=f"{subscription.id}.{subscription.generation}",
        details={"generation": subscription.generation},
        now=now,
    )


def put_reminder(session: Session, subscription: Subscription, *, now: datetime) -> None:
    """Ask a second and last time for the confirmation of this generation."""
    _put(
        session,
        subscription,
        kind="reminder",
        cause=f"{subscription.id}.{subscription.generation}",
        details={"generation": subscription.generation},
        now=now,
    )


def put_already_subscribed(
    session: Session, subscription: Subscription, *, attempt_id: int, now: datetime
) -> None:
    """Answer one sign-up of a confirmed reader."""
    _put(session, subscription, kind="already_subscribed", cause=str(attempt_id), details={}, now=now)


def put_manage(session: Session, subscription: Subscription, *, now: datetime) -> None:
    """Mail the link behind which a reader's data are; it is of no use once it has expired."""
    expires_at = (now + LIFETIMES[Purpose.MANAGE]).isoformat()
    cause = f"{subscription.id}.{int(now.timestamp() * 1_000_000)}"
    _put(session, subscription, kind="manage", cause=cause, details={"expires_at": expires_at}, now=now)


def put_address_letters(
    session: Session, subscription: Subscription, *, change_id: int, now: datetime
) -> None:
    """Ask the new address to confirm a change, and tell the old one how to stop it."""
    for kind in ("new_address", "old_address"):
        _put(session, subscription, kind=kind, cause=str(change_id), details={"change": change_id}, now=now)


def _put(
    session: Session,
    subscription: Subscription,
    *,
    kind: str,
    cause: str,
    details: dict[str, Any],
    now: datetime,
) -> None:
    message = NewMessage(
        dedupe_key=f"{kind} {cause}",
        kind=kind,
        due_at=now,
        subscriber_id=subscription.subscriber_id,
        subscription_id=subscription.id,
        details=details,
    )
    ledger.put(session, mailings.of_this_month(session, now=now), [message], now=now)
