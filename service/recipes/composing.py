"""The last splice: one reader's links and reason go into a rendered recipe."""

from collections.abc import Mapping

from service.emails.letters import EmailContent, SubscriberLinks
from service.emails.splice import Slot, placeholder, splice
from service.recipes.models import Recipe

#: What a letter carries while it is rendered for many.
PLACEHOLDERS = SubscriberLinks(
    unsubscribe_url=placeholder(Slot.UNSUBSCRIBE_URL),
    preferences_url=placeholder(Slot.PREFERENCES_URL),
    reason=placeholder(Slot.REASON),
)


def reader_values(links: SubscriberLinks) -> dict[Slot, str]:
    """Say what stands in each slot for one reader."""
    return {
        Slot.UNSUBSCRIBE_URL: links.unsubscribe_url,
        Slot.PREFERENCES_URL: links.preferences_url,
        Slot.REASON: links.reason,
    }


def compose(recipe: Recipe, *, html: str, text: str, values: Mapping[Slot, str]) -> EmailContent:
    """Return one reader's mail from the recipe's kept fragments.

    :raises ValueError: when a slot has no value, or a value no slot.
    """
    return splice(EmailContent(subject=recipe.subject, text=text, html=html), values)
