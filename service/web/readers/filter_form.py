"""The form for what is in a digest; every refusal is a sentence beside its field."""

from typing import Any

from wtforms import BooleanField, Form, SelectMultipleField, StringField

from service.errors import InvalidInput
from service.subscribers import filters
from service.subscribers.filters import Filters
from service.subscribers.models import Subscription


def _number(value: int | str) -> int:
    """Read an id; what is none counts as a topic that nobody offers."""
    digits = str(value)
    return int(digits) if digits.isdecimal() and len(digits) < 19 else 0


def _ceiling(value: Any) -> Any:
    """Read a ceiling; nothing leaves it to the newsletter, and what is no number is no ceiling."""
    digits = str(value or "")
    if not digits:
        return None
    return int(digits) if digits.isdecimal() and len(digits) <= 2 else 0


class FilterForm(Form):
    """How much, what never, and whether anything else."""

    max_items = StringField("How many articles", filters=[_ceiling])
    explore = BooleanField("Something else")
    excluded = SelectMultipleField("Never send me", coerce=_number, validate_choice=False)

    def __init__(self, subscription: Subscription, *args: Any, **kwargs: Any) -> None:
        self.subscription = subscription
        self.ceilings = filters.ceilings(subscription.newsletter)
        super().__init__(*args, **kwargs)

    @classmethod
    def of(cls, subscription: Subscription) -> "FilterForm":
        """Return the form as it is filled in now."""
        now = filters.of(subscription)
        return cls(
            subscription,
            max_items=now.max_items,
            explore=now.explore,
            excluded=list(now.excluded_topic_ids),
        )

    def filters(self) -> Filters:
        """What was chosen; `filters.change` checks it."""
        return Filters(
            excluded_topic_ids=tuple(self.excluded.data or ()),
            max_items=self.max_items.data,  # type: ignore[arg-type]  # its filter makes a number of it
            explore=self.explore.data,
        )

    @staticmethod
    def complaints(error: InvalidInput) -> dict[str, str]:
        return {error.field or "form": str(error)}
