"""The form for what editors want of a story."""

from datetime import datetime, timedelta

from wtforms import SelectField, StringField

from service.digests.models import CurationKind
from service.newsletters.models import Topic
from service.web.admin.fields import ConsoleForm, option

#: What can be wanted, as one choice: value, kind, boost, words.
WANTED = (
    ("pin", CurationKind.PIN, 0.0, "Pin: an editor's pick at the head of every digest"),
    ("raise-much", CurationKind.BOOST, 1.0, "Raise much: counts like one with 2.7 times the clicks"),
    ("raise", CurationKind.BOOST, 0.4, "Raise: counts like one with half as many clicks again"),
    ("lower", CurationKind.BOOST, -0.4, "Lower: counts like one with two thirds of the clicks"),
    ("lower-much", CurationKind.BOOST, -1.0, "Lower much: counts like one with a third of the clicks"),
    ("exclude", CurationKind.EXCLUDE, 0.0, "Exclude: in no digest"),
)
DAYS = ((1, "A day"), (3, "3 days"), (7, "A week"), (14, "2 weeks"), (30, "30 days"), (90, "90 days"))


class CurationForm(ConsoleForm):
    wanted = SelectField("What", choices=[option(value, words) for value, _, _, words in WANTED])
    topic = SelectField("For readers of", coerce=int)
    days = SelectField(
        "For how long", coerce=int, default=7, choices=[option(days, words) for days, words in DAYS]
    )
    reason = StringField("Why")

    def offer(self, topics: list[Topic]) -> None:
        """Fill the choice of topics."""
        every = [option(0, "every topic")]
        self.topic.choices = every + [option(topic.id, topic.name) for topic in topics]

    @property
    def kind(self) -> CurationKind:
        return next(kind for value, kind, _, _ in WANTED if value == self.wanted.data)

    @property
    def boost(self) -> float:
        return next(boost for value, _, boost, _ in WANTED if value == self.wanted.data)

    @property
    def topic_id(self) -> int | None:
        return self.topic.data or None

    def expires_at(self, now: datetime) -> datetime:
        return now + timedelta(days=self.days.data)
