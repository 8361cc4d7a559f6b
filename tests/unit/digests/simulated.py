"""A newsletter's months in memory: news, merged stories, late topics, pins, blasts, lost mails, new choices.

Only the pure functions of selection are under test; everything around them is as planning does it.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from service.digests.folding import Member, StoryCuration, fold
from service.digests.models import CurationKind
from service.digests.selection.greedy import select
from service.digests.selection.values import Candidate, Reader, Selection

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
#: Weeks for which it is remembered who had what; what could be sent earlier is on offer no longer.
MEMORY = 13
MISSED_FOR = 4


@dataclass
class Piece:
    """An article of this world."""

    article_id: int
    week: int
    source_id: int
    seqs: dict[int, int]
    score: float = 0.0
    observed: int = 0
    withdrawn: bool = False


@dataclass
class Sent:
    week: int
    article_ids: tuple[int, ...]


@dataclass
class Person:
    """A subscription, with every mail that may have reached it."""

    topics: frozenset[int]
    excluded: frozenset[int] = frozenset()
    every: int = 1
    max_items: int = 10
    watermark: int = 0
    sent: list[Sent] = field(default_factory=list)
    #: (article, topic) that a digest which arrived could have had.
    considered: set[tuple[int, int]] = field(default_factory=set)


class World:
    """One week after the other; `check` holds for every digest that is made."""

    def __init__(self, seed: int, *, readers: int, topics: int = 6, news: int = 25) -> None:
        self.luck = random.Random(seed)
        self.names = tuple((n, f"Topic {n}") for n in range(1, topics + 1))
        self.news = news
        self.pieces: dict[int, Piece] = {}
        self.story_of: dict[int, int] = {}
        self.pins: list[tuple[int, int]] = []
        self.seq = 0
        self.people = [self._person() for _ in range(readers)]
        self.digests = self.repeats = self.missed = self.lost = 0
        self.sections: set[str] = set()

    def live(self, weeks: int) -> None:
        for week in range(weeks):
            self._publish(week)
            self._meddle(week)
            offered = self._candidates(week)
            for person in self.people:
                self._change_mind(person)
                if week % person.every == 0:
                    self._plan(person, offered, week)

    def _publish(self, week: int) -> None:
        for _ in range(self.luck.randrange(self.news + 1)):
            article_id = len(self.pieces) + 1
            topics = self.luck.sample(range(1, len(self.names) + 1), self.luck.choice([1, 1, 2]))
            piece = Piece(
                article_id, week, self.luck.randint(1, 4), {topic: self._next() for topic in topics}
            )
            if self.luck.random() < 0.25:
                piece.score, piece.observed = self.luck.uniform(-0.5, 2), self.luck.randint(0, 90)
            self.pieces[article_id] = piece
            self.story_of[article_id] = article_id

    def _meddle(self, week: int) -> None:
        """Copies that are found out at once or a week late, topics mapped late, pins, withdrawals."""
        lately = [piece for piece in self.pieces.values() if piece.week >= week - 20]
        for piece in lately:
            if self.luck.random() < 0.03:
                self._merge(piece.article_id, self.luck.choice(lately).article_id)
            if self.luck.random() < 0.02:
                piece.seqs.setdefault(self.luck.randint(1, len(self.names)), self._next())
            if self.luck.random() < 0.01:
                piece.withdrawn = not piece.withdrawn
        if lately and self.luck.random() < 0.5:
            self.pins.append((self.luck.choice(lately).article_id, week + self.luck.randint(1, 12)))

    def _merge(self, one: int, other: int) -> None:
        root, gone = sorted((self.story_of[one], self.story_of[other]))
        for article_id, story in self.story_of.items():
            if story == gone:
                self.story_of[article_id] = root

    def _candidates(self, week: int) -> list[Candidate]:
        firsts: dict[int, int] = {}
        for piece in self.pieces.values():
            story = self.story_of[piece.article_id]
            firsts[story] = min(piece.week, firsts.get(story, piece.week))
        members = [
            Member(
                article_id=piece.article_id,
                story_id=self.story_of[piece.article_id],
                source_id=piece.source_id,
                published_at=START + timedelta(weeks=piece.week),
                topic_ids=frozenset(piece.seqs),
                seqs=tuple(sorted(piece.seqs.items())),
                score=piece.score,
                observed=piece.observed,
            )
            for piece in self.pieces.values()
            if not piece.withdrawn and firsts[self.story_of[piece.article_id]] > week - MEMORY
        ]
        pins = [
            StoryCuration(self.story_of[article_id], article_id, CurationKind.PIN)
            for article_id, ends in self.pins
            if ends > week
        ]
        return fold(members, curations=pins, seed=str(week))

    def _plan(self, person: Person, offered: list[Candidate], week: int) -> None:
        cutoff = self.seq
        remembered = [mail for mail in person.sent if mail.week > week - MEMORY]
        had = {self.story_of[article_id] for mail in remembered for article_id in mail.article_ids}
        reader = Reader(
            topics=tuple(topic for topic in self.names if topic[0] in person.topics),
            min_items=3,
            max_items=person.max_items,
            watermark=person.watermark,
            received=frozenset(had),
            excluded=person.excluded,
            offered=self.names,
        )
        outcome = select(offered, reader=reader)
        self._check(person, offered, had, reader)
        if self.luck.random() < 0.05:
            # A blast that carries an article; remembered like a digest.
            person.sent.append(Sent(week, (self.luck.choice(offered).article_id,) if offered else ()))
        if not isinstance(outcome, Selection):
            return
        self.digests += 1
        if self.luck.random() < 0.06:
            # Lost: its window is given back.
            self.lost += 1
            return
        self.sections |= {section.key for section in outcome.sections}
        ever = {self.story_of[article_id] for mail in person.sent for article_id in mail.article_ids}
        blast = {self.story_of[one] for mail in person.sent[-1:] for one in mail.article_ids} - had
        stories = [self.story_of[article_id] for article_id in outcome.article_ids]
        self.repeats += len(stories) - len(set(stories)) + len(set(stories) & (ever - blast))
        person.sent.append(Sent(week, outcome.article_ids))
        person.watermark = cutoff
        person.considered |= {
            (article_id, topic) for article_id, piece in self.pieces.items() for topic in piece.seqs
        }

    def _check(self, person: Person, offered: list[Candidate], had: set[int], reader: Reader) -> None:
        """What no digest could have had so far is new to selection, whatever its number."""
        for one in offered:
            first = {
                place.topic_id: next(
                    piece
                    for piece in self.pieces.values()
                    if self.story_of[piece.article_id] == one.story_id
                    and piece.seqs.get(place.topic_id) == place.seq
                )
                for place in one.places
            }
            for place in one.places:
                never = (first[place.topic_id].article_id, place.topic_id) not in person.considered
                if one.story_id not in had and never is not (place.seq > reader.watermark):
                    self.missed += 1

    def _change_mind(self, person: Person) -> None:
        if self.luck.random() < 0.05:
            fresh = self._person()
            person.topics, person.excluded = fresh.topics, fresh.excluded
            person.every, person.max_items = fresh.every, fresh.max_items

    def _person(self) -> Person:
        numbers = range(1, len(self.names) + 1)
        topics = frozenset(self.luck.sample(numbers, self.luck.randint(0, 4)))
        excluded = frozenset(self.luck.sample(numbers, self.luck.choice([0, 0, 1]))) - topics
        return Person(topics, excluded, self.luck.choice([1, 1, 2, 4]), self.luck.choice([4, 10, 14]))

    def _next(self) -> int:
        self.seq += 1
        return self.seq
