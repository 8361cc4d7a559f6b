"""How often the sign-up form may cause mail: nobody's inbox is bombed through it (standards 141).

Attempts from one network are counted whatever became of them, so that reaching the cap tells nothing
about an address. Per address (whatever stands behind its “+”) only those that were mailed count, and only
since the latest confirmation: whoever confirms has shown that the inbox is theirs.
"""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.errors import TooManyRequests
from service.languages.words import _
from service.newsletters.models import Newsletter
from service.subscribers import addresses, attempts
from service.subscribers.addresses import Address
from service.subscribers.attempts import DAY, HOUR, MINUTE, Findings
from service.subscribers.models import Subscription
from service.subscribers.signup_models import Held

#: Mails per address: for one newsletter in a day, and for all of them in a month.
PER_DAY = 1
PER_MONTH = 3
#: Attempts per network.
PER_NETWORK_HOUR = 60
PER_NETWORK_DAY = 300
#: Of IPv6 the prefix that holds about as many households as a /24 of IPv4: a line gets a /56 or a /48.
V6_PREFIX = 48

# The network first, always: two who hold one each and want the other's would wait for ever.
_HOLD = text("SELECT pg_advisory_xact_lock(hashtextextended(:network, 0)), pg_advisory_xact_lock(:address)")


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
    address = int.from_bytes(email_hash[:8], signed=True)
    session.execute(_HOLD, {"network": f"network {network}", "address": address})


def find(
    session: Session,
    address: Address,
    email_hash: bytes,
    *,
    network: str,
    newsletter: Newsletter,
    now: datetime,
) -> Findings:
    """Ask everything that one press is measured by."""
    return attempts.find(
        session,
        email_key=address.key,
        email_hash=email_hash,
        network=network,
        newsletter_id=newsletter.id,
        caps={
            "per_day": PER_DAY,
            "per_month": PER_MONTH,
            "per_network_hour": PER_NETWORK_HOUR,
            "per_network_day": PER_NETWORK_DAY,
            "per_minute": newsletter.signups_per_minute,
        },
        now=now,
    )


def check(found: Findings, newsletter: Newsletter) -> None:
    """Refuse a network, or for a moment everybody, when sign-ups come faster than readers do.

    Of a flood from many networks a few too many may slip in at once.

    :raises CapReached: says when to come back; depends on no address.
    """
    if found.network_hour >= PER_NETWORK_HOUR or found.network_day >= PER_NETWORK_DAY:
        period = HOUR if found.network_day < PER_NETWORK_DAY else DAY
        raise CapReached(
            _("There were too many sign-ups from your network. Please try again later."),
            retry_after=int(period.total_seconds()),
            held_by=Held.NETWORK,
        )
    if found.newsletter_minute >= newsletter.signups_per_minute:
        raise CapReached(
            _("Very many people are signing up at this moment. Please try again in a few minutes."),
            retry_after=int(MINUTE.total_seconds()),
            held_by=Held.NEWSLETTER,
        )


def may_mail(found: Findings) -> bool:
    """Say whether one more mail to this address is within the caps."""
    return found.address_day < PER_DAY and found.address_month < PER_MONTH


def may_remind(session: Session, email_hash: bytes, subscription: Subscription, *, now: datetime) -> bool:
    """Say whether a reminder to confirm is within the caps; it counts like the mail it reminds of."""
    mails = attempts.mails_of_month(
        session,
        email_key=subscription.subscriber.email_key,
        email_hash=email_hash,
        newsletter_id=subscription.newsletter_id,
        cap=PER_MONTH,
        now=now,
    )
    return mails < PER_MONTH
