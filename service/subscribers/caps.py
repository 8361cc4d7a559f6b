"""How often the sign-up form may cause mail: nobody's inbox is bombed through it (standards 141).

Attempts from one network are counted whatever became of them, so that reaching the cap tells nothing
about an address. Per address only those that were mailed count, and only since the latest confirmation:
whoever confirms has shown that the inbox is theirs.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from service.errors import TooManyRequests
from service.languages.words import _
from service.newsletters.models import Newsletter
from service.subscribers import addresses
from service.subscribers.models import Held, SignupAttempt, Subscriber, Subscription

#: Mails per address: for one newsletter in a day, and for all of them in a month.
PER_DAY = 1
PER_MONTH = 3
#: Attempts per network.
PER_NETWORK_HOUR = 60
PER_NETWORK_DAY = 300
#: Of IPv6 the prefix that holds about as many households as a /24 of IPv4: a line gets a /56 or a /48.
V6_PREFIX = 48

DAY = timedelta(days=1)
MONTH = timedelta(days=30)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class CapReached(TooManyRequests):
    """More sign-ups than readers make; `held_by` names the cap."""

    def __init__(self, message: str, *, retry_after: int, held_by: Held) -> None:
        super().__init__(message, retry_after=retry_after)
        self.held_by = held_by


def network_of(ip: str) -> str:
    """Return the network that a visitor's sign-ups are counted with."""
    return addresses.network_of(ip, v6=V6_PREFIX)


def check_network(session: Session, network: str, *, now: datetime) -> None:
    """Refuse a network whose sign-ups come faster than readers do; those that are let in wait for each other.

    :raises CapReached: says when to come back; depends on no address.
    """
    # Looked at twice: a flood that is over its cap must not queue for the lock.
    _check_network(session, network, now=now)
    _hold(session, hash_key=f"network {network}")
    _check_network(session, network, now=now)


def check_newsletter(session: Session, newsletter: Newsletter, *, now: datetime) -> None:
    """Refuse everybody for a moment when a newsletter gets more readers than it can have: a flood from
    many networks. A few too many may slip in at once.

    :raises CapReached: says when to come back.
    """
    mailed = SignupAttempt.mailed & (SignupAttempt.newsletter_id == newsletter.id)
    if _reaches(session, newsletter.signups_per_minute, mailed, since=now - MINUTE):
        raise CapReached(
            _("Very many people are signing up at this moment. Please try again in a few minutes."),
            retry_after=60,
            held_by=Held.NEWSLETTER,
        )


def hold_address(session: Session, email_hash: bytes) -> None:
    """Let sign-ups of one address wait for each other, so that twenty at once cannot each be the first."""
    key = int.from_bytes(email_hash[:8], signed=True)
    session.execute(select(func.pg_advisory_xact_lock(key)))


def may_mail(
    session: Session,
    email_hash: bytes,
    *,
    subscriber: Subscriber | None,
    newsletter_id: int,
    now: datetime,
) -> bool:
    """Say whether one more mail to this address is within the caps."""
    confirmed = _confirmed(session, subscriber)
    here = max(now - DAY, confirmed.get(newsletter_id, now - DAY))
    mailed = SignupAttempt.mailed & (SignupAttempt.email_hash == email_hash)
    if _reaches(session, PER_DAY, mailed & (SignupAttempt.newsletter_id == newsletter_id), since=here):
        return False
    return _is_below_month(session, email_hash, subscriber, since=max([now - MONTH, *confirmed.values()]))


def may_remind(session: Session, email_hash: bytes, subscriber: Subscriber, *, now: datetime) -> bool:
    """Say whether a reminder to confirm is within the caps; it counts like the mail it reminds of."""
    confirmed = _confirmed(session, subscriber)
    return _is_below_month(session, email_hash, subscriber, since=max([now - MONTH, *confirmed.values()]))


def _check_network(session: Session, network: str, *, now: datetime) -> None:
    here = SignupAttempt.network == network
    for cap, period in ((PER_NETWORK_HOUR, HOUR), (PER_NETWORK_DAY, DAY)):
        if _reaches(session, cap, here, since=now - period):
            raise CapReached(
                _("There were too many sign-ups from your network. Please try again later."),
                retry_after=int(period.total_seconds()),
                held_by=Held.NETWORK,
            )


def _reaches(session: Session, cap: int, condition: ColumnElement[bool], *, since: datetime) -> bool:
    """Say whether there are so many attempts; looks at no more of them than that."""
    if cap <= 0:
        return True
    few = select(true()).where(condition, SignupAttempt.at > since).limit(cap).subquery()
    return (session.scalar(select(func.count()).select_from(few)) or 0) >= cap


def _is_below_month(
    session: Session, email_hash: bytes, subscriber: Subscriber | None, *, since: datetime
) -> bool:
    reminders = 0
    if subscriber is not None:
        reminded = select(func.count()).where(
            Subscription.subscriber_id == subscriber.id, Subscription.reminded_at > since
        )
        reminders = session.scalar(reminded) or 0
    mailed = SignupAttempt.mailed & (SignupAttempt.email_hash == email_hash)
    return not _reaches(session, PER_MONTH - reminders, mailed, since=since)


def _confirmed(session: Session, subscriber: Subscriber | None) -> dict[int, datetime]:
    """When this person confirmed which newsletter."""
    if subscriber is None:
        return {}
    rows = session.execute(
        select(Subscription.newsletter_id, Subscription.confirmed_at).where(
            Subscription.subscriber_id == subscriber.id, Subscription.confirmed_at.is_not(None)
        )
    )
    return {newsletter_id: moment for newsletter_id, moment in rows if moment is not None}


def _hold(session: Session, *, hash_key: str) -> None:
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(hash_key, 0))))
