"""The forecast in words."""

import pytest

from service.digests import forecast
from service.newsletters.models import Rhythm

TOO_LITTLE = (
    "About 1 article every Friday: most of the time too little for a mail; "
    "what there is waits for the next one."
)


@pytest.mark.parametrize(
    ("weekly", "rhythm", "words"),
    [
        (9.2, Rhythm.WEEKLY, "About 9 articles every Friday."),
        (60, Rhythm.WEEKLY, "About 10 articles every Friday."),
        (35, Rhythm.DAILY, "About 5 articles every day."),
        (25, Rhythm.WEEKDAYS, "About 5 articles on weekdays."),
        (4, Rhythm.FORTNIGHTLY, "About 8 articles every second Friday."),
        (
            1,
            Rhythm.WEEKLY,
            TOO_LITTLE,
        ),
        (7, Rhythm.ENOUGH, "5 articles, about every 5 days."),
        (70, Rhythm.ENOUGH, "5 articles, about every day."),
        (0, Rhythm.ENOUGH, "Hardly anything came in these topics of late."),
    ],
)
def test_a_choice_is_told_what_it_brings(weekly: float, rhythm: Rhythm, words: str) -> None:
    assert forecast.sentence(weekly, rhythm=rhythm, weekday=5, least=3, most=10, enough=5) == words
