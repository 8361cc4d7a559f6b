"""Digests, blasts and their tests: a recipe, spliced for one reader."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from service.blasts import emails as blast_emails
from service.delivery.due import Due
from service.delivery.ports import Head, ListHeaders, Mail, Ready, Skip
from service.emails.letters import SubscriberLinks
from service.links import Links
from service.newsletters import offers
from service.newsletters import queries as newsletters
from service.newsletters.offers import Offer
from service.patience import breathe
from service.prepare.desk import Answer, Desk, feedback_id, is_automatic
from service.recipes.bodies import NO_FIELDS, RecipeBody
from service.subscribers import addressees, merge_fields, reach
from service.subscribers import emails as subscriber_emails
from service.subscribers import queries as subscribers
from service.subscribers.addressees import Addressee


class WhyNot(Protocol):
    """Says in a word why a reader must not get this any more."""

    def __call__(self, subscription: Addressee | None, *, now: datetime) -> str | None: ...


class Reason(Protocol):
    """Says in a sentence why a reader gets this."""

    def __call__(self, reader: Addressee, offer: Offer) -> str: ...


def digest(desk: Desk, messages: Sequence[Due]) -> list[Answer]:
    """Compose digests, unless their readers have left or paused meanwhile."""
    return _to_readers(desk, messages, why_not=reach.why_not, reason=_chosen)


def blast(desk: Desk, messages: Sequence[Due]) -> list[Answer]:
    """Compose blasts, unless their readers have withdrawn the consent to announcements meanwhile."""
    return _to_readers(desk, messages, why_not=blast_emails.why_not, reason=_asked)


def blast_test(desk: Desk, messages: Sequence[Due]) -> list[Answer]:
    """Compose a test for the operator who asked; its links act on nobody."""
    recipes, operators = _recipes(desk, messages), desk.operators(messages)
    chosen = subscribers.find_many(
        desk.session, {each.details["as_reader"] for each in messages if each.details.get("as_reader")}
    )

    def one(message: Due) -> Answer:
        operator = operators.get(message.operator_id or 0)
        if operator is None or operator.disabled_at is not None:
            return Skip(message, "erased")
        recipe = recipes[message.recipe_id or 0]
        newsletter = newsletters.get(desk.session, recipe.newsletter_id)
        reader = chosen.get(message.details.get("as_reader") or 0)
        body = recipe.splice(
            blast_emails.sample_links(newsletter, links=desk.links),
            merge_fields.of(reader) if reader else NO_FIELDS,
        )
        return desk.to_operator(message, operator, newsletter, recipe.subject, body, date=message.created_at)

    return [one(message) for message in messages]


def _to_readers(desk: Desk, messages: Sequence[Due], *, why_not: WhyNot, reason: Reason) -> list[Answer]:
    ids = {message.subscription_id for message in messages if message.subscription_id is not None}
    recipes, readers = _recipes(desk, messages), addressees.find(desk.session, ids)
    found = offers.find(desk.session, {reader.newsletter_id for reader in readers.values()})
    heads: dict[tuple[int | None, int], Head] = {}

    def one(message: Due) -> Answer:
        breathe()
        reader = readers.get(message.subscription_id or 0)
        why = why_not(reader, now=desk.now)
        if reader is None or why is not None:
            return Skip(message, why or "erased")
        recipe, offer = recipes[message.recipe_id or 0], found[reader.newsletter_id]
        if recipe.withdrawn:
            return Skip(message, "withdrawn", hold=True)
        key = message.recipe_id, message.mailing_id
        head = heads.get(key)
        if head is None:
            head = heads[key] = _head(message, recipe, offer, links=desk.links)
        links = SubscriberLinks(
            unsubscribe_url=desk.links.unsubscribe(subscription_id=reader.id, mailing_id=message.mailing_id),
            preferences_url=desk.links.preferences(subscription_id=reader.id),
            reason=reason(reader, offer),
            view_url=desk.links.view(mailing_id=message.mailing_id, message_id=message.id),
        )
        fields = _fields(reader, offer) if recipe.merge else NO_FIELDS
        body = recipe.splice_text(links, fields) if reader.plain_text else recipe.splice(links, fields)
        mail = Mail(head, reader.email, links.unsubscribe_url, body)
        return Ready(message, mail, desk.hash_address(reader.email_key))

    return [one(message) for message in messages]


def _recipes(desk: Desk, messages: Sequence[Due]) -> dict[int, RecipeBody]:
    ids = {message.recipe_id for message in messages if message.recipe_id is not None}
    return desk.bodies.load(desk.session, ids)


def _chosen(reader: Addressee, offer: Offer) -> str:
    return subscriber_emails.chosen_reason(
        offer.name,
        offer.names_of(reader.topic_ids),
        rhythm=reader.rhythm,
        weekday=reader.weekday,
        hour=reader.hour,
        enough=reader.enough_items,
        locale=reader.locale,
    )


def _fields(reader: Addressee, offer: Offer) -> dict[str, str]:
    """Return what a blast's merge fields say of this reader."""
    return merge_fields.values(
        topics=offer.names_of(reader.topic_ids),
        rhythm=reader.rhythm,
        weekday=reader.weekday,
        hour=reader.hour,
        enough=reader.enough_items,
        joined_on=merge_fields.local_day(reader.confirmed_at, time_zone=reach.known_zone(reader)),
        locale=reader.locale,
    )


def _asked(reader: Addressee, offer: Offer) -> str:
    return subscriber_emails.asked_reason(offer.name, locale=reader.locale)


def _head(message: Due, recipe: RecipeBody, offer: Offer, *, links: Links) -> Head:
    """Return what all readers of this recipe see above it; the same as a desk makes of an entity."""
    return Head(
        from_name=offer.sender_name,
        from_address=offer.sender_email,
        reply_to=offer.reply_to or offer.sender_email,
        subject=recipe.subject,
        date=recipe.created_at,
        feedback_id=feedback_id(message, slug=offer.slug),
        auto_submitted=is_automatic(message),
        list=ListHeaders(offer.list_id, offer.name, links.newsletter(offer.slug)),
    )
