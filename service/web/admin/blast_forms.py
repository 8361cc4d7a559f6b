"""The form in which a blast is written."""

from wtforms import BooleanField, IntegerField, StringField, TextAreaField
from wtforms.validators import Optional
from wtforms.widgets import HiddenInput

from service.blasts.models import Blast
from service.web.admin.fields import ConsoleForm


class BlastForm(ConsoleForm):
    #: Of the draft as it was opened; none while it is new.
    version = IntegerField(validators=[Optional()], widget=HiddenInput())
    subject = StringField("Subject")
    preheader = StringField("First line")
    body_markdown = TextAreaField("Text")
    in_archive = BooleanField("Show it in the public archive once it is sent", default=True)

    def take_version(self, version: int) -> None:
        """Let the next save be one over this version."""
        self.version.data = version
        self.version.raw_data = None


def filled(blast: Blast) -> BlastForm:
    """Return the form as the draft stands."""
    return BlastForm(
        formdata=None,
        version=blast.version,
        subject=blast.subject,
        preheader=blast.preheader,
        body_markdown=blast.body_markdown,
        in_archive=blast.in_archive,
    )
