"""Double opt-in: a request that anybody can make, and the confirmation that only the inbox can give."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.delivery import suppression
from service.errors import NotFound
from service.languages.words import _
from service.newsletters.models import Newsletter
from service.subscribers import addresses, attempts, caps, consent, outgoing
from service.subscribers.addresses import Address
from service.subscribers.attempts import Findings
from service.subscribers.choices import Choices
from service.subscribers.consent import Circumstances
from service.subscribers.models import ConsentKind, Subscriber, Subscription, SubscriptionState
from service.subscribers.next_slot import next_slot
from service.subscribers.queries import lock
from service.subscribers.signup_models import Held
from service.subscribers.standing import Standing, standing
from service.tokens import AddressHasher


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """One press of the sign-up button."""

    address: Address
    choices: Choices
    circumstances: Circumstances


def request(
    session: Session, newsletter: Newsletter, sign_up: SignUp, *, hash_address: AddressHasher, now: datetime
) -> None:
    """Ask the inbox for a confirmation, or tell a confirmed reader where the settings are.

    The caller's answer is the same in every case: whether the address is known, capped, suppressed or new.
    :raises InvalidInput: a choice that is not offered.
    :raises CapReached: the visitor's network asked too often, or too many ask at once.
    Whatever it raises, it has written nothing.
    :raises NotFound: the newsletter takes no readers.
    """
    if newsletter.closed_at is not None:
        raise NotFound(_("This newsletter takes no new readers."))
    sign_up.choices.check(newsletter)
    network = caps.network_of(sign_up.circumstances.ip or "")
    email_hash = hash_address(sign_up.address.key)
    inbox_hash = hash_address(addresses.inbox_of(sign_up.address.key))
    caps.hold(session, network=network, email_hash=inbox_hash)
    found = caps.find(session, sign_up.address, inbox_hash, network=network, newsletter=newsletter, now=now)
    caps.check(found, newsletter)
    held = _held_by(session, sign_up.address, email_hash, newsletter, found=found)
    attempt_id = attempts.note(
        session, email_hash=inbox_hash, network=network, newsletter_id=newsletter.id, held_by=held, now=now
    )
    subscriber = None if found.subscriber_id is None else session.get(Subscriber, found.subscriber_id)
    if held is None:
        _mail(session, sign_up, subscriber, newsletter, attempt_id=attempt_id, now=now)
    elif subscriber is not None:
        _correct(session, sign_up, subscriber, newsletter, now=now)


def confirm(
    session: Session,
    subscription_id: int,
    generation: int,
    *,
    hash_address: AddressHasher,
    circumstances: Circumstances,
    now: datetime,
) -> Standing:
    """Begin a subscription whose reader pressed the button; pressing again changes nothing.

    It also ends what an erasure of before has left behind: the inbox itself has asked for mail. The answer is
    CONFIRMED, or says why this link cannot confirm any more.
    """
    subscription = lock(session, subscription_id)
    before = standing(subscription, generation)
    if subscription is None or before is not Standing.WAITING:
        return before
    subscription.state = SubscriptionState.ACTIVE
    subscription.confirmed_at = now
    subscription.unsubscribed_at = None
    subscription.left_because = None
    subscription.paused_until = None
    subscription.reminded_at = None
    subscription.first_digest_pending = True
    subscription.next_due_at = next_slot(session, subscription, now=now)
    email_hash = hash_address(subscription.subscriber.email_key)
    back = suppression.lift(
        session, email_hash, list_id=suppression.EVERYWHERE, reasons=(suppression.ERASED,)
    )
    details = consent.choices(subscription) | {"generation": generation, **({"back": True} if back else {})}
    consent.record(
        session,
        subscription,
        ConsentKind.CONFIRMED,
        circumstances=circumstances,
        now=now,
        details=details,
    )
    session.flush()
    return Standing.CONFIRMED


def _mail(
    session: Session,
    sign_up: SignUp,
    known: Subscriber | None,
    newsletter: Newsletter,
    *,
    attempt_id: int,
    now: datetime,
) -> None:
    subscription = None if known is None else _find_subscription(session, known, newsletter.id)
    if subscription is not None and subscription.state is SubscriptionState.ACTIVE:
        outgoing.put_already_subscribed(session, subscription, attempt_id=attempt_id, now=now)
        return
    if subscription is None:
        subscription = Subscription(
            # The address is held: nobody else adds it meanwhile.
            subscriber=known or _new_subscriber(sign_up.address, now=now),
            newsletter=newsletter,
            locale=newsletter.locale,
            generation=0,
            created_at=now,
            watermark=0,
        )
        session.add(subscription)
    subscription.state = SubscriptionState.PENDING
    # Links of an earlier request, or of the time before an unsubscribe, end here.
    subscription.generation += 1
    _take_request(session, sign_up, subscription, now=now)
    outgoing.put_confirm(session, subscription, now=now)


def _correct(
    session: Session, sign_up: SignUp, subscriber: Subscriber, newsletter: Newsletter, *, now: datetime
) -> None:
    """Keep the newest choices of somebody who went back and sent the form again before confirming."""
    subscription = _find_subscription(session, subscriber, newsletter.id)
    if subscription is not None and subscription.state is SubscriptionState.PENDING:
        _take_request(session, sign_up, subscription, now=now)


def _take_request(session: Session, sign_up: SignUp, subscription: Subscription, *, now: datetime) -> None:
    sign_up.choices.apply(subscription)
    subscription.requested_at = now
    details = consent.choices(subscription) | {"generation": subscription.generation}
    consent.record(
        session,
        subscription,
        ConsentKind.REQUESTED,
        circumstances=sign_up.circumstances,
        now=now,
        details=details,
    )
    session.flush()


def _held_by(
    session: Session, address: Address, email_hash: bytes, newsletter: Newsletter, *, found: Findings
) -> Held | None:
    """Say what forbids a mail to this address; None when nothing does."""
    if not _is_person(address, newsletter):
        return Held.ROLE
    # A person who was erased may come back; no one else can say that they did (docs/adr/0035).
    if suppression.find(session, [email_hash], list_id=newsletter.id, besides=(suppression.ERASED,)):
        return Held.SUPPRESSED
    return None if caps.may_mail(found) else Held.ADDRESS


def _is_person(address: Address, newsletter: Newsletter) -> bool:
    """Neither a role nor one of our own addresses (standards 142)."""
    ours = {newsletter.sender.email.casefold(), newsletter.sender.reply_to.casefold()}
    return not addresses.is_role(address.key) and address.key not in ours


def _new_subscriber(address: Address, *, now: datetime) -> Subscriber:
    return Subscriber(email=address.email, email_key=address.key, created_at=now)


def _find_subscription(session: Session, subscriber: Subscriber, newsletter_id: int) -> Subscription | None:
    return session.scalars(
        select(Subscription)
        .where(Subscription.subscriber_id == subscriber.id, Subscription.newsletter_id == newsletter_id)
        .with_for_update(of=Subscription)
        .execution_options(populate_existing=True)
    ).one_or_none()
