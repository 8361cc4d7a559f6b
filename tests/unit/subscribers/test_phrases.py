"""What readers are told about when mail comes."""

import pytest

from service.newsletters.models import Rhythm
from service.subscribers import phrases


@pytest.mark.parametrize(
    ("rhythm", "words"),
    [
        (Rhythm.DAILY, "every day at 07:00"),
        (Rhythm.WEEKLY, "every Friday at 07:00"),
        (Rhythm.WEEKDAYS, "on weekdays at 07:00"),
        (Rhythm.FORTNIGHTLY, "every second Friday at 07:00"),
        (Rhythm.ENOUGH, "when 5 good articles wait, at 07:00"),
        (Rhythm.MONTHLY, "on the first Friday of every month at 07:00"),
    ],
)
def test_a_rhythm_in_words(rhythm: Rhythm, words: str) -> None:
    assert phrases.days_and_hour(rhythm, weekday=5, hour=7, enough=5) == words
