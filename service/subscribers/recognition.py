"""Being recognised when one follows a link: asked for by the reader, taken back at any time (docs/adr/0025).

The links are the same for everybody. The browser in which a reader asks keeps a cookie, and a click that
brings it is known by a key which is only in the subscription. Taking it back, leaving and erasure delete the
key, and nothing leads from the clicks to the reader any more.
"""

import hashlib
import secrets
from datetime import datetime

from sqlalchemy.orm import Session

from service.errors import Conflict
from service.languages.words import _
from service.newsletters.models import Newsletter
from service.subscribers import consent, queries
from service.subscribers.consent import Circumstances
from service.subscribers.models import ConsentKind, Subscription, SubscriptionState


def wording(newsletter: Newsletter) -> str:
    """Return what pressing the button means, as the page shows it and the log keeps it."""
    return _(
        "When I follow a link from a mail in this browser, %(newsletter)s may know that it is me, to count "
        "my reading once and to show me which topics I read. I can take this back at any time.",
        newsletter=newsletter.name,
    )


def allow(
    session: Session, subscription_id: int, *, circumstances: Circumstances, now: datetime
) -> Subscription:
    """Recognise this reader from now on; a second time keeps the key, for another browser.

    :raises Conflict: the newsletter does not offer it, or the subscription is not active.
    """
    subscription = queries.lock(session, subscription_id)
    if subscription is None or not _is_offered(subscription):
        raise Conflict(_("This newsletter does not offer to recognise readers."))
    if subscription.recognition_key is None:
        subscription.recognition_key = secrets.token_bytes(32)
        _record(session, subscription, allowed=True, circumstances=circumstances, now=now)
    return subscription


def withdraw(
    session: Session, subscription_id: int, *, circumstances: Circumstances, now: datetime
) -> Subscription | None:
    """Forget the key, and with it whose clicks there are; a second time changes nothing."""
    subscription = queries.lock(session, subscription_id)
    if subscription is not None and subscription.recognition_key is not None:
        subscription.recognition_key = None
        _record(session, subscription, allowed=False, circumstances=circumstances, now=now)
    return subscription


def mark(subscription: Subscription) -> int:
    """Return what a cookie says of the key, 0 without one: after a withdrawal an old cookie means nothing."""
    if subscription.recognition_key is None:
        return 0
    return int.from_bytes(_hash(subscription.recognition_key, b"mark")[:4]) + 1


def reader_of(session: Session, subscription_id: int, claimed: int, *, newsletter_id: int) -> bytes | None:
    """Return by what the clicks of a recognised reader are known; None for whoever is not one any more."""
    subscription = queries.find(session, subscription_id)
    if subscription is None or subscription.newsletter_id != newsletter_id or not _is_offered(subscription):
        return None
    return known_by(subscription) if claimed and claimed == mark(subscription) else None


def known_by(subscription: Subscription) -> bytes | None:
    """Return by what the clicks of this reader are known."""
    key = subscription.recognition_key
    return None if key is None else _hash(key, b"clicks")


def _is_offered(subscription: Subscription) -> bool:
    return subscription.newsletter.recognises and subscription.state is SubscriptionState.ACTIVE


def _hash(key: bytes, purpose: bytes) -> bytes:
    return hashlib.sha256(purpose + key).digest()


def _record(
    session: Session,
    subscription: Subscription,
    *,
    allowed: bool,
    circumstances: Circumstances,
    now: datetime,
) -> None:
    consent.record(
        session,
        subscription,
        ConsentKind.PREFERENCES_CHANGED,
        circumstances=circumstances,
        now=now,
        details={"recognised": allowed},
    )
