"""What a confirmation link still means."""

from enum import StrEnum

from service.subscribers.models import Subscription, SubscriptionState


class Standing(StrEnum):
    """WAITING can be confirmed; CONFIRMED is "you're in", also on the second press."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    #: A newer confirmation mail was sent; only that one counts.
    SUPERSEDED = "superseded"
    #: The reader left; an old link must not bring anybody back.
    LEFT = "left"
    #: Never confirmed, and deleted since.
    GONE = "gone"


def standing(subscription: Subscription | None, generation: int) -> Standing:
    """Judge a link by the subscription as it is now and the generation that the link was mailed for."""
    if subscription is None:
        return Standing.GONE
    if subscription.state is SubscriptionState.ACTIVE:
        return Standing.CONFIRMED
    if subscription.state is SubscriptionState.UNSUBSCRIBED:
        return Standing.LEFT
    return Standing.WAITING if subscription.generation == generation else Standing.SUPERSEDED
