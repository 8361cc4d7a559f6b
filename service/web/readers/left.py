"""The page after leaving: the way back for a day, and a question that nobody has to answer."""

from datetime import UTC, datetime, timedelta

from flask import Response
from sqlalchemy.orm import Session

from service.languages.words import _, later
from service.subscribers import returning
from service.subscribers.models import LeavingReason, Subscription
from service.tokens import Purpose
from service.web.context import now, runtime
from service.web.readers.page import ids, page
from service.web.security import private

#: Exactly: a leaving is known by the instant it was written with.
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
REASONS = {
    LeavingReason.TOO_MANY: later("Too many mails"),
    LeavingReason.NOT_INTERESTING: later("The articles are not for me"),
    LeavingReason.ELSEWHERE: later("I read you elsewhere"),
    LeavingReason.NEVER_ASKED: later("I never asked for this"),
    LeavingReason.OTHER: later("Another reason"),
}


def render(session: Session, subscription: Subscription | None, *, thanked: bool = False) -> Response:
    """The same page the first time and every time after; it tells nothing of a reader who is gone."""
    back = "" if subscription is None else _way_back(session, subscription)
    return _page(subscription, back=back, thanked=thanked)


def render_plainly(subscription: Subscription | None) -> Response:
    """Answer a mail service: without a form, for a form would bring a cookie (RFC 8058, section 3.1)."""
    return _page(subscription, back="", thanked=False)


def _page(subscription: Subscription | None, *, back: str, thanked: bool) -> Response:
    return private(
        page(
            "left",
            newsletter=None if subscription is None else subscription.newsletter,
            back=back,
            reasons=[(reason.value, _(words)) for reason, words in REASONS.items()],
            thanked=thanked,
        )
    )


def _way_back(session: Session, subscription: Subscription) -> str:
    """Sign the leaving that one press takes back; nothing once it is too late."""
    left_at = returning.left_at(session, subscription, now=now())
    if left_at is None:
        return ""
    payload = [subscription.id, (left_at - _EPOCH) // _MICROSECOND]
    return runtime().tokens.make(Purpose.RETURN, payload, at=left_at)


def read_way_back(token: str) -> tuple[int, datetime]:
    """Return whose leaving a link is about, and when it was.

    :raises BadToken: forged or expired.
    """
    subscription_id, microseconds = ids(Purpose.RETURN, token, at_least=2)
    return subscription_id, _EPOCH + microseconds * _MICROSECOND
