"""The manage link: mailed on request, because a forwarded mail must not let a stranger export or erase."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service.delivery.queries import count_recent
from service.errors import BadToken, NotFound, TooManyRequests
from service.languages.words import _
from service.subscribers import outgoing, queries
from service.subscribers.models import Subscription
from service.tokens import AddressHasher

#: Mails per reader.
PER_DAY = 5
DAY = timedelta(days=1)
#: Pressed again at once, the button means the mail that is on its way.
SAME = timedelta(minutes=1)


def request(session: Session, subscription_id: int, *, now: datetime) -> None:
    """Mail the link to the reader's own inbox, also of one who has left: their data are theirs as well.

    :raises TooManyRequests: says when to come back.
    :raises NotFound: nothing is known of them any more.
    """
    subscription = queries.lock(session, subscription_id)
    if subscription is None:
        raise NotFound(_("This subscription does not exist any more."))
    asked_for = subscription.subscriber_id
    if count_recent(session, subscriber_id=asked_for, kind="manage", since=now - SAME):
        return
    if count_recent(session, subscriber_id=asked_for, kind="manage", since=now - DAY) >= PER_DAY:
        raise TooManyRequests(
            _("We have mailed this link several times today. Look into your inbox, or try again tomorrow."),
            retry_after=int(DAY.total_seconds()),
        )
    outgoing.put_manage(session, subscription, now=now)


def open_link(
    session: Session, subscription_id: int, mark: int, *, hash_address: AddressHasher
) -> Subscription:
    """Return whose data a link leads to.

    :raises BadToken: nobody's any more: erased since, or the address is another one by now.
    """
    subscription = queries.find(session, subscription_id)
    if subscription is None or hash_address.mark(subscription.subscriber.email_key) != mark:
        raise BadToken(_("This link leads nowhere any more."))
    return subscription
