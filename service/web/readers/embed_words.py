"""What the embedded form says and wears: words in the newsletter's language, its colours, its direction."""

from service.emails.colours import Accent
from service.emails.typefaces import FACES
from service.languages.words import _
from service.newsletters.models import Newsletter


def words() -> dict[str, str]:
    """Every fixed word of the form; `%s` is where the script puts a value."""
    return {
        "email": _("E-mail address"),
        "topics": _("Topics"),
        "all": _("All topics"),
        "from_article": _("from this article"),
        "rhythm": _("How often"),
        "send": _("Sign up"),
        "sending": _("One moment …"),
        "promise": _("Free, and you leave with one click."),
        "latest": _("Read the latest issue"),
        "privacy": _("Privacy notice"),
        "did_you_mean": _("Did you mean %(address)s?", address="%s"),
        "yes": _("Yes, use it"),
        "no": _("No, mine is right"),
        "failed": _("That did not reach us. Please check your connection and press the button once more."),
    }


def sent(newsletter: Newsletter) -> dict[str, str]:
    """What is said once the form was taken; the same whoever the address belongs to."""
    return {
        "title": _("Check your inbox"),
        "text": _(
            "We have sent you one mail. Press the button in it, and %(newsletter)s comes to you.",
            newsletter=newsletter.name,
        ),
    }


def look(newsletter: Newsletter) -> dict[str, str]:
    """The accent for light and dark pages, what can be read on it, and the face of the newsletter's name."""
    accent = Accent.of(newsletter.accent)
    return {
        "light": accent.light,
        "on-light": accent.on_light,
        "dark": accent.dark,
        "on-dark": accent.on_dark,
        "heading": FACES[newsletter.typeface].display,
    }
