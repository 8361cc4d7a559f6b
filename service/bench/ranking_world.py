"""A seeded news site whose articles have a true appeal, for measuring how well a ranking finds it.

A fortnight of 700 articles a week in twenty topics of very different size; readers' digests of each day begin
with what was viewed most so far, which is the loop that every popularity feeds; page views carry the luck of
placement, and a few articles are stormed by bots, most of which a filter catches. The second world breaks
what the ranking believes: appeals with a heavy tail, and places whose rates drift from day to day.
"""

import math
from collections import defaultdict
from dataclasses import dataclass, field
from random import Random

from service.popularity.expectation import Place, Seen
from service.popularity.models import Signal
from service.popularity.ranking import arrived

TOPICS = 20
PER_WEEK = 700
DAYS = 14
ITEMS = 12
#: Of them by views; the rest are the newest.
POPULAR = 5
HOUR, DAY, WEEK = 1.0, 24.0, 168.0
#: Standard deviation of the logarithm of appeal, and of what placement does to views.
_APPEAL, _LUCK, _SHARE_LUCK = 0.8, 1.0, 0.7
#: Share of the readers of an average topic's audience who see an article on the site at all.
_REACH = 0.1
_SHARED = 0.01
_FIRST_PLACE = 0.08
_DECAY = 0.7
_STORMED, _CAUGHT = 0.03, 0.9
#: A storm brings so many times the views of an average article.
_STORM = 40.0
#: Readers are drawn as so many kinds of readers, each standing for many: the counts do not care.
_KINDS = 1_200
_MEAN_PICKS = 4


@dataclass(slots=True)
class Story:
    """One article: what it is worth, and what was counted of it."""

    number: int
    topic: int
    born: float
    appeal: float
    luck: float
    stormed: bool
    #: What the filter let through, and what of it came from people.
    views: int = 0
    views_of_people: int = 0
    shares: int = 0
    places: dict[int, Place] = field(default_factory=lambda: defaultdict(Place))
    #: Mails in which it stood, whatever the place.
    mails: float = 0.0

    @property
    def clicks(self) -> int:
        return sum(place.clicks for place in self.places.values())


@dataclass(frozen=True, slots=True)
class World:
    """The articles of the last week, as they are known at its end."""

    stories: list[Story]
    now: float

    def age(self, story: Story) -> float:
        return self.now - story.born

    def seen(self) -> dict[int, Seen]:
        """Return what the product's ranking is told."""
        return {
            story.number: Seen(
                topic_ids=(story.topic,),
                age_hours=self.age(story),
                places={Signal.DIGEST_CLICK: dict(story.places)},
                views=story.views,
                shares=story.shares,
            )
            for story in self.stories
        }


def simulate(*, readers: int, seed: int, misfit: bool = False) -> World:
    """Live through a fortnight; equal arguments make equal worlds."""
    dice = Random(f"{readers} {seed} {misfit}")
    sizes = [1 / (rank + 1) for rank in range(TOPICS)]
    stories = _stories(dice, sizes, misfit=misfit)
    kinds = _kinds(dice, sizes)
    audience = _audience(kinds, readers)
    now = DAYS * DAY
    for day in range(1, DAYS):
        _send(dice, day * DAY, stories, kinds, readers=readers, audience=audience, now=now, misfit=misfit)
    for story in stories:
        _count(dice, story, audience, at=now)
    return World([story for story in stories if now - story.born < WEEK], now)


def _stories(dice: Random, sizes: list[float], *, misfit: bool) -> list[Story]:
    count = PER_WEEK * DAYS // 7
    topics = dice.choices(range(TOPICS), weights=sizes, k=count)
    return [
        Story(
            number=number,
            topic=topic,
            born=dice.uniform(0, DAYS * DAY),
            appeal=_appeal(dice, misfit=misfit),
            luck=math.exp(dice.gauss(0, _LUCK)),
            stormed=dice.random() < _STORMED,
        )
        for number, topic in enumerate(topics)
    ]


def _appeal(dice: Random, *, misfit: bool) -> float:
    if misfit:
        # A Student's t of three degrees has the tail that a bell has not; cut where nothing is read so much.
        tail = dice.gauss(0, 1) / math.sqrt(dice.gammavariate(1.5, 2) / 3)
        return math.exp(max(-4.0, min(4.0, 0.6 * tail)))
    return math.exp(dice.gauss(0, _APPEAL))


def _kinds(dice: Random, sizes: list[float]) -> list[tuple[int, frozenset[int]]]:
    """Return kinds of readers: the day of the week on which they are written to, and their topics."""
    kinds = []
    for number in range(_KINDS):
        wanted = max(1, min(TOPICS, round(dice.expovariate(1 / _MEAN_PICKS)) or 1))
        topics: set[int] = set()
        while len(topics) < wanted:
            topics.update(dice.choices(range(TOPICS), weights=sizes))
        kinds.append((number % 7, frozenset(topics)))
    return kinds


def _audience(kinds: list[tuple[int, frozenset[int]]], readers: int) -> list[float]:
    each = readers / len(kinds)
    return [each * sum(topic in topics for _, topics in kinds) for topic in range(TOPICS)]


def _send(
    dice: Random,
    at: float,
    stories: list[Story],
    kinds: list[tuple[int, frozenset[int]]],
    *,
    readers: int,
    audience: list[float],
    now: float,
    misfit: bool,
) -> None:
    """Send the digests of one day, ordered by what was viewed so far, with some chance in it."""
    week: defaultdict[int, list[tuple[float, Story]]] = defaultdict(list)
    for story in stories:
        if 0 <= at - story.born < WEEK:
            views = _mean_views(story, audience, at=at)
            week[story.topic].append((views * math.exp(dice.gauss(0, 0.5)), story))
    mails = readers / len(kinds)
    decay = _DECAY + (dice.uniform(-0.35, 0.35) if misfit else 0.0)
    first = _FIRST_PLACE * (dice.uniform(0.6, 1.6) if misfit else 1.0)
    come = arrived(Signal.DIGEST_CLICK, now - at)
    for weekday, topics in kinds:
        if weekday != int(at // DAY) % 7:
            continue
        offered = sorted((each for topic in topics for each in week[topic]), key=lambda each: -each[0])
        for number, story in enumerate(_digest(offered), start=1):
            place = story.places[number]
            place.exposure += mails * come
            place.clicks += _poisson(dice, mails * come * min(0.9, first * number**-decay * story.appeal))
            story.mails += mails


def _digest(offered: list[tuple[float, Story]]) -> list[Story]:
    """Choose as digests do: a few that were viewed most, then what is newest."""
    popular = [story for _, story in offered[:POPULAR]]
    new = sorted((story for _, story in offered[POPULAR:]), key=lambda story: -story.born)
    return popular + new[: ITEMS - POPULAR]


def _mean_views(story: Story, audience: list[float], *, at: float) -> float:
    curve = arrived(Signal.PAGE_VIEW, at - story.born)
    return _REACH * audience[story.topic] * curve * story.appeal * story.luck


def _count(dice: Random, story: Story, audience: list[float], *, at: float) -> None:
    """Count views and shares as they stand; bots come on top."""
    people = _poisson(dice, _mean_views(story, audience, at=at))
    bots = _poisson(dice, _STORM * _REACH * sum(audience) / TOPICS) if story.stormed else 0
    story.views_of_people = people
    story.views = people + sum(dice.random() > _CAUGHT for _ in range(min(bots, 10_000)))
    story.shares = _poisson(dice, _SHARED * people * story.appeal * math.exp(dice.gauss(0, _SHARE_LUCK)))


def _poisson(dice: Random, mean: float) -> int:
    """Draw from a Poisson distribution: exactly for small means, by its bell for large ones."""
    if mean > 40:
        return max(0, round(dice.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), dice.random(), 0
    while product > limit:
        product *= dice.random()
        count += 1
    return count
