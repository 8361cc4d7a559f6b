"""The button that takes a change back: the former values, signed, for an hour and for one subscription."""

from typing import Any

from service.errors import BadToken
from service.languages.words import _
from service.subscribers import saving
from service.subscribers.models import Subscription
from service.subscribers.saving import Saved
from service.tokens import Purpose
from service.web.context import now, runtime


def token(subscription_id: int, saved: Saved) -> str:
    """Sign what a save has changed; nothing for one that changed nothing."""
    if not saved.before:
        return ""
    payload: list[Any] = [subscription_id, dict(saved.before), dict(saved.after)]
    return runtime().tokens.make(Purpose.UNDO, payload, at=now())


def read(subscription_id: int, signed: str) -> Saved:
    """Return what is to be taken back.

    :raises BadToken: forged, expired, or of another subscription.
    """
    payload = runtime().tokens.read(Purpose.UNDO, signed, now=now())
    if len(payload) != 3 or payload[0] != subscription_id:
        raise BadToken(_("This link is not complete, or was changed on its way."))
    return Saved(before=payload[1], after=payload[2])


def still_holds(subscription: Subscription, signed: str) -> bool:
    """Say whether the button may be shown: nothing that it takes back has been changed again."""
    if not signed:
        return False
    try:
        saved = read(subscription.id, signed)
    except BadToken:
        return False
    current = saving.values_of(subscription)
    return all(current.get(name) == value for name, value in saved.after.items())
