"""How often the sign-up form may cause mail: nobody's inbox is bombed through it (standards 141).

Attempts from one network are counted whatever became of them, so that reaching the cap tells nothing
about an address. Per address only those that were mailed count, and only since the latest confirmation:
whoever confirms has shown that the inbox is theirs.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ScalarSelect, func, select, true
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


def hold(session: Session, *, network: str, email_hash: bytes) -> None:
    """Let sign-ups of one network, and of one address, wait for each other until the commit: of twenty at
    once not each can be the first."""
    # The network first, always: two who hold one each and want the other's would wait for ever.
    session.execute(
        select(
            func.pg_advisory_xact_lock(func.hashtextextended(f"network {network}", 0)),
            func.pg_advisory_xact_lock(int.from_bytes(email_hash[:8], signed=True)),
        )
    )


def check(session: Session, *, network: str, newsletter: Newsletter, now: datetime) -> None:
    """Refuse a network, or for a moment everybody, when sign-ups come faster than readers do.

    Of a flood from many networks a few too many may slip in at once.

    :raises CapReached: says when to come back; depends on no address.
    """
    here = SignupAttempt.network == network
    mailed = SignupAttempt.mailed & (SignupAttempt.newsletter_id == newsletter.id)
    hour, day, minute = session.execute(
        select(
            _count(PER_NETWORK_HOUR, here, since=now - HOUR),
            _count(PER_NETWORK_DAY, here, since=now - DAY),
            _count(newsletter.signups_per_minute, mailed, since=now - MINUTE),
        )
    ).one()
    if hour >= PER_NETWORK_HOUR or day >= PER_NETWORK_DAY:
        period = HOUR if day < PER_NETWORK_DAY else DAY
        raise CapReached(
            _("There were too many sign-ups from your network. Please try again later."),
            retry_after=int(period.total_seconds()),
            held_by=Held.NETWORK,
        )
    if minute >= newsletter.signups_per_minute:
        raise CapReached(
            _("Very many people are signing up at this moment. Please try again in a few minutes."),
            retry_after=int(MINUTE.total_seconds()),
            held_by=Held.NEWSLETTER,
        )


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
    mailed = SignupAttempt.mailed & (SignupAttempt.email_hash == email_hash)
    today, month = session.execute(
        select(
            _count(
                PER_DAY,
                mailed & (SignupAttempt.newsletter_id == newsletter_id),
                since=max(now - DAY, confirmed.get(newsletter_id, now - DAY)),
            ),
            _count(PER_MONTH, mailed, since=_month(confirmed, now=now)),
        )
    ).one()
    reminders = _reminders(session, subscriber, since=_month(confirmed, now=now))
    return today < PER_DAY and month + reminders < PER_MONTH


def may_remind(session: Session, email_hash: bytes, subscriber: Subscriber, *, now: datetime) -> bool:
    """Say whether a reminder to confirm is within the caps; it counts like the mail it reminds of."""
    since = _month(_confirmed(session, subscriber), now=now)
    mailed = SignupAttempt.mailed & (SignupAttempt.email_hash == email_hash)
    month = session.scalar(select(_count(PER_MONTH, mailed, since=since))) or 0
    return month + _reminders(session, subscriber, since=since) < PER_MONTH


def _count(cap: int, condition: ColumnElement[bool], *, since: datetime) -> ScalarSelect[int]:
    """Count attempts, and look at no more of them than the cap."""
    few = select(true()).where(condition, SignupAttempt.at > since).limit(cap).subquery()
    return select(func.count()).select_from(few).scalar_subquery()


def _month(confirmed: dict[int, datetime], *, now: datetime) -> datetime:
    """Return since when mails count: whoever confirms begins anew."""
    return max([now - MONTH, *confirmed.values()])


def _reminders(session: Session, subscriber: Subscriber | None, *, since: datetime) -> int:
    if subscriber is None:
        return 0
    reminded = select(func.count()).where(
        Subscription.subscriber_id == subscriber.id, Subscription.reminded_at > since
    )
    return session.scalar(reminded) or 0


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
