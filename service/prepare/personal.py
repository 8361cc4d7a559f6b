"""Mail about a reader's own data: the link to them, and a change of address."""

from collections.abc import Callable, Sequence

from service.delivery.due import Due
from service.delivery.ports import Skip
from service.emails.rendering import render
from service.languages import speech
from service.prepare.desk import Answer, Desk
from service.subscribers import emails, moving
from service.subscribers.models import AddressChange, Subscription


def manage(desk: Desk, messages: Sequence[Due]) -> list[Answer]:
    """Send the link whose time began when it was asked for."""

    def one(message: Due, subscription: Subscription) -> Answer:
        mark = desk.hash_address.mark(subscription.subscriber.email_key)
        letter = emails.manage_letter(subscription, mark=mark, links=desk.links, asked_at=message.created_at)
        return desk.to_subscriber(message, subscription, render(letter), date=message.created_at)

    return _each(desk, messages, one)


def new_address(desk: Desk, messages: Sequence[Due]) -> list[Answer]:
    """Ask the new inbox; a change that was stopped or replaced meanwhile needs no mail any more."""

    def one(message: Due, subscription: Subscription) -> Answer:
        change = _change(desk, message)
        if change is None:
            return Skip(message, "replaced")
        letter = emails.new_address_letter(subscription, change, links=desk.links)
        return desk.to_address(
            message,
            subscription.newsletter,
            render(letter),
            email=change.email,
            email_key=change.email_key,
            date=message.created_at,
        )

    return _each(desk, messages, one)


def old_address(desk: Desk, messages: Sequence[Due]) -> list[Answer]:
    """Tell the address that is about to be left."""

    def one(message: Due, subscription: Subscription) -> Answer:
        change = _change(desk, message)
        if change is None:
            return Skip(message, "replaced")
        letter = emails.old_address_letter(subscription, change, links=desk.links)
        return desk.to_subscriber(message, subscription, render(letter), date=message.created_at)

    return _each(desk, messages, one)


def _change(desk: Desk, message: Due) -> AddressChange | None:
    return moving.find_open(desk.session, int(message.details["change"]), now=desk.now)


def _each(desk: Desk, messages: Sequence[Due], one: Callable[[Due, Subscription], Answer]) -> list[Answer]:
    found = desk.subscriptions(messages)
    answers: list[Answer] = []
    for message in messages:
        subscription = found.get(message.subscription_id or 0)
        if subscription is None:
            answers.append(Skip(message, "erased"))
            continue
        with speech.speaking(subscription.locale):
            answers.append(one(message, subscription))
    return answers
