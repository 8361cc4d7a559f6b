"""The form in which a blast is written."""

from wtforms import BooleanField, IntegerField, RadioField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import Optional
from wtforms.widgets import CheckboxInput, HiddenInput, ListWidget

from service.blasts.models import Blast
from service.newsletters.models import Newsletter
from service.web.admin.fields import ConsoleForm, option

EVERYBODY = "everybody"
TOPICS = "topics"


class BlastForm(ConsoleForm):
    #: Of the draft as it was opened; none while it is new.
    version = IntegerField(validators=[Optional()], widget=HiddenInput())
    subject = StringField("Subject")
    preheader = StringField("First line")
    body_markdown = TextAreaField("Text")
    audience = RadioField(
        "Who gets it",
        choices=[
            option(EVERYBODY, "Everybody who asked for announcements"),
            option(TOPICS, "Of those, readers of these topics"),
        ],
        default=EVERYBODY,
    )
    topic_ids = SelectMultipleField(
        "Topics", coerce=int, option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False)
    )

    in_archive = BooleanField("Show it in the public archive once it is sent", default=True)

    def offer(self, newsletter: Newsletter) -> "BlastForm":
        """Offer the newsletter's topics."""
        self.topic_ids.choices = [option(topic.id, topic.name) for topic in newsletter.open_topics]
        return self

    def words(self) -> dict[str, str]:
        """Return what was written, but for the blocks."""
        fields = (self.subject, self.preheader, self.body_markdown)
        return {field.name: field.data or "" for field in fields}

    def take_version(self, version: int) -> None:
        """Let the next save be one over this version."""
        self.version.data = version
        self.version.raw_data = None

    def chosen_topics(self) -> list[int]:
        """Return the topics that narrow the audience; none when it is everybody."""
        return list(self.topic_ids.data or []) if self.audience.data == TOPICS else []


def filled(blast: Blast) -> BlastForm:
    """Return the form as the draft stands."""
    return BlastForm(
        formdata=None,
        version=blast.version,
        subject=blast.subject,
        preheader=blast.preheader,
        body_markdown=blast.body_markdown,
        audience=TOPICS if blast.topic_ids else EVERYBODY,
        topic_ids=list(blast.topic_ids),
        in_archive=blast.in_archive,
    )
