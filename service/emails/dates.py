"""Dates as the reader's language writes them, and the direction it is written in."""

from datetime import date

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton

FALLBACK = Locale("en", "GB")


def find_locale(tag: str) -> Locale:
    """Read a BCP 47 tag; an unknown one counts as English. Plain `en` is dated the British way."""
    try:
        locale = Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return FALLBACK
    return FALLBACK if str(locale) == "en" else locale


def language_tag(tag: str) -> str:
    """Give the tag for `lang`: as it was chosen if it is one, else English."""
    chosen = tag.replace("_", "-")
    return chosen if find_locale(tag) is not FALLBACK or chosen.lower() == "en-gb" else "en"


def long_date(day: date, *, locale: str) -> str:
    """Friday 27 November 2026"""
    found = find_locale(locale)
    if found == FALLBACK:
        # CLDR put a comma after the weekday in some versions and none in others.
        return format_date(day, "EEEE d MMMM y", locale=found)
    return format_date(day, "full", locale=found)


def short_date(day: date, *, locale: str) -> str:
    """27 November"""
    return format_skeleton("MMMMd", day, locale=find_locale(locale))


def month_name(day: date, *, locale: str) -> str:
    """November 2026"""
    return format_skeleton("yMMMM", day, locale=find_locale(locale))


def weekday_name(day: date, *, locale: str) -> str:
    """Friday"""
    return format_date(day, "EEEE", locale=find_locale(locale))


def direction(locale: str) -> str:
    """Say `rtl` or `ltr`."""
    return "rtl" if find_locale(locale).character_order == "right-to-left" else "ltr"
