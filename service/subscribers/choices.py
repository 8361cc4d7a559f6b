"""What a reader may choose, and the sentences that say what is wrong with a choice."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from service.errors import InvalidInput
from service.languages.words import _, later
from service.newsletters.models import Newsletter, Rhythm
from service.subscribers import schedule
from service.subscribers.models import ENOUGH_ITEMS, Subscription

#: In the order in which they are offered, with their names.
RHYTHMS = {
    Rhythm.DAILY: later("Daily"),
    Rhythm.WEEKDAYS: later("Weekdays"),
    Rhythm.WEEKLY: later("Weekly"),
    Rhythm.FORTNIGHTLY: later("Every two weeks"),
    Rhythm.MONTHLY: later("Monthly"),
    Rhythm.ENOUGH: later("When enough waits"),
}
LONGEST_PAUSE = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Everything about a subscription that is the reader's to decide."""

    topic_ids: tuple[int, ...]
    rhythm: Rhythm
    weekday: int
    hour: int
    time_zone: str
    announcements: bool
    #: Of the rhythm "enough".
    enough_items: int = ENOUGH_ITEMS

    def check(self, newsletter: Newsletter, *, kept: Collection[int] = ()) -> None:
        """Refuse what this newsletter does not offer, but for topics that were chosen while it did.

        :raises InvalidInput: with a sentence for the reader; `field` names the choice.
        """
        check_offered(newsletter, set(self.topic_ids) - set(kept))
        check_time_zone(self.time_zone)
        if self.rhythm not in RHYTHMS:
            raise InvalidInput(_("Choose how often you want to hear from us."), field="rhythm")
        if not 1 <= self.weekday <= 7:
            raise InvalidInput(_("Choose a day of the week."), field="weekday")
        if not 0 <= self.hour <= 23:
            raise InvalidInput(_("Choose an hour of the day."), field="hour")
        if self.enough_items not in enough_offered(newsletter):
            raise InvalidInput(_("Choose how many articles are enough for a mail."), field="enough_items")

    def apply(self, subscription: Subscription) -> None:
        """Write the choices into a subscription."""
        subscription.topic_ids = sorted(set(self.topic_ids))
        # What was never wanted is wanted now; the other form refuses the opposite.
        subscription.excluded_topic_ids = sorted(
            set(subscription.excluded_topic_ids or ()) - set(self.topic_ids)
        )
        subscription.rhythm = self.rhythm
        subscription.weekday = self.weekday
        subscription.hour = self.hour
        subscription.time_zone = self.time_zone
        subscription.announcements = self.announcements
        subscription.enough_items = self.enough_items


def enough_offered(newsletter: Newsletter) -> range:
    """Return how many articles a reader may wait for: what makes a digest, up to what fits into one."""
    return range(newsletter.min_items, newsletter.max_items + 1)


def check_topics(newsletter: Newsletter, topic_ids: Collection[int]) -> None:
    """Refuse an empty choice, and topics that are not offered (any more): the rule of the sign-up form."""
    if not topic_ids:
        raise InvalidInput(_("Choose at least one topic, so that we know what to send."), field="topics")
    check_offered(newsletter, topic_ids)


def check_offered(newsletter: Newsletter, topic_ids: Collection[int]) -> None:
    """Refuse topics that are not offered (any more); none at all is what most people read in all of them."""
    if not set(topic_ids) <= {topic.id for topic in newsletter.open_topics}:
        raise InvalidInput(
            _("One of these topics is no longer offered. Please choose again."), field="topics"
        )


def check_time_zone(name: str) -> None:
    """Refuse a name that no zone has."""
    if not schedule.is_time_zone(name):
        raise InvalidInput(_("Choose a time zone from the list, like Europe/Berlin."), field="time_zone")


def check_pause(until: date, *, today: date) -> None:
    """Refuse a pause that ends before it begins, or that is a goodbye in disguise."""
    if until <= today:
        raise InvalidInput(_("Choose a day after today; mail comes again from that day on."), field="until")
    if until - today > LONGEST_PAUSE:
        raise InvalidInput(
            _("A pause can last a year at most. You can also unsubscribe below."), field="until"
        )
