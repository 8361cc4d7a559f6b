"""The one form of the first run: who runs it, what is offered, under whose name, about what, from where."""

from wtforms import EmailField, PasswordField, StringField, TextAreaField
from wtforms.validators import ValidationError
from wtforms.widgets import PasswordInput

from service.emails import mailboxes
from service.errors import InvalidInput
from service.newsletters import checks, display_names
from service.newsletters.changes import LONGEST_NAME, LONGEST_TAGLINE
from service.newsletters.topics import split_lines
from service.operators import accounts, passwords
from service.web.admin.fields import ConsoleForm, checked


class SetupForm(ConsoleForm):
    operator_name = StringField("Your name", [checked(accounts.check_name)])
    operator_email = EmailField("Your e-mail address", [checked(mailboxes.parse)])
    # Given back when another field is wrong: it goes to nobody but who typed it, over a page never stored.
    password = PasswordField("Password", widget=PasswordInput(hide_value=False))
    newsletter_name = StringField(
        "Name of the newsletter",
        [checked(checks.line, longest=LONGEST_NAME, required="Enter the name of the newsletter.")],
    )
    tagline = StringField("Tagline", [checked(checks.line, longest=LONGEST_TAGLINE)])
    home_url = StringField("Address of your site", [checked(checks.web_address)])
    sender_name = StringField("Sender name", [checked(display_names.check)])
    sender_email = EmailField("Sender address", [checked(mailboxes.parse)])
    postal_address = TextAreaField("Postal address", [checked(checks.postal_address)])
    topics = TextAreaField("Topics")
    feed_url = StringField("Address of the feed", [checked(checks.web_address)])

    def validate_password(self, field: PasswordField) -> None:
        own = (self.operator_name.data or "", self.operator_email.data or "")
        try:
            passwords.check(field.data or "", own_words=own)
        except InvalidInput as error:
            raise ValidationError(str(error)) from None

    def validate_topics(self, field: TextAreaField) -> None:
        try:
            split_lines(field.data or "")
        except InvalidInput as error:
            raise ValidationError(str(error)) from None

    @property
    def topic_names(self) -> list[str]:
        return split_lines(self.topics.data or "")

    @property
    def feed_address(self) -> str:
        return checks.web_address(self.feed_url.data or "", field="feed_url")
