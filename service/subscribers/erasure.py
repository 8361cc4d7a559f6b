"""Deletes a person: nothing stays but a keyed hash on the suppression list (GDPR Art. 17; standards 134)."""

from datetime import datetime

from sqlalchemy import delete, or_, text
from sqlalchemy.orm import Session

from service.delivery import ledger, suppression
from service.subscribers import addresses, queries
from service.subscribers.models import AddressChange, Subscriber
from service.subscribers.signup_models import SignupAttempt
from service.tokens import AddressHasher


def erase(session: Session, subscriber_id: int, *, hash_address: AddressHasher, now: datetime) -> bool:
    """Delete address, subscriptions, their log of consent and what counted for the caps.

    False when nothing is known any more. The ledger never held the address; its rows stay, for the accounts
    of their mailings to add up, and lead to nobody.
    """
    held = queries.lock_persons(session, Subscriber.id == subscriber_id)
    if not held:
        return False
    (subscriber,) = held
    email_hash = hash_address(subscriber.email_key)
    # Others may have wanted to move to this address; before the ledger, as whoever stops a change does it.
    session.execute(
        delete(AddressChange).where(
            or_(AddressChange.email_key == subscriber.email_key, AddressChange.subscriber_id == subscriber_id)
        )
    )
    suppression.suppress(session, email_hash, reason=suppression.ERASED, now=now)
    suppression.forget_whose(session, subscriber_id)
    ledger.cancel_pending(session, now=now, reason=suppression.ERASED, subscriber_id=subscriber_id)
    inbox_hash = hash_address(addresses.inbox_of(subscriber.email_key))
    session.execute(delete(SignupAttempt).where(SignupAttempt.email_hash == inbox_hash))
    # The log is append-only; erasure says so to its guard, for this one statement.
    session.execute(text("SELECT set_config('broadsheet.may_erase', 'yes', true)"))
    session.execute(delete(Subscriber).where(Subscriber.id == subscriber_id))
    session.execute(text("SELECT set_config('broadsheet.may_erase', 'no', true)"))
    return True
