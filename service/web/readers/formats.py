"""Days and numbers as the spoken language writes them, for the templates of reader pages."""

from datetime import date

from babel.numbers import format_decimal
from flask import Flask

from service.languages import dates, lists, speech
from service.languages.offered import direction


def init_app(app: Flask) -> None:
    """Add the filters."""
    app.jinja_env.filters |= {
        "long_date": dates.long_date,
        "long_date_in": long_date_in,
        "short_date": dates.short_date,
        "month": dates.month,
        "weekday": weekday,
        "day_number": day_number,
        "decimal": decimal,
        "direction": direction,
        "joined": lists.joined,
    }


def long_date_in(day: date, tag: str) -> str:
    """Write a day in another language than the page's."""
    with speech.speaking(tag):
        return dates.long_date(day)


def weekday(day: date) -> str:
    """Friday"""
    return dates.weekday(day.isoweekday())


def day_number(day: date) -> str:
    """27, in the digits of the language."""
    return format_decimal(day.day, locale=speech.manners())


def decimal(number: float) -> str:
    """2.4"""
    return format_decimal(round(number, 1), format="0.#", locale=speech.manners())
