"""Mail that one person caused: confirmations, answers to them, invitations, forgotten passwords."""

from collections.abc import Callable, Sequence

from service.delivery import mime
from service.delivery.due import Due
from service.delivery.ports import Skip
from service.emails.rendering import render
from service.languages.offered import SOURCE
from service.newsletters import queries as newsletters
from service.newsletters.letterhead import letterhead
from service.newsletters.models import Newsletter
from service.operators import factors, forgotten
from service.operators.emails import invitation_letter, password_letter
from service.prepare.desk import Answer, Desk
from service.subscribers import emails
from service.subscribers.models import Subscription, SubscriptionState


def confirm(desk: Desk, messages: Sequence[Due]) -> list[Answer]:
    """Ask to confirm; a request that was confirmed or replaced meanwhile needs no mail any more."""

    def one(message: Due, subscription: Subscription) -> Answer:
        generation = int(message.details["generation"])
        if subscription.generation != generation:
            return Skip(message, "replaced")
        if subscription.state is not SubscriptionState.PENDING:
            return Skip(message, "confirmed")
        letter = emails.confirm_letter(
            subscription, generation=generation, links=desk.links, asked_at=message.created_at
        )
        return desk.to_subscriber(message, subscription, render(letter), date=message.created_at)

    return _each(desk, messages, one)


def reminder(desk: Desk, messages: Sequence[Due]) -> list[Answer]:
    """Ask once more, unless it was confirmed, withdrawn or asked anew in the meantime."""

    def one(message: Due, subscription: Subscription) -> Answer:
        generation = int(message.details["generation"])
        if subscription.generation != generation:
            return Skip(message, "replaced")
        if subscription.state is not SubscriptionState.PENDING:
            return Skip(message, "confirmed")
        letter = emails.reminder_letter(subscription, generation=generation, links=desk.links)
        return desk.to_subscriber(message, subscription, render(letter), date=message.created_at)

    return _each(desk, messages, one)


def already_subscribed(desk: Desk, messages: Sequence[Due]) -> list[Answer]:
    """Tell a confirmed reader who signed up again where the settings are."""

    def one(message: Due, subscription: Subscription) -> Answer:
        if subscription.state is not SubscriptionState.ACTIVE:
            return Skip(message, "unsubscribed")
        letter = emails.already_subscribed_letter(
            subscription, links=desk.links, mailing_id=message.mailing_id
        )
        return desk.to_subscriber(message, subscription, render(letter), date=message.created_at)

    return _each(desk, messages, one)


def welcome(desk: Desk, messages: Sequence[Due]) -> list[Answer]:
    """Greet a new reader for whom there is nothing to read yet."""

    def one(message: Due, subscription: Subscription) -> Answer:
        if subscription.state is not SubscriptionState.ACTIVE:
            return Skip(message, "unsubscribed")
        letter = emails.welcome_letter(subscription, links=desk.links, mailing_id=message.mailing_id)
        return desk.to_subscriber(
            message,
            subscription,
            render(letter),
            date=message.created_at,
            unsubscribe_url=letter.links.unsubscribe_url,
        )

    return _each(desk, messages, one)


def operator_invitation(desk: Desk, messages: Sequence[Due]) -> list[Answer]:
    """Invite an operator; an invitation that was accepted, renewed or withdrawn is not sent."""
    operators = desk.operators(messages)
    inviters = desk.inviters(messages)
    newsletter = _house(desk)

    def one(message: Due) -> Answer:
        operator = operators.get(message.operator_id or 0)
        generation = int(message.details["generation"])
        if operator is None or operator.disabled_at is not None or newsletter is None:
            return Skip(message, "erased")
        if operator.password_hash is not None or operator.invitation_generation != generation:
            return Skip(message, "replaced")
        inviter = inviters.get(message.details["invited_by"])
        letter = invitation_letter(
            operator,
            invited_by=inviter.name if inviter and inviter.name else "An administrator",
            generation=generation,
            letterhead=letterhead(newsletter, locale=SOURCE, links=desk.links),
            links=desk.links,
            invited_at=message.created_at,
        )
        content = render(letter)
        return desk.to_operator(
            message, operator, newsletter, content.subject, mime.body_of(content), date=message.created_at
        )

    return [one(message) for message in messages]


def operator_password(desk: Desk, messages: Sequence[Due]) -> list[Answer]:
    """Send the way to a new password; one that was chosen meanwhile makes the letter needless."""
    operators = desk.operators(messages)
    newsletter = _house(desk)

    def one(message: Due) -> Answer:
        operator = operators.get(message.operator_id or 0)
        if operator is None or operator.disabled_at is not None or newsletter is None:
            return Skip(message, "erased")
        mark = str(message.details["mark"])
        if forgotten.mark_of(operator) != mark:
            return Skip(message, "replaced")
        letter = password_letter(
            operator,
            mark=mark,
            has_second_factor=factors.of(desk.session, operator.id).any,
            letterhead=letterhead(newsletter, locale=SOURCE, links=desk.links),
            links=desk.links,
            asked_at=message.created_at,
        )
        content = render(letter)
        return desk.to_operator(
            message, operator, newsletter, content.subject, mime.body_of(content), date=message.created_at
        )

    return [one(message) for message in messages]


def _house(desk: Desk) -> Newsletter | None:
    """Letters to operators belong to no list; they come from the first newsletter's sender."""
    return next(iter(newsletters.list_all(desk.session)), None)


def _each(desk: Desk, messages: Sequence[Due], one: Callable[[Due, Subscription], Answer]) -> list[Answer]:
    found = desk.subscriptions(messages)
    return [
        one(message, found[message.subscription_id])
        if message.subscription_id in found
        else Skip(message, "erased")
        for message in messages
    ]
