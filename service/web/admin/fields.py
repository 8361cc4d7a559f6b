"""Between forms and domains: a domain's check as a validator, a domain's complaint beside its field."""

from collections.abc import Callable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, Form
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import ValidationError

from service.errors import InvalidInput


class ConsoleForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped
    """A form of the console; CSRF is checked before any view runs, so a form carries no field for it."""

    class Meta:
        csrf = False

    def complain(self, error: InvalidInput, *, default: str) -> None:
        """Put what the domain said beside the field it is about."""
        field = self[error.field if error.field in self else default]
        field.errors = [*field.errors, str(error)]


def option(value: object, label: str) -> Any:
    """Make one choice of a select or a row of radio buttons."""
    return SelectChoice(str(value), label)


def checked(check: Callable[..., object], **options: Any) -> Callable[[Form, Field], None]:
    """Make a WTForms validator of a domain's check, so that all fields are looked at together."""

    def validate(_form: Form, field: Field) -> None:
        value = field.data if field.data is not None or _is_number(field) else ""
        try:
            check(value, field=field.name, **options)
        except InvalidInput as error:
            raise ValidationError(str(error)) from None

    return validate


def _is_number(field: Field) -> bool:
    return field.type == "IntegerField"
