"""What readers choose in forms; every refusal is a sentence beside its field."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

from wtforms import (
    BooleanField,
    Field,
    Form,
    IntegerField,
    SelectMultipleField,
    StringField,
    ValidationError,
)
from wtforms.validators import AnyOf, NumberRange

from service.errors import InvalidInput
from service.languages import dates
from service.languages.lists import capitalised
from service.languages.words import _, later, n_
from service.newsletters.models import Newsletter, Rhythm
from service.subscribers.choices import RHYTHMS, Choices, check_time_zone, check_topics, enough_offered
from service.subscribers.models import ENOUGH_ITEMS

Read = TypeVar("Read")
Value = TypeVar("Value", int, str)
Options = tuple[tuple[Value, str], ...]


def _topic_id(value: int | str) -> int:
    """Read an id; what is none counts as a topic that nobody offers."""
    digits = str(value)
    return int(digits) if digits.isdecimal() and len(digits) < 19 else 0


class ChoicesForm(Form):
    """What a subscription consists of."""

    topics = SelectMultipleField("Topics", coerce=_topic_id, validate_choice=False)
    rhythm = StringField("How often", [AnyOf([rhythm.value for rhythm in RHYTHMS])])
    weekday = IntegerField("On which day", [NumberRange(1, 7)], default=5)
    hour = IntegerField("At what time", [NumberRange(0, 23)])
    time_zone = StringField("Time zone")
    announcements = BooleanField("Announcements")
    enough_items = IntegerField("How many articles are enough")

    def __init__(self, newsletter: Newsletter, *args: Any, **kwargs: Any) -> None:
        self.newsletter = newsletter
        super().__init__(*args, **kwargs)
        if self.enough_items.data is None and not self.enough_items.raw_data:
            # A form of before, or of somebody else's page.
            self.enough_items.data = min(max(ENOUGH_ITEMS, newsletter.min_items), newsletter.max_items)

    @cached_property
    def rhythms(self) -> Options[str]:
        """What the page offers, as (value, label); a press of the button never asks."""
        return tuple((rhythm.value, _(name)) for rhythm, name in RHYTHMS.items())

    @cached_property
    def weekdays(self) -> Options[int]:
        return tuple((day, capitalised(dates.weekday(day))) for day in range(1, 8))

    @cached_property
    def hours(self) -> Options[int]:
        return tuple((hour, dates.time_of_day(hour)) for hour in range(24))

    @cached_property
    def numbers(self) -> Options[int]:
        return tuple((n, n_("%(n)s article", "%(n)s articles", n)) for n in enough_offered(self.newsletter))

    def validate_topics(self, field: Field) -> None:
        check(lambda: check_topics(self.newsletter, field.data or ()))

    def validate_enough_items(self, field: Field) -> None:
        if field.data not in enough_offered(self.newsletter):
            plainly = _PLAINLY["enough_items"]
            raise ValidationError(_(plainly))

    def validate_time_zone(self, field: Field) -> None:
        check(lambda: check_time_zone(field.data or ""))

    def choices(self) -> Choices:
        """What was chosen; ask only after `validate()`."""
        return Choices(
            topic_ids=tuple(self.topics.data or ()),
            rhythm=Rhythm(self.rhythm.data or ""),
            weekday=int(self.weekday.data or 0),
            hour=int(self.hour.data or 0),
            time_zone=self.time_zone.data or "",
            announcements=self.announcements.data,
            enough_items=int(self.enough_items.data or 0),
        )

    def complaints(self) -> dict[str, str]:
        """The first complaint of each field, in the order of the page, and always in our own words."""
        fields = sorted(self, key=lambda field: field.name != "email")
        found = {field.name: str(field.errors[0]) for field in fields if field.errors}
        return {name: _(_PLAINLY[name]) if name in _PLAINLY else sentence for name, sentence in found.items()}


#: Only a page that is not ours can send these wrong.
_PLAINLY = {
    "rhythm": later("Choose how often you want to hear from us."),
    "weekday": later("Choose a day of the week."),
    "hour": later("Choose an hour of the day."),
    "enough_items": later("Choose how many articles are enough for a mail."),
}


def check(rule: Callable[[], Read]) -> Read:
    """Return what a rule reads; its refusal is the field's."""
    try:
        return rule()
    except InvalidInput as error:
        raise ValidationError(str(error)) from error
