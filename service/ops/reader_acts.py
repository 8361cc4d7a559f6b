"""What an operator does in a reader's place, each with its reason: in the log of consent and the audit log.

Nothing here subscribes anybody, or says yes in a reader's name: who is written to has asked for it.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service import audit
from service.delivery import ledger, suppression
from service.delivery.models import Suppression
from service.errors import Conflict, InvalidInput, NotFound
from service.newsletters import queries as newsletters
from service.ops import reader_export
from service.subscribers import erasure, preferences, queries, saving, unsubscribe
from service.subscribers.consent import Circumstances
from service.subscribers.models import Subscriber, Subscription
from service.tokens import AddressHasher

LONGEST_REASON = 500
#: Why an address may be on the list, of what an operator may take back. A complaint is for ever: the next one
#: costs every reader's mail. An erased person comes back by signing up, and by nothing else.
LIFTABLE = ("operator", "hard_bounce", "never_again")
BY_OPERATOR = "operator"


def change(
    session: Session,
    subscription_id: int,
    wanted: Mapping[str, Any],
    *,
    reason: str,
    actor: str,
    now: datetime,
) -> saving.Saved:
    """Save a reader's preferences.

    :raises InvalidInput: a value that is not offered, no reason, or a yes to announcements.
    """
    why = read_reason(reason)
    subscription = get_subscription(session, subscription_id)
    if wanted.get("announcements") and not subscription.announcements:
        raise InvalidInput("Only the reader can say yes to announcements.", field="announcements")
    saved = saving.save(session, subscription_id, wanted, circumstances=_by(actor, why), now=now)
    if saved.after:
        record(
            session,
            subscription.subscriber_id,
            "preferences_changed",
            actor=actor,
            now=now,
            before={**saved.before},
            after={**saved.after, "newsletter": subscription.newsletter.name, "reason": why},
        )
    return saved


def pause(
    session: Session, subscription_id: int, *, until: date, reason: str, actor: str, now: datetime
) -> None:
    """Send nothing before a day."""
    why = read_reason(reason)
    row = preferences.pause(session, subscription_id, until=until, circumstances=_by(actor, why), now=now)
    after = {"newsletter": row.newsletter.name, "until": until.isoformat(), "reason": why}
    record(session, row.subscriber_id, "paused", actor=actor, now=now, after=after)


def resume(session: Session, subscription_id: int, *, reason: str, actor: str, now: datetime) -> None:
    """End a pause."""
    why = read_reason(reason)
    row = preferences.resume(session, subscription_id, circumstances=_by(actor, why), now=now)
    after = {"newsletter": row.newsletter.name, "reason": why}
    record(session, row.subscriber_id, "resumed", actor=actor, now=now, after=after)


def leave(session: Session, subscription_id: int, *, reason: str, actor: str, now: datetime) -> None:
    """Unsubscribe; what is queued does not go out any more."""
    why = read_reason(reason)
    row = unsubscribe.unsubscribe(session, subscription_id, circumstances=_by(actor, why), now=now)
    if row is None:
        raise NotFound("This subscription does not exist any more.")
    after = {"newsletter": row.newsletter.name, "reason": why}
    record(session, row.subscriber_id, "unsubscribed", actor=actor, now=now, after=after)


def suppress(
    session: Session,
    subscriber_id: int,
    *,
    list_id: int,
    reason: str,
    hash_address: AddressHasher,
    actor: str,
    now: datetime,
) -> None:
    """Never write to this address again, for one newsletter or for all; subscriptions stay as they are."""
    why = read_reason(reason)
    subscriber = get_subscriber(session, subscriber_id)
    if list_id:
        newsletters.get(session, list_id)
    is_new = suppression.suppress(
        session,
        hash_address(subscriber.email_key),
        list_id=list_id,
        reason=BY_OPERATOR,
        now=now,
        subscriber_id=subscriber_id,
    )
    if not is_new:
        raise Conflict("The address is on the suppression list already.")
    for row in queries.lock_all(session, subscriber_id):
        if list_id in {0, row.newsletter_id}:
            ledger.cancel_pending(
                session, now=now, reason="suppressed", subscriber_id=subscriber_id, subscription_id=row.id
            )
    after = {"list": list_id, "reason": why}
    record(session, subscriber_id, "suppressed", actor=actor, now=now, after=after)


def lift(session: Session, suppression_id: int, *, reason: str, actor: str, now: datetime) -> Suppression:
    """Allow mail to an address again; nobody is subscribed by it.

    :raises Conflict: it is there because of a complaint, which stays, or because its reader was erased.
    """
    why = read_reason(reason)
    row = session.get(Suppression, suppression_id, with_for_update=True)
    if row is None:
        raise NotFound("This entry is not on the suppression list any more.")
    if row.reason not in LIFTABLE:
        raise Conflict(
            "Somebody who was erased comes back by signing up and confirming; nobody else can lift it."
            if row.reason == suppression.ERASED
            else "A complaint stays on the suppression list; nobody can lift it."
        )
    session.execute(delete(Suppression).where(Suppression.id == suppression_id))
    subject = f"subscriber {row.subscriber_id}" if row.subscriber_id else f"suppression {row.id}"
    audit.record(
        session,
        actor=actor,
        action="reader.suppression_lifted",
        subject=subject,
        before={"reason": row.reason, "list": row.list_id},
        after={"reason": why},
        now=now,
    )
    return row


def export(
    session: Session, subscriber_id: int, *, hash_address: AddressHasher, actor: str, now: datetime
) -> dict[str, Any]:
    """Return everything that is known of a reader, as they get it themselves; who asked is written down."""
    get_subscriber(session, subscriber_id)
    known = reader_export.export(session, subscriber_id, hash_address=hash_address, now=now)
    record(session, subscriber_id, "exported", actor=actor, now=now)
    return known


def record_list_export(session: Session, *, actor: str, now: datetime) -> None:
    """Write down who took the suppression list along."""
    audit.record(
        session, actor=actor, action="suppressions.exported", subject="the suppression list", now=now
    )


def erase(
    session: Session,
    subscriber_id: int,
    *,
    typed: str,
    reason: str,
    hash_address: AddressHasher,
    actor: str,
    now: datetime,
) -> None:
    """Delete a reader for ever, once their address was typed. The audit log keeps no address."""
    why = read_reason(reason)
    subscriber = get_subscriber(session, subscriber_id)
    if typed.strip().casefold() != subscriber.email_key:
        raise InvalidInput("This is not the reader’s address. Type it as it stands above.", field="typed")
    erasure.erase(session, subscriber_id, hash_address=hash_address, now=now)
    record(session, subscriber_id, "erased", actor=actor, now=now, after={"reason": why})


def read_reason(typed: str) -> str:
    """Return a reason; whoever looks later must find one.

    :raises InvalidInput: there is none, or a novel.
    """
    reason = " ".join(typed.replace("\0", "").split())
    if not reason:
        raise InvalidInput("Say why: “asked for it by e-mail on Monday”.", field="reason")
    if len(reason) > LONGEST_REASON:
        raise InvalidInput(f"Say it in at most {LONGEST_REASON} letters.", field="reason")
    return reason


def get_subscription(session: Session, subscription_id: int) -> Subscription:
    row = queries.find(session, subscription_id)
    if row is None:
        raise NotFound("This subscription does not exist any more.")
    return row


def get_subscriber(session: Session, subscriber_id: int) -> Subscriber:
    row = session.scalars(select(Subscriber).where(Subscriber.id == subscriber_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such reader; they may have been erased.")
    return row


def record(
    session: Session,
    subscriber_id: int,
    what: str,
    *,
    actor: str,
    now: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write an act about a reader into the audit log; never an address."""
    subject = f"subscriber {subscriber_id}"
    audit.record(
        session,
        actor=actor,
        action=f"reader.{what}",
        subject=subject,
        before=before,
        after=after,
        now=now,
    )


def _by(actor: str, reason: str) -> Circumstances:
    return Circumstances(channel=actor, reason=reason)
