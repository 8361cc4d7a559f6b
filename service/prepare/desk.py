"""What every composer works with, and how a newsletter's mail is addressed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.delivery import mime
from service.delivery.due import Due
from service.delivery.models import Stream
from service.delivery.ports import Body, Head, ListHeaders, Mail, Ready, Skip
from service.emails.letters import EmailContent
from service.links import Links
from service.newsletters.models import Newsletter
from service.operators import queries as operators
from service.operators.models import Operator
from service.recipes.bodies import Bodies
from service.subscribers import queries as subscribers
from service.subscribers.models import Subscription
from service.tokens import AddressHasher

Answer = Ready | Skip

#: Last field of Feedback-ID: names the sender of all our mail, 5 to 15 characters, never changes.
FEEDBACK_SENDER = "broadsheet"


@dataclass(frozen=True, slots=True)
class Desk:
    """One batch: a read-only session, the tools, and the instant of the batch."""

    session: Session
    links: Links
    hash_address: AddressHasher
    bodies: Bodies
    now: datetime

    def subscriptions(self, messages: Iterable[Due]) -> dict[int, Subscription]:
        """Return the subscriptions of these messages, with reader, newsletter, sender and topics."""
        return subscribers.find_many(self.session, _known(message.subscription_id for message in messages))

    def to_subscriber(
        self,
        message: Due,
        subscription: Subscription,
        content: EmailContent,
        *,
        date: datetime,
        unsubscribe_url: str | None = None,
    ) -> Ready:
        """Address a mail to a subscriber; with `unsubscribe_url` it carries the headers of its list."""
        newsletter = subscription.newsletter
        listed = None
        if unsubscribe_url is not None:
            listed = ListHeaders(newsletter.list_id, newsletter.name, self.links.newsletter(newsletter.slug))
        head = _head(message, newsletter, content.subject, date=date, listed=listed)
        body = mime.text_of(content) if subscription.plain_text else mime.body_of(content)
        mail = Mail(head, subscription.subscriber.email, unsubscribe_url, body)
        return Ready(message, mail, self.hash_address(subscription.subscriber.email_key))

    def to_address(
        self,
        message: Due,
        newsletter: Newsletter,
        content: EmailContent,
        *,
        email: str,
        email_key: str,
        date: datetime,
    ) -> Ready:
        """Address a mail of a newsletter to an inbox that is nobody's yet; it belongs to no list."""
        head = _head(message, newsletter, content.subject, date=date)
        return Ready(message, Mail(head, email, None, mime.body_of(content)), self.hash_address(email_key))

    def operators(self, messages: Iterable[Due]) -> dict[int, Operator]:
        """Return the operators these messages go to."""
        return operators.find_many(self.session, _known(message.operator_id for message in messages))

    def inviters(self, messages: Iterable[Due]) -> dict[int, Operator]:
        """Return the operators who caused these messages."""
        inviters = (message.details.get("invited_by") for message in messages)
        return operators.find_many(self.session, _known(inviters))

    def to_operator(
        self,
        message: Due,
        operator: Operator,
        newsletter: Newsletter,
        subject: str,
        body: Body,
        *,
        date: datetime,
    ) -> Ready:
        """Address a mail to an operator; it belongs to no list."""
        mail = Mail(_head(message, newsletter, subject, date=date), operator.email, None, body)
        return Ready(message, mail, self.hash_address(operator.email_key))


def _known(ids: Iterable[int | None]) -> set[int]:
    return {number for number in ids if number is not None}


def feedback_id(message: Due, *, slug: str) -> str:
    """Return campaign, list and type of a message: never anything about its reader."""
    return f"m{message.mailing_id}:{slug}:{message.kind}:{FEEDBACK_SENDER}"


def is_automatic(message: Due) -> bool:
    """Say whether a schedule sent it: a confirmation answers a person (RFC 3834)."""
    return message.stream is Stream.DIGEST


def _head(
    message: Due,
    newsletter: Newsletter,
    subject: str,
    *,
    date: datetime,
    listed: ListHeaders | None = None,
) -> Head:
    sender = newsletter.sender
    return Head(
        from_name=sender.name,
        from_address=sender.email,
        reply_to=sender.reply_to or sender.email,
        subject=subject,
        date=date,
        feedback_id=feedback_id(message, slug=newsletter.slug),
        auto_submitted=is_automatic(message),
        list=listed,
    )
