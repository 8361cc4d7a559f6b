"""The forms of a newsletter's look."""

from wtforms import FileField, RadioField, StringField

from service.emails.typefaces import Typeface
from service.newsletters import checks
from service.web.admin.fields import ConsoleForm, checked, option

#: How a choice reads to an operator.
TYPEFACES = {
    Typeface.NEWSPAPER: "Newspaper: a sturdy serif, as in print",
    Typeface.BOOK: "Book: an old-style serif, warm and calm",
    Typeface.MODERN: "Modern: headlines with hairlines, text in a serif",
    Typeface.PLAIN: "Plain: the sans-serif of the reader's own machine",
    Typeface.HUMANIST: "Humanist: a sans-serif with a hand in it",
}


class BrandingForm(ConsoleForm):
    accent = StringField("Accent colour", [checked(checks.accent)])
    typeface = RadioField(
        "Typeface", choices=[option(typeface.value, label) for typeface, label in TYPEFACES.items()]
    )


class LogoForm(ConsoleForm):
    logo = FileField("Picture")
