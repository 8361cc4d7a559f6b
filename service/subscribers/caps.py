"""How often the sign-up form may cause mail: nobody's inbox is bombed through it (standards 141).

Attempts from one network are counted whatever became of them, so that reaching the cap tells nothing
about an address. Per address only those that were mailed count, and only since the latest confirmation:
whoever confirms has shown that the inbox is theirs.
"""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.errors import TooManyRequests
from service.languages.words import _
from service.subscribers.models import SignupAttempt, Subscriber, Subscription

#: Mails per address: for one newsletter in a day, and for all of them in a month.
PER_DAY = 1
PER_MONTH = 3
#: Attempts per /24 or /64, and mails for the whole installation.
PER_NETWORK_HOUR = 60
PER_NETWORK_DAY = 300
PER_MINUTE = 300

DAY = timedelta(days=1)
MONTH = timedelta(days=30)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def check_network(session: Session, network: str, *, now: datetime) -> None:
    """Refuse a network, or everybody, when sign-ups come faster than readers do.

    :raises TooManyRequests: says when to come back; depends on no address.
    """
    query = select(func.count()).select_from(SignupAttempt)
    from_network = query.where(SignupAttempt.network == network)
    for cap, period, counted in (
        (PER_NETWORK_HOUR, HOUR, from_network),
        (PER_NETWORK_DAY, DAY, from_network),
        (PER_MINUTE, MINUTE, query),
    ):
        if session.scalar(counted.where(SignupAttempt.at > now - period)) >= cap:  # type: ignore[operator]  # count
            raise TooManyRequests(
                _("There were too many sign-ups from your network. Please try again later."),
                retry_after=int(period.total_seconds()),
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
    confirmed: dict[int, datetime | None] = {}
    if subscriber is not None:
        rows = session.execute(
            select(Subscription.newsletter_id, Subscription.confirmed_at).where(
                Subscription.subscriber_id == subscriber.id, Subscription.confirmed_at.is_not(None)
            )
        )
        confirmed = dict(rows.all())
    here = max(now - DAY, confirmed.get(newsletter_id) or now - DAY)
    anywhere = max([now - MONTH, *(moment for moment in confirmed.values() if moment is not None)])
    mailed = select(func.count()).where(SignupAttempt.email_hash == email_hash, SignupAttempt.mailed)
    today = session.scalar(
        mailed.where(SignupAttempt.newsletter_id == newsletter_id, SignupAttempt.at > here)
    )
    month = session.scalar(mailed.where(SignupAttempt.at > anywhere))
    return (today or 0) < PER_DAY and (month or 0) < PER_MONTH
