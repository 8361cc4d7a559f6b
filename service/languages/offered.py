"""The languages that pages and mails for readers exist in."""

from functools import lru_cache

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
#: Plain `en` is dated the British way.
FALLBACK = Locale("en", "GB")


def nearest(tag: str) -> str:
    """Return the offered language for a BCP 47 tag ("de-AT" is "de"); English where there is none."""
    language = find_locale(tag).language
    return language if language in OFFERED else SOURCE


@lru_cache(maxsize=1024)
def find_locale(tag: str) -> Locale:
    """Read a BCP 47 tag; an unknown one counts as English."""
    try:
        locale = Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return FALLBACK
    return FALLBACK if str(locale) == SOURCE else locale


def language_tag(tag: str) -> str:
    """Give the tag for `lang`: as it was chosen if our words exist in that language, else English."""
    locale = find_locale(tag)
    known = locale.language in OFFERED and (locale is not FALLBACK or tag.lower() in {"en-gb", "en_gb"})
    return tag.replace("_", "-") if known else SOURCE


def direction(tag: str) -> str:
    """Say `rtl` or `ltr`."""
    return "rtl" if find_locale(tag).character_order == "right-to-left" else "ltr"
