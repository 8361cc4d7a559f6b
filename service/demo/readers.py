"""A few hundred sample readers, the same for the same seed; no mail can ever reach them.

Every address is at a domain that RFC 2606 reserves for examples.
"""

import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import TypeVar

from service.newsletters.models import Rhythm

T = TypeVar("T")

RESERVED_DOMAINS = ("example.org", "example.com", "example.net")

_NAMES = Path(__file__).parent / "press" / "names.toml"
# Letters that Unicode does not take apart into a base letter and an accent.
_PLAIN_LETTERS = str.maketrans({"ø": "o", "ł": "l", "ı": "i", "đ": "d", "ß": "ss", "'": None, " ": None})
_TIME_ZONES = {
    "Europe/London": 46,
    "Europe/Dublin": 9,
    "Europe/Lisbon": 5,
    "Europe/Berlin": 9,
    "Europe/Warsaw": 5,
    "Africa/Lagos": 4,
    "America/New_York": 8,
    "America/Sao_Paulo": 3,
    "Asia/Kolkata": 4,
    "Asia/Tokyo": 3,
    "Australia/Adelaide": 2,
    "Pacific/Auckland": 2,
}
_RHYTHMS = {
    Rhythm.WEEKLY: 56,
    Rhythm.DAILY: 15,
    Rhythm.WEEKDAYS: 10,
    Rhythm.ENOUGH: 7,
    Rhythm.FORTNIGHTLY: 6,
    Rhythm.MONTHLY: 6,
}
# How many topics a reader ticks, and at which hours and weekdays (1 is Monday) people like to read.
_TOPIC_COUNTS = {1: 18, 2: 30, 3: 27, 4: 15, 5: 7, 8: 3}
_HOURS = {6: 8, 7: 26, 8: 22, 9: 8, 12: 7, 16: 4, 17: 9, 18: 10, 20: 6}
_WEEKDAYS = {1: 12, 2: 8, 3: 8, 4: 12, 5: 24, 6: 26, 7: 10}
_LONGEST_MEMBERSHIP = 400


@dataclass(frozen=True, slots=True)
class SampleReader:
    """What one sample reader asked for; `weekday` is ISO (1 is Monday), `hour` is local."""

    name: str
    address: str
    topics: tuple[str, ...]
    rhythm: Rhythm
    weekday: int
    hour: int
    time_zone: str
    announcements: bool
    joined_days_ago: int
    locale: str = "en"


def invent_readers(topics: Sequence[str], *, count: int = 300, seed: int = 1) -> list[SampleReader]:
    """Invent readers; earlier topics are liked by more of them, as in Zipf's law."""
    random = Random(seed)
    taken: set[str] = set()
    return [_reader(random, topics, taken=taken) for _ in range(count)]


def _reader(random: Random, topics: Sequence[str], *, taken: set[str]) -> SampleReader:
    given, family = _names()
    name, surname = random.choice(given), random.choice(family)
    return SampleReader(
        name=f"{name} {surname}",
        address=_address(random, _plain(name), _plain(surname), taken=taken),
        topics=_choose_topics(random, topics),
        rhythm=_weighted(random, _RHYTHMS),
        weekday=_weighted(random, _WEEKDAYS),
        hour=_weighted(random, _HOURS),
        time_zone=_weighted(random, _TIME_ZONES),
        announcements=random.random() < 0.62,
        joined_days_ago=random.randint(1, _LONGEST_MEMBERSHIP),
    )


def _address(random: Random, given: str, family: str, *, taken: set[str]) -> str:
    """Write an address the way people do, and make it the first of its kind."""
    styles = (f"{given}.{family}", f"{given}.{family}", f"{given[0]}.{family}", f"{family}{given[:2]}")
    local, domain = random.choice(styles), random.choice(RESERVED_DOMAINS)
    if random.random() < 0.06:
        local += "+news"
    address, number = f"{local}@{domain}", 1
    while address in taken:
        number += 1
        address = f"{local}{number}@{domain}"
    taken.add(address)
    return address


def _choose_topics(random: Random, topics: Sequence[str]) -> tuple[str, ...]:
    """Draw without putting back, so that nobody has a topic twice; keep the order of the form."""
    wanted = min(_weighted(random, _TOPIC_COUNTS), len(topics))
    left = {topic: 1 / rank for rank, topic in enumerate(topics, start=1)}
    chosen: set[str] = set()
    while len(chosen) < wanted:
        topic = _weighted(random, left)
        del left[topic]
        chosen.add(topic)
    return tuple(topic for topic in topics if topic in chosen)


def _weighted(random: Random, weights: Mapping[T, float]) -> T:
    return random.choices(list(weights), weights=list(weights.values()))[0]


def _plain(name: str) -> str:
    lowered = unicodedata.normalize("NFKD", name.lower().translate(_PLAIN_LETTERS))
    return lowered.encode("ascii", "ignore").decode()


@cache
def _names() -> tuple[list[str], list[str]]:
    names = tomllib.loads(_NAMES.read_text(encoding="utf-8"))
    return names["given"], names["family"]
