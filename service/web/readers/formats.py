"""Days and numbers as a language writes them, for the templates of reader pages."""

from datetime import date

from babel.numbers import format_decimal
from flask import Flask

from service.emails import dates


def init_app(app: Flask) -> None:
    """Add the filters; each is given the language."""
    app.jinja_env.filters |= {
        "long_date": lambda day, locale: dates.long_date(day, locale=locale),
        "short_date": lambda day, locale: dates.short_date(day, locale=locale),
        "month_name": lambda day, locale: dates.month_name(day, locale=locale),
        "weekday_name": lambda day, locale: dates.weekday_name(day, locale=locale),
        "day_number": day_number,
        "decimal": decimal,
        "direction": dates.direction,
    }


def day_number(day: date, locale: str) -> str:
    """27, in the digits of the language."""
    return format_decimal(day.day, locale=dates.find_locale(locale))


def decimal(number: float, locale: str) -> str:
    """2.4"""
    return format_decimal(round(number, 1), format="0.#", locale=dates.find_locale(locale))
