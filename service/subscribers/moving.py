"""A change of address: asked for behind a manage link, confirmed in the new inbox, told to the old one.

Whether the new address belongs to a reader already is told to nobody but its own inbox. If it does, the two
become one when its owner confirms: both inboxes have then shown whose they are.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from service.delivery import ledger
from service.errors import InvalidInput, TooManyRequests
from service.languages.words import _
from service.subscribers import addresses, consent, joining, outgoing, queries
from service.subscribers.addresses import Address
from service.subscribers.consent import Circumstances
from service.subscribers.models import AddressChange, ConsentKind, Subscriber, Subscription, SubscriptionState
from service.tokens import LIFETIMES, Purpose

#: Requests of one reader in a day, and mails to one new address in a day.
PER_DAY = 3
TO_ONE_ADDRESS = 1
DAY = timedelta(days=1)
#: Longer than its links work; what was asked and never confirmed is then forgotten.
KEPT = timedelta(days=7)


def request(
    session: Session, subscription: Subscription, address: Address, *, now: datetime
) -> AddressChange:
    """Ask the new inbox to confirm, and tell the old one; a newer request replaces the one before.

    :raises InvalidInput: it is the address that the reader has, or one that nobody reads.
    :raises TooManyRequests: says when to come back.
    """
    subscriber = subscription.subscriber
    if address.key == subscriber.email_key:
        raise InvalidInput(_("That is the address that your mail goes to already."), field="email")
    if addresses.is_role(address.key):
        raise InvalidInput(_("Enter an address that a person reads."), field="email")
    # One after the other: twenty at once cannot each be the first.
    session.execute(select(Subscriber.id).where(Subscriber.id == subscriber.id).with_for_update())
    # Nor can two readers who name the same address, which need not be theirs.
    named = func.hashtextextended(f"new address {address.key}", 0)
    session.execute(select(func.pg_advisory_xact_lock(named)))
    _check_caps(session, subscriber.id, address, now=now)
    _end(session, AddressChange.subscriber_id == subscriber.id, now=now)
    row = AddressChange(
        subscriber_id=subscriber.id,
        subscription_id=subscription.id,
        email=address.email,
        email_key=address.key,
        asked_at=now,
    )
    session.add(row)
    session.flush()
    outgoing.put_address_letters(session, subscription, change_id=row.id, now=now)
    return row


def find_open(session: Session, change_id: int, *, now: datetime) -> AddressChange | None:
    """Return a change that waits for its confirmation; None for one that is over."""
    row = session.get(AddressChange, change_id)
    if row is None or row.ended_at is not None or now - row.asked_at > LIFETIMES[Purpose.NEW_ADDRESS]:
        return None
    return row


def subscription_of(session: Session, change_id: int, *, now: datetime) -> Subscription | None:
    """Return the subscription that a waiting change began from."""
    row = find_open(session, change_id, now=now)
    return None if row is None else queries.find(session, row.subscription_id)


def confirm(session: Session, change_id: int, *, circumstances: Circumstances, now: datetime) -> bool:
    """Write to the new address from now on; False if the change was stopped, replaced, or made already."""
    wish = find_open(session, change_id, now=now)
    if wish is None:
        return False
    # The people before the wish, as everywhere: whoever is erased at this moment is held in this order too.
    is_new = Subscriber.email_key == wish.email_key
    held = queries.lock_persons(session, or_(Subscriber.id == wish.subscriber_id, is_new))
    row = _lock_open(session, change_id, now=now)
    if row is None:
        return False
    row.ended_at = now
    session.flush()
    mover = next(one for one in held if one.id == row.subscriber_id)
    other = next((one for one in held if one is not mover), None)
    if other is not None:
        joining.join(session, mover, other, circumstances=circumstances, now=now)
        return True
    mover.email, mover.email_key = row.email, row.email_key
    for subscription in session.scalars(
        select(Subscription).where(
            Subscription.subscriber_id == mover.id, Subscription.state == SubscriptionState.ACTIVE
        )
    ):
        consent.record(
            session, subscription, ConsentKind.ADDRESS_CHANGED, circumstances=circumstances, now=now
        )
    session.flush()
    return True


def stop(session: Session, change_id: int, *, now: datetime) -> bool:
    """Let the old address stand; False when there was nothing left to stop."""
    row = _lock_open(session, change_id, now=now)
    if row is None:
        return False
    row.ended_at = now
    session.flush()
    # The mail to the new address may not have left yet.
    ledger.cancel_pending(
        session, now=now, reason="stopped", subscriber_id=row.subscriber_id, kinds=("new_address",)
    )
    return True


def forget(session: Session, *, now: datetime) -> int:
    """Delete changes that are long over; return how many."""
    gone = session.scalars(
        delete(AddressChange).where(AddressChange.asked_at <= now - KEPT).returning(AddressChange.id)
    ).all()
    return len(gone)


def _lock_open(session: Session, change_id: int, *, now: datetime) -> AddressChange | None:
    session.get(AddressChange, change_id, with_for_update=True, populate_existing=True)
    return find_open(session, change_id, now=now)


def _check_caps(session: Session, subscriber_id: int, address: Address, *, now: datetime) -> None:
    """Refuse what would fill inboxes; the same words for both reasons tell nothing of the address."""
    own = AddressChange.subscriber_id == subscriber_id
    same = AddressChange.email_key == address.key
    counted = session.execute(
        select(func.count().filter(own), func.count().filter(same)).where(
            or_(own, same), AddressChange.asked_at > now - DAY
        )
    ).one()
    if counted[0] >= PER_DAY or counted[1] >= TO_ONE_ADDRESS:
        raise TooManyRequests(
            _("We have written about such a change today. Look into both inboxes, or try again tomorrow."),
            retry_after=int(DAY.total_seconds()),
        )


def _end(session: Session, *which: object, now: datetime) -> None:
    session.execute(
        update(AddressChange)
        .where(*which, AddressChange.ended_at.is_(None))  # type: ignore[arg-type]  # conditions
        .values(ended_at=now)
    )
