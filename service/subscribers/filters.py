"""What a reader wants of what is in a digest: how much, what never, and whether anything else."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from service.errors import InvalidInput
from service.languages.words import _
from service.newsletters.models import Newsletter
from service.subscribers import consent, preferences
from service.subscribers.consent import Circumstances
from service.subscribers.models import Subscription

#: More than a page could show.
MOST_MUTED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Set beside the choices, on the preference page only; the defaults are what a new reader has."""

    excluded_topic_ids: tuple[int, ...] = ()
    excluded_source_ids: tuple[int, ...] = ()
    #: At most so many articles; None leaves it to the newsletter.
    max_items: int | None = None
    #: One article may be from a topic that was not chosen.
    explore: bool = True

    def check(self, subscription: Subscription) -> None:
        """Refuse what this newsletter does not offer.

        :raises InvalidInput: with a sentence for the reader; `field` names the choice.
        """
        check_excluded(subscription, self.excluded_topic_ids)
        check_muted(self.excluded_source_ids)
        # What held before the newsletter became shorter does no harm.
        kept = self.max_items in {None, subscription.max_items}
        if not kept and self.max_items not in ceilings(subscription.newsletter):
            raise InvalidInput(_("Choose how many articles a mail may have."), field="max_items")


def ceilings(newsletter: Newsletter) -> range:
    """Return the ceilings that a reader may choose: within the newsletter's floor and ceiling."""
    return range(newsletter.min_items, newsletter.max_items + 1)


def check_excluded(subscription: Subscription, topic_ids: tuple[int, ...]) -> None:
    """Refuse topics that are not offered, and those that the reader has chosen."""
    offered = {topic.id: topic.name for topic in subscription.newsletter.open_topics}
    # What was archived since may stay: it does no harm, and the reader did not ask for its end.
    offered |= dict.fromkeys(set(subscription.excluded_topic_ids) - offered.keys(), "")
    if not set(topic_ids) <= offered.keys():
        raise InvalidInput(
            _("One of these topics is no longer offered. Please choose again."), field="excluded"
        )
    both = sorted(set(topic_ids) & set(subscription.topic_ids))
    if both:
        sentence = _("You chose %(topic)s above. Take it off there first, and save.", topic=offered[both[0]])
        raise InvalidInput(sentence, field="excluded")


def check_muted(source_ids: tuple[int, ...]) -> None:
    """Refuse numbers that can be no sources, and more of them than a page could hold.

    Whether they are this newsletter's is of no matter: articles of another's never come here.
    """
    if len(source_ids) > MOST_MUTED or not all(0 < number < 2**63 for number in source_ids):
        raise InvalidInput(_("One of these sources is no longer here. Please choose again."), field="sources")


def of(subscription: Subscription) -> Filters:
    """Return what holds for a subscription now."""
    return Filters(
        excluded_topic_ids=tuple(subscription.excluded_topic_ids),
        excluded_source_ids=tuple(subscription.excluded_source_ids),
        max_items=subscription.max_items,
        explore=subscription.explore,
    )


def change(
    session: Session, subscription_id: int, filters: Filters, *, circumstances: Circumstances, now: datetime
) -> Subscription:
    """Save a reader's filters; what did not change leaves no trace.

    :raises InvalidInput: something that is not offered.
    :raises Conflict: the subscription is not active.
    """
    subscription = preferences.lock_active(session, subscription_id)
    filters.check(subscription)
    filters = replace(
        filters,
        excluded_topic_ids=tuple(sorted(set(filters.excluded_topic_ids))),
        excluded_source_ids=tuple(sorted(set(filters.excluded_source_ids))),
    )
    before = of(subscription)
    if before == filters:
        return subscription
    subscription.excluded_topic_ids = list(filters.excluded_topic_ids)
    subscription.excluded_source_ids = list(filters.excluded_source_ids)
    subscription.max_items, subscription.explore = filters.max_items, filters.explore
    consent.record_change(
        session, subscription, _logged(before), _logged(filters), circumstances=circumstances, now=now
    )
    session.flush()
    return subscription


def _logged(filters: Filters) -> dict[str, object]:
    return {
        "excluded_topics": list(filters.excluded_topic_ids),
        "excluded_sources": list(filters.excluded_source_ids),
        "max_items": filters.max_items,
        "explore": filters.explore,
    }
