"""What the embedded form says and wears: words in the newsletter's language, its colours, its direction."""

from service.emails import dates
from service.emails.colours import Accent
from service.languages.speech import spoken
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


def direction() -> str:
    return dates.direction(spoken())


def colours(newsletter: Newsletter) -> dict[str, str]:
    """The accent for light and dark pages, with what can be read on it."""
    accent = Accent.of(newsletter.accent)
    return {
        "light": accent.light,
        "on_light": accent.on_light,
        "dark": accent.dark,
        "on_dark": accent.on_dark,
    }
