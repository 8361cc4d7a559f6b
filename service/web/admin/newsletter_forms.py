"""The forms of newsletters, topics and senders."""

from calendar import day_name
from zoneinfo import available_timezones

from wtforms import BooleanField, EmailField, IntegerField, SelectField, StringField, TextAreaField

from service.emails.letters import Layout
from service.newsletters import checks, display_names
from service.newsletters.changes import (
    LONGEST_NAME,
    LONGEST_REVIEW,
    LONGEST_TAGLINE,
    MOST_SIGNUPS,
    NewsletterDraft,
)
from service.newsletters.models import Rhythm, Sender
from service.newsletters.senders import SenderDraft
from service.subscribers.choices import RHYTHMS
from service.web.admin.fields import ConsoleForm, checked, option

#: What the browser proposes while a zone is typed.
ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
LAYOUTS = [
    option(Layout.LEAD.value, "Lead story: one large picture, then rows with small ones"),
    option(Layout.ROWS.value, "Rows with small pictures"),
    option(Layout.COMPACT.value, "Compact list: headlines only"),
    option(Layout.TEXT.value, "Text first: headlines and summaries, no pictures"),
]
RHYTHM_CHOICES = [option(each.value, str(words)) for each, words in RHYTHMS.items()]
WEEKDAYS = [option(day, day_name[day - 1]) for day in range(1, 8)]
HOURS = [option(hour, f"{hour:02}:00") for hour in range(24)]


class NewsletterForm(ConsoleForm):
    name = StringField(
        "Name",
        [checked(checks.line, longest=LONGEST_NAME, required="Enter the name of the newsletter.")],
    )
    slug = StringField("Address of the sign-up page")
    tagline = StringField("Tagline", [checked(checks.line, longest=LONGEST_TAGLINE)])
    home_url = StringField("Address of your site", [checked(checks.web_address)])
    privacy_url = StringField("Address of your privacy statement", [checked(checks.web_address)])
    sender_id = SelectField("Sender", coerce=int)
    locale = StringField("Language", [checked(checks.locale)])
    time_zone = StringField("Time zone", [checked(checks.time_zone)])
    default_rhythm = SelectField(
        "How often", coerce=Rhythm, choices=RHYTHM_CHOICES, default=Rhythm.WEEKLY.value
    )
    default_weekday = SelectField("Day of the week", coerce=int, choices=WEEKDAYS, default=5)
    default_hour = SelectField("Hour at which digests leave", coerce=int, choices=HOURS)
    layout = SelectField("Layout", choices=LAYOUTS, coerce=Layout, default=Layout.LEAD.value)
    min_items = IntegerField("Fewest articles", [checked(checks.number, least=1, most=14)])
    max_items = IntegerField("Most articles", [checked(checks.number, least=1, most=14)])

    review_minutes = IntegerField(
        "Minutes for a review", [checked(checks.number, least=0, most=LONGEST_REVIEW)], default=0
    )

    signups_per_minute = IntegerField(
        "Sign-ups a minute", [checked(checks.number, least=1, most=MOST_SIGNUPS)], default=300
    )
    recognises = BooleanField("Readers may ask to be recognised when they follow a link")
    archive_public = BooleanField("Editions, topics and feeds have public pages", default=True)

    def offer(self, senders: list[Sender]) -> None:
        """Fill the choice of senders."""
        self.sender_id.choices = [option(sender.id, f"{sender.name} <{sender.email}>") for sender in senders]

    def draft(self) -> NewsletterDraft:
        return NewsletterDraft(
            name=self.name.data or "",
            sender_id=self.sender_id.data,
            tagline=self.tagline.data or "",
            home_url=self.home_url.data or "",
            privacy_url=self.privacy_url.data or "",
            locale=self.locale.data or "",
            layout=self.layout.data,
            time_zone=self.time_zone.data or "",
            default_hour=self.default_hour.data,
            default_rhythm=self.default_rhythm.data,
            default_weekday=self.default_weekday.data,
            min_items=self.min_items.data or 0,
            max_items=self.max_items.data or 0,
            review_minutes=self.review_minutes.data or 0,
            signups_per_minute=self.signups_per_minute.data or 0,
            recognises=bool(self.recognises.data),
            archive_public=self.archive_public.data,
        )


class TopicForm(ConsoleForm):
    name = StringField("Name")
    description = StringField("Description")


class SenderForm(ConsoleForm):
    name = StringField("Name", [checked(display_names.check)])
    email = EmailField("E-mail address")
    reply_to = EmailField("Replies go to")
    postal_address = TextAreaField("Postal address", [checked(checks.postal_address)])

    def draft(self) -> SenderDraft:
        return SenderDraft(
            name=self.name.data or "",
            email=self.email.data or "",
            reply_to=self.reply_to.data or "",
            postal_address=self.postal_address.data or "",
        )
