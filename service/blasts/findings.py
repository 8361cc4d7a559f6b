"""What the check of a blast finds: an error, or something to look at."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """An error keeps a blast from being sent; a warning is the operator's to judge."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found: the place, what it is, and what to do."""

    level: Level
    place: str
    sentence: str
    advice: str


def error(place: str, sentence: str, advice: str) -> Finding:
    return Finding(Level.ERROR, place, sentence, advice)


def warning(place: str, sentence: str, advice: str) -> Finding:
    return Finding(Level.WARNING, place, sentence, advice)
