"""Dates, hours, lists and numbers as each language writes them."""

from datetime import datetime

import pytest

from service.languages import dates, lists, speech
from service.newsletters.models import Rhythm
from service.subscribers import phrases


@pytest.mark.parametrize(
    ("tag", "clock", "moment"),
    [
        ("en", "07:00", "Friday 27 November 2026, 07:00"),
        ("en-US", "7:00\u202fAM", "Friday, November 27, 2026, 7:00\u202fAM"),
        ("de", "07:00", "Freitag, 27. November 2026, 07:00"),
        ("fr", "07:00", "vendredi 27 novembre 2026, 07:00"),
        ("es", "7:00", "viernes, 27 de noviembre de 2026, 7:00"),
        ("uk", "07:00", "пʼятниця, 27 листопада 2026\u202fр., 07:00"),
        ("ar", "7:00 ص", "الجمعة، 27 نوفمبر 2026، 7:00 ص"),
        ("it", "07:00", "Friday 27 November 2026, 07:00"),
    ],
)
def test_hours_and_moments(tag: str, clock: str, moment: str) -> None:
    with speech.speaking(tag):
        assert dates.time_of_day(7) == clock
        assert dates.moment(datetime(2026, 11, 27, 7)) == moment  # noqa: DTZ001  (a clock on the wall)


@pytest.mark.parametrize(
    ("tag", "names", "number", "day"),
    [
        ("en", "Science, Climate and Energy", "12,500", "Monday"),
        ("de", "Science, Climate und Energy", "12.500", "Montag"),
        ("fr", "Science, Climate et Energy", "12\u202f500", "lundi"),
        ("uk", "Science, Climate і Energy", "12\xa0500", "понеділок"),
        ("ar", "Science وClimate وEnergy", "12,500", "الاثنين"),
    ],
)
def test_lists_numbers_and_weekdays(tag: str, names: str, number: str, day: str) -> None:
    with speech.speaking(tag):
        assert lists.joined(["Science", "Climate", "Energy"]) == names
        assert lists.number(12_500) == number
        assert dates.weekday(1) == day


@pytest.mark.parametrize(
    ("tag", "rhythm", "words"),
    [
        ("de", Rhythm.WEEKLY, "jeden Dienstag um 07:00 Uhr"),
        ("fr", Rhythm.FORTNIGHTLY, "un mardi sur deux à 07:00"),
        ("es", Rhythm.MONTHLY, "el primer martes de cada mes (7:00)"),
        ("uk", Rhythm.WEEKLY, "щовівторка о 07:00"),
        ("ar", Rhythm.ENOUGH, "متى انتظرتكم 5 مقالات جيدة، الساعة 7:00 ص"),
    ],
)
def test_a_rhythm_is_one_phrase_of_its_language(tag: str, rhythm: Rhythm, words: str) -> None:
    with speech.speaking(tag):
        assert phrases.days_and_hour(rhythm, weekday=2, hour=7, enough=5) == words


def test_a_sentence_begins_with_a_capital_and_keeps_the_rest() -> None:
    assert lists.capitalised("every Friday at 07:00, UTC") == "Every Friday at 07:00, UTC"
    assert lists.capitalised("") == ""
