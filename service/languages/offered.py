"""The languages that pages and mails for readers exist in."""

from babel import Locale, UnknownLocaleError

#: What the words in the code are written in.
SOURCE = "en"
#: Each by its own name, as readers choose it.
OFFERED = {
    SOURCE: "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "uk": "Українська",
    "ar": "العربية",
}


def nearest(tag: str) -> str:
    """Return the offered language for a BCP 47 tag ("de-AT" is "de"); English where there is none."""
    try:
        language = Locale.parse(tag.replace("-", "_")).language
    except (UnknownLocaleError, ValueError):
        return SOURCE
    return language if language in OFFERED else SOURCE
