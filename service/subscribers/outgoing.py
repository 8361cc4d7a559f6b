"""Writes the ledger rows of the mails that a subscription itself causes; workers compose and send them."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.delivery import ledger, mailings
from service.delivery.ledger import NewMessage
from service.subscribers.models import Subscription


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
    ledger.put(session, mailings.transactional(session, now=now), [message], now=now)
