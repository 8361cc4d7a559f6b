"""How mails are made for a reader: in which language, and whether with pictures and colours."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.errors import InvalidInput
from service.languages.offered import OFFERED, nearest
from service.languages.words import _
from service.subscribers import consent, preferences
from service.subscribers.consent import Circumstances
from service.subscribers.models import Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """Set on the preference page; a new reader has the newsletter's language."""

    #: One of the languages that there are words for.
    locale: str
    #: Mails without the HTML part.
    plain_text: bool

    def check(self) -> None:
        """Refuse a language that nothing is written in.

        :raises InvalidInput: with a sentence for the reader.
        """
        if self.locale not in OFFERED:
            raise InvalidInput(_("Choose one of these languages."), field="locale")


def of(subscription: Subscription) -> Format:
    """Return what holds for a subscription now; "de-AT" is spoken as "de"."""
    return Format(locale=nearest(subscription.locale), plain_text=subscription.plain_text)


def change(
    session: Session, subscription_id: int, wanted: Format, *, circumstances: Circumstances, now: datetime
) -> Subscription:
    """Save language and format; what did not change leaves no trace, and keeps the newsletter's own dialect.

    :raises InvalidInput: something that is not offered.
    :raises Conflict: the subscription is not active.
    """
    subscription = preferences.lock_active(session, subscription_id)
    wanted.check()
    before = of(subscription)
    if before == wanted:
        return subscription
    if before.locale != wanted.locale:
        subscription.locale = wanted.locale
    subscription.plain_text = wanted.plain_text
    consent.record_change(
        session, subscription, _logged(before), _logged(wanted), circumstances=circumstances, now=now
    )
    session.flush()
    return subscription


def _logged(wanted: Format) -> dict[str, object]:
    return {"locale": wanted.locale, "plain_text": wanted.plain_text}
