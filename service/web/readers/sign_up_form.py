"""What a sign-up form sends, wherever it stands: on our page, in a frame, or through the API."""

from typing import Any

from wtforms import Field, StringField

from service.newsletters.models import Newsletter, Rhythm
from service.subscribers import addresses, schedule, typos
from service.subscribers.addresses import Address
from service.subscribers.guard import Evidence
from service.web.readers.forms import ChoicesForm, check


class SignUpForm(ChoicesForm):
    """The reader's choices with an address, and what the guard looks at."""

    email = StringField()
    #: Pressed instead of typed: the address that a slip was probably meant to be.
    instead = StringField()
    #: The address that was asked about; whoever sends it again means it.
    asked = StringField()
    #: People do not see it.
    website = StringField()
    nonce = StringField()

    _address: Address | None = None

    def __init__(self, newsletter: Newsletter, *args: Any, **kwargs: Any) -> None:
        super().__init__(newsletter, *args, **kwargs)
        # Nobody types these into a form that is one field and two choices: what is missing or unknown is the
        # newsletter's own, and the preference page has a control for each.
        if not schedule.is_time_zone(self.time_zone.data or ""):
            self.time_zone.data = newsletter.time_zone
        if not self.rhythm.raw_data and not self.rhythm.data:
            self.rhythm.data = Rhythm.WEEKLY.value
        if not self.weekday.raw_data and self.weekday.data is None:
            self.weekday.data = 5
        self.hour.data, self.hour.raw_data = newsletter.default_hour, [str(newsletter.default_hour)]
        self.hour.process_errors = []
        if self.instead.data:
            self.email.data = self.instead.data

    def validate_email(self, field: Field) -> None:
        self._address = check(lambda: addresses.parse(field.data or ""))

    @property
    def address(self) -> Address:
        """What was read from the field; ask only after `validate()`."""
        assert self._address is not None
        return self._address

    @property
    def suggestion(self) -> str | None:
        """The address that was probably meant, unless the reader was asked about this one already."""
        typed = (self.email.data or "").strip()
        return None if typed == (self.asked.data or "").strip() else typos.suggest(typed)

    @property
    def evidence(self) -> Evidence:
        return Evidence(nonce=self.nonce.data or "", decoy=self.website.data or "")
