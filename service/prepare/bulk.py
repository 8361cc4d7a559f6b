"""Digests, blasts and their tests: a rendered recipe, spliced for one reader."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from service.blasts import emails as blast_emails
from service.delivery.due import Due
from service.delivery.ports import Skip
from service.emails.letters import EmailContent, SubscriberLinks
from service.links import Links
from service.newsletters import queries as newsletters
from service.prepare.desk import Answer, Desk
from service.recipes import queries
from service.recipes.composing import compose, reader_values
from service.recipes.models import Recipe
from service.subscribers import emails as subscriber_emails
from service.subscribers import reach
from service.subscribers.models import Subscription


class WhyNot(Protocol):
    """Says in a word why a reader must not get this any more."""

    def __call__(self, subscription: Subscription | None, *, now: datetime) -> str | None: ...


class ReaderLinks(Protocol):
    """Makes a reader's own links for one mailing."""

    def __call__(self, subscription: Subscription, *, links: Links, mailing_id: int) -> SubscriberLinks: ...


class Kitchen:
    """The recipes of one batch with their kept bytes; each is read once however many readers share it."""

    def __init__(self, desk: Desk, messages: Sequence[Due]) -> None:
        ids = {message.recipe_id for message in messages if message.recipe_id is not None}
        self._recipes = queries.find_many(desk.session, ids)
        self._fragments = queries.fragments(desk.session, self._recipes.values())

    def recipe(self, message: Due) -> Recipe:
        return self._recipes[message.recipe_id or 0]

    def serve(self, message: Due, links: SubscriberLinks) -> EmailContent:
        """Splice one reader's links into the message's recipe."""
        recipe = self.recipe(message)
        return compose(
            recipe,
            html=self._fragments[recipe.html_hash],
            text=self._fragments[recipe.text_hash],
            values=reader_values(links),
        )


def digest(desk: Desk, messages: Sequence[Due]) -> list[Answer]:
    """Compose digests, unless their readers have left or paused meanwhile."""
    return _to_readers(desk, messages, why_not=reach.why_not, reader_links=subscriber_emails.reader_links)


def blast(desk: Desk, messages: Sequence[Due]) -> list[Answer]:
    """Compose blasts, unless their readers have withdrawn the consent to announcements meanwhile."""
    return _to_readers(desk, messages, why_not=blast_emails.why_not, reader_links=blast_emails.reader_links)


def blast_test(desk: Desk, messages: Sequence[Due]) -> list[Answer]:
    """Compose a test for the operator who asked; its links act on nobody."""
    kitchen, operators = Kitchen(desk, messages), desk.operators(messages)

    def one(message: Due) -> Answer:
        operator = operators.get(message.operator_id or 0)
        if operator is None or operator.disabled_at is not None:
            return Skip(message, "erased")
        recipe = kitchen.recipe(message)
        newsletter = newsletters.get(desk.session, recipe.newsletter_id)
        content = kitchen.serve(message, blast_emails.sample_links(newsletter, links=desk.links))
        return desk.to_operator(message, operator, newsletter, content, date=message.created_at)

    return [one(message) for message in messages]


def _to_readers(
    desk: Desk, messages: Sequence[Due], *, why_not: WhyNot, reader_links: ReaderLinks
) -> list[Answer]:
    kitchen, subscriptions = Kitchen(desk, messages), desk.subscriptions(messages)

    def one(message: Due) -> Answer:
        subscription = subscriptions.get(message.subscription_id or 0)
        reason = why_not(subscription, now=desk.now)
        if subscription is None or reason is not None:
            return Skip(message, reason or "erased")
        links = reader_links(subscription, links=desk.links, mailing_id=message.mailing_id)
        return desk.to_subscriber(
            message,
            subscription,
            kitchen.serve(message, links),
            date=kitchen.recipe(message).created_at,
            unsubscribe_url=links.unsubscribe_url,
        )

    return [one(message) for message in messages]
