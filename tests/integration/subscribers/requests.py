"""Sign-ups as the form would make them."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.delivery.models import Message
from service.newsletters.models import Newsletter, Rhythm
from service.subscribers import addresses, opt_in
from service.subscribers.choices import Choices
from service.subscribers.consent import Circumstances
from service.subscribers.models import Subscription
from service.subscribers.opt_in import SignUp
from service.tokens import AddressHasher

HASH = AddressHasher(("a key that is only ever used in tests",))
ANN = "ann@example.org"
PAGE = Circumstances(
    channel="form",
    form_url="https://news.example/n/courier",
    wording="Yes, please.",
    ip="192.0.2.7",
    user_agent="Firefox",
)


def choices(newsletter: Newsletter, **values: object) -> Choices:
    return Choices(
        **{  # type: ignore[arg-type]  # defaults, overridden by name
            "topic_ids": tuple(topic.id for topic in newsletter.topics),
            "rhythm": Rhythm.WEEKLY,
            "weekday": 5,
            "hour": 7,
            "time_zone": "Europe/Berlin",
            "announcements": False,
            **values,
        }
    )


def sign_up(
    session: Session,
    newsletter: Newsletter,
    *,
    now: datetime,
    email: str = ANN,
    circumstances: Circumstances = PAGE,
    **values: object,
) -> None:
    request = SignUp(
        address=addresses.parse(email),
        choices=choices(newsletter, **values),
        circumstances=circumstances,
    )
    opt_in.request(session, newsletter, request, hash_address=HASH, now=now)


def the_subscription(session: Session) -> Subscription:
    return session.scalars(select(Subscription)).one()


def kinds(session: Session) -> list[str]:
    """What was written into the ledger, oldest first."""
    return list(session.scalars(select(Message.kind).order_by(Message.mailing_id, Message.id)))
