"""The letters that a subscription itself causes, and what every other mail says about it."""

from datetime import datetime
from functools import lru_cache

from service.emails.letters import (
    AlreadySubscribedLetter,
    ConfirmLetter,
    SubscriberLinks,
    WelcomeLetter,
)
from service.links import Links
from service.newsletters.letterhead import letterhead
from service.newsletters.models import Rhythm
from service.subscribers import reach, schedule
from service.subscribers.choices import RHYTHMS
from service.subscribers.models import Subscription
from service.tokens import LIFETIMES, Purpose


def confirm_letter(
    subscription: Subscription, *, generation: int, links: Links, asked_at: datetime
) -> ConfirmLetter:
    """Ask whether it was really them; however late the mail is sent, its link ends when it says."""
    end = asked_at + LIFETIMES[Purpose.CONFIRM]
    return ConfirmLetter(
        letterhead=letterhead(subscription.newsletter, links=links),
        confirm_url=links.confirm(subscription_id=subscription.id, generation=generation, at=asked_at),
        never_again_url=links.never_again(subscription_id=subscription.id),
        valid_until=reach.today(subscription, now=end),
    )


def already_subscribed_letter(
    subscription: Subscription, *, links: Links, mailing_id: int
) -> AlreadySubscribedLetter:
    """Tell a confirmed reader where the settings are."""
    return AlreadySubscribedLetter(
        letterhead=letterhead(subscription.newsletter, links=links),
        preferences_url=links.preferences(subscription_id=subscription.id),
        unsubscribe_url=links.unsubscribe(subscription_id=subscription.id, mailing_id=mailing_id),
    )


def welcome_letter(subscription: Subscription, *, links: Links, mailing_id: int) -> WelcomeLetter:
    """Say what comes and when, to a reader for whom no first digest can be made yet."""
    return WelcomeLetter(
        letterhead=letterhead(subscription.newsletter, links=links),
        topics=topic_names(subscription),
        rhythm_phrase=rhythm_phrase(subscription),
        links=reader_links(subscription, links=links, mailing_id=mailing_id),
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
    )


@lru_cache(maxsize=4096)
def chosen_reason(
    newsletter: str, topics: tuple[str, ...], *, rhythm: Rhythm, weekday: int, hour: int, enough: int
) -> str:
    """Say it for a reader who chose these topics."""
    phrase = schedule.phrase(rhythm, weekday=weekday, hour=hour, enough=enough)
    return f"You get this because you chose {joined(topics) or newsletter}, {phrase}."


def summary(subscription: Subscription) -> str:
    """State what comes, for the reader's pages: "Weekly, Friday 07:00, from Science and Climate"."""
    rhythm = subscription.rhythm
    day = f"{schedule.WEEKDAYS[subscription.weekday - 1]} " if schedule.has_weekday(rhythm) else ""
    first = "the first " if rhythm is Rhythm.MONTHLY else ""
    name = RHYTHMS[rhythm]
    if rhythm is Rhythm.ENOUGH:
        name = f"When {subscription.enough_items} good articles wait"
    topics = joined(topic_names(subscription)) or "no topic yet"
    return f"{name}, {first}{day}{subscription.hour:02d}:00, from {topics}"


def announcement_reason(subscription: Subscription) -> str:
    """Say in one sentence why this reader gets a blast: announcements are a consent of their own."""
    return asked_reason(subscription.newsletter.name)


def asked_reason(newsletter: str) -> str:
    """Say it for any reader of a newsletter's announcements."""
    return f"You get this because you asked for announcements from {newsletter}."


def topic_names(subscription: Subscription) -> tuple[str, ...]:
    """The chosen topics that still exist, in the newsletter's order."""
    chosen = set(subscription.topic_ids)
    return tuple(topic.name for topic in subscription.newsletter.open_topics if topic.id in chosen)


def rhythm_phrase(subscription: Subscription) -> str:
    """every Friday at 07:00"""
    return schedule.phrase(
        subscription.rhythm,
        weekday=subscription.weekday,
        hour=subscription.hour,
        enough=subscription.enough_items,
    )


def joined(names: tuple[str, ...]) -> str:
    """Science, Climate and Energy"""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
