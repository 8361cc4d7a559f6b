"""The consent log: who declared what, beside which words, and what became of it (standards 126)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.emails.sanitising import single_line
from service.subscribers.addresses import plain_ip
from service.subscribers.models import ConsentEvent, ConsentKind, Subscription


@dataclass(frozen=True, slots=True)
class Circumstances:
    """How a declaration reached us: which form or channel, from where, beside which words."""

    channel: str
    form_url: str | None = None
    #: The whole text that was shown beside the button.
    wording: str | None = field(default=None, repr=False)
    ip: str | None = field(default=None, repr=False)
    user_agent: str | None = field(default=None, repr=False)
    #: Why an operator declares it in the reader's place.
    reason: str | None = field(default=None, repr=False)


def record(
    session: Session,
    subscription: Subscription,
    kind: ConsentKind,
    *,
    circumstances: Circumstances,
    now: datetime,
    details: dict[str, Any] | None = None,
) -> None:
    """Append one entry; the database refuses to change it afterwards."""
    agent = circumstances.user_agent
    why = {} if circumstances.reason is None else {"reason": circumstances.reason}
    session.add(
        ConsentEvent(
            subscription=subscription,
            kind=kind,
            at=now,
            channel=circumstances.channel,
            form_url=circumstances.form_url,
            wording=circumstances.wording,
            locale=subscription.locale,
            ip=plain_ip(circumstances.ip or ""),
            user_agent=None if agent is None else single_line(agent)[:300],
            details=(details or {}) | why,
        )
    )


def last_word(session: Session, subscription: Subscription) -> ConsentKind | None:
    """Return what was declared last; None of whoever never declared anything."""
    return session.scalar(
        select(ConsentEvent.kind)
        .where(ConsentEvent.subscription_id == subscription.id)
        .order_by(ConsentEvent.id.desc())
        .limit(1)
    )


def choices(subscription: Subscription) -> dict[str, Any]:
    """What the reader chose, as it is kept in the log."""
    return {
        "topics": list(subscription.topic_ids),
        "rhythm": subscription.rhythm.value,
        "weekday": subscription.weekday,
        "hour": subscription.hour,
        "time_zone": subscription.time_zone,
        "announcements": subscription.announcements,
        "enough_items": subscription.enough_items,
    }
