"""The letters that a subscription itself causes, and what every other mail says about it."""

from datetime import datetime, timedelta
from functools import lru_cache

from service.emails.letters import (
    AlreadySubscribedLetter,
    ConfirmLetter,
    Letterhead,
    ManageLetter,
    NewAddressLetter,
    OldAddressLetter,
    ReminderLetter,
    SubscriberLinks,
    WelcomeLetter,
)
from service.languages import speech
from service.languages.lists import capitalised, joined
from service.languages.words import _
from service.links import Links
from service.newsletters.letterhead import letterhead
from service.newsletters.models import Rhythm
from service.subscribers import phrases, reach
from service.subscribers.models import AddressChange, Subscription
from service.tokens import LIFETIMES, Purpose


def confirm_letter(
    subscription: Subscription, *, generation: int, links: Links, asked_at: datetime
) -> ConfirmLetter:
    """Ask whether it was really them; however late the mail is sent, its link ends when it says."""
    end = asked_at + LIFETIMES[Purpose.CONFIRM]
    return ConfirmLetter(
        letterhead=_letterhead(subscription, links=links),
        confirm_url=links.confirm(subscription_id=subscription.id, generation=generation, at=asked_at),
        never_again_url=links.never_again(subscription_id=subscription.id),
        valid_until=reach.today(subscription, now=end),
    )


def reminder_letter(subscription: Subscription, *, generation: int, links: Links) -> ReminderLetter:
    """Ask once more; the link ends when the one it reminds of does, and with it the request."""
    asked_at = subscription.requested_at
    end = asked_at + LIFETIMES[Purpose.CONFIRM]
    return ReminderLetter(
        letterhead=_letterhead(subscription, links=links),
        confirm_url=links.confirm(subscription_id=subscription.id, generation=generation, at=asked_at),
        never_again_url=links.never_again(subscription_id=subscription.id),
        valid_until=reach.today(subscription, now=end),
    )


def already_subscribed_letter(
    subscription: Subscription, *, links: Links, mailing_id: int
) -> AlreadySubscribedLetter:
    """Tell a confirmed reader where the settings are."""
    return AlreadySubscribedLetter(
        letterhead=_letterhead(subscription, links=links),
        preferences_url=links.preferences(subscription_id=subscription.id),
        unsubscribe_url=links.unsubscribe(subscription_id=subscription.id, mailing_id=mailing_id),
    )


def welcome_letter(subscription: Subscription, *, links: Links, mailing_id: int) -> WelcomeLetter:
    """Say what comes and when, to a reader for whom no first digest can be made yet."""
    with speech.speaking(subscription.locale):
        phrase = rhythm_phrase(subscription)
    return WelcomeLetter(
        letterhead=_letterhead(subscription, links=links),
        topics=topic_names(subscription),
        rhythm_phrase=phrase,
        links=reader_links(subscription, links=links, mailing_id=mailing_id),
    )


def manage_letter(subscription: Subscription, *, mark: int, links: Links, asked_at: datetime) -> ManageLetter:
    """Bring the link behind which a reader's data are; `mark` is of the address that it goes to."""
    return ManageLetter(
        letterhead=_letterhead(subscription, links=links),
        manage_url=links.manage(subscription_id=subscription.id, mark=mark, at=asked_at),
        minutes=LIFETIMES[Purpose.MANAGE] // timedelta(minutes=1),
    )


def new_address_letter(
    subscription: Subscription, change: AddressChange, *, links: Links
) -> NewAddressLetter:
    """Ask an inbox whether its owner is the reader who wants to move there."""
    return NewAddressLetter(
        letterhead=_letterhead(subscription, links=links),
        confirm_url=links.new_address(change_id=change.id, at=change.asked_at),
        hours=LIFETIMES[Purpose.NEW_ADDRESS] // timedelta(hours=1),
    )


def old_address_letter(
    subscription: Subscription, change: AddressChange, *, links: Links
) -> OldAddressLetter:
    """Tell a reader that their mail is about to move, and how to stop it."""
    return OldAddressLetter(
        letterhead=_letterhead(subscription, links=links),
        stop_url=links.old_address(change_id=change.id, at=change.asked_at),
    )


def reader_links(subscription: Subscription, *, links: Links, mailing_id: int) -> SubscriberLinks:
    """Return the reader's own links for one mail; an unsubscribe then names the mailing it came from."""
    return SubscriberLinks(
        unsubscribe_url=links.unsubscribe(subscription_id=subscription.id, mailing_id=mailing_id),
        preferences_url=links.preferences(subscription_id=subscription.id),
        reason=reason(subscription),
    )


def reason(subscription: Subscription) -> str:
    """Say in one sentence why this reader gets the digest."""
    return chosen_reason(
        subscription.newsletter.name,
        topic_names(subscription),
        rhythm=subscription.rhythm,
        weekday=subscription.weekday,
        hour=subscription.hour,
        enough=subscription.enough_items,
        locale=subscription.locale,
    )


@lru_cache(maxsize=4096)
def chosen_reason(
    newsletter: str,
    topics: tuple[str, ...],
    *,
    rhythm: Rhythm,
    weekday: int,
    hour: int,
    enough: int,
    locale: str,
) -> str:
    """Say it, in a language, for a reader who chose these topics."""
    with speech.speaking(locale):
        return _(
            "You get this because you chose %(topics)s, %(when)s.",
            topics=joined(topics) or newsletter,
            when=phrases.days_and_hour(rhythm, weekday=weekday, hour=hour, enough=enough),
        )


def summary(subscription: Subscription) -> str:
    """State what comes, for the reader's pages: "Every Friday at 07:00, from Science and Climate"."""
    topics, when = joined(topic_names(subscription)), capitalised(rhythm_phrase(subscription))
    if not topics:
        return _("%(when)s, from no topic yet", when=when)
    return _("%(when)s, from %(topics)s", when=when, topics=topics)


def announcement_reason(subscription: Subscription) -> str:
    """Say in one sentence why this reader gets a blast: announcements are a consent of their own."""
    return asked_reason(subscription.newsletter.name, locale=subscription.locale)


@lru_cache(maxsize=256)
def asked_reason(newsletter: str, *, locale: str) -> str:
    """Say it, in a language, for any reader of a newsletter's announcements."""
    with speech.speaking(locale):
        return _(
            "You get this because you asked for announcements from %(newsletter)s.", newsletter=newsletter
        )


def topic_names(subscription: Subscription) -> tuple[str, ...]:
    """The chosen topics that still exist, in the newsletter's order."""
    chosen = set(subscription.topic_ids)
    return tuple(topic.name for topic in subscription.newsletter.open_topics if topic.id in chosen)


def rhythm_phrase(subscription: Subscription) -> str:
    """every Friday at 07:00"""
    return phrases.days_and_hour(
        subscription.rhythm,
        weekday=subscription.weekday,
        hour=subscription.hour,
        enough=subscription.enough_items,
    )


def _letterhead(subscription: Subscription, *, links: Links) -> Letterhead:
    return letterhead(subscription.newsletter, locale=subscription.locale, links=links)
