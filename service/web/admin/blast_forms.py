"""The form in which a blast is written."""

from wtforms import BooleanField, StringField, TextAreaField

from service.blasts.models import Blast
from service.web.admin.fields import ConsoleForm


class BlastForm(ConsoleForm):
    subject = StringField("Subject")
    body_markdown = TextAreaField("Text")
    in_archive = BooleanField("Show it in the public archive once it is sent", default=True)


def filled(blast: Blast) -> BlastForm:
    """Return the form as the draft stands."""
    return BlastForm(
        formdata=None,
        subject=blast.subject,
        body_markdown=blast.body_markdown,
        in_archive=blast.in_archive,
    )
