"""Days and hours as the spoken language writes them."""

from datetime import date, datetime, time

from babel.dates import format_date, format_skeleton, format_time, get_datetime_format, get_day_names

from service.languages.offered import FALLBACK
from service.languages.speech import manners


def long_date(day: date) -> str:
    """Friday 27 November 2026"""
    locale = manners()
    # CLDR put a comma after the weekday in some versions and none in others.
    return format_date(day, "EEEE d MMMM y" if locale == FALLBACK else "full", locale=locale)


def short_date(day: date) -> str:
    """27 November"""
    return format_skeleton("MMMMd", day, locale=manners())


def month(day: date) -> str:
    """November 2026"""
    return format_skeleton("yMMMM", day, locale=manners())


def time_of_day(hour: int, minute: int = 0) -> str:
    """07:00, or 7:00 AM where that is what people write."""
    return format_time(time(hour, minute), "short", locale=manners())


def moment(local: datetime) -> str:
    """Friday 27 November 2026, 07:00"""
    pattern = str(get_datetime_format("full", locale=manners()))
    clock = time_of_day(local.hour, local.minute)
    return pattern.replace("'", "").replace("{0}", clock).replace("{1}", long_date(local.date()))


def weekday(number: int) -> str:
    """Name an ISO weekday as it stands alone: 1 is Monday."""
    return str(get_day_names("wide", context="stand-alone", locale=manners())[number - 1])
