"""What a look at the DNS ends in: for each kind of record a grade, sentences, and what to publish."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """GOOD needs nothing, ATTENTION should be better, WRONG costs mail, UNCHECKED could not be asked."""

    GOOD = "good"
    ATTENTION = "attention"
    WRONG = "wrong"
    UNCHECKED = "unchecked"


_WEIGHT = {Grade.GOOD: 0, Grade.UNCHECKED: 1, Grade.ATTENTION: 2, Grade.WRONG: 3}


@dataclass(frozen=True, slots=True)
class Record:
    """One record to publish, as a form of a DNS provider asks for it."""

    name: str
    type: str
    value: str

    @property
    def zone_line(self) -> str:
        """The same for a zone file; long texts in strings of at most 255 bytes (RFC 1035 3.3)."""
        if self.type != "TXT":
            return f"{self.name}. IN {self.type} {self.value}"
        parts = [self.value[start : start + 255] for start in range(0, len(self.value), 255)]
        return f"{self.name}. IN TXT " + " ".join(f'"{part}"' for part in parts)


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of record of one domain."""

    kind: str
    grade: Grade
    #: What is so, and what to do; plain text.
    said: tuple[str, ...] = ()
    #: To publish, in place of what is there; None where nothing is missing that we could write.
    record: Record | None = None
    #: What the DNS says now.
    published: tuple[str, ...] = ()
    #: To run where Broadsheet runs; empty where nothing is to be run.
    command: str = ""


def worst(grades: Sequence[Grade]) -> Grade:
    """Return the grade that needs somebody most; of none, GOOD."""
    return max(grades, key=_WEIGHT.__getitem__, default=Grade.GOOD)


#: Nobody answered; said of a single kind of record.
NO_ANSWER = "Not checked: no DNS from here."
