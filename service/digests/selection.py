"""Chooses and orders the articles of one digest (pure: frozen values in, frozen values out).

Greedy: the next story is the one with the greatest lift after damping what the digest has enough of. Each
chosen topic with something to read gets a story before any gets a third.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import exp

#: Nothing is called "most read" on fewer clicks than this (tiny worlds have no popular section).
POPULAR_OBSERVED = 20
POPULAR_CAP = 5
#: Longer digests are not read to the end, whatever a newsletter asks for.
HARD_CAP = 14

SAME_TOPIC, SAME_SOURCE, SAME_AUTHOR = 0.8, 0.7, 0.5
#: A story with a picture leads when its lift is at least this share of the best one's.
CLOSE = 0.8


@dataclass(frozen=True, slots=True)
class Candidate:
    """An article that may be chosen; `score` is its log-lift (0: like any other), with its error bar."""

    article_id: int
    topic_ids: frozenset[int]
    source_id: int
    #: Largest eligible_seq among its topics; breaks ties in favour of the newer.
    seq: int
    author: str | None = None
    score: float = 0.0
    sd: float = 0.0
    #: Clicks and other signals behind the score.
    observed: int = 0
    has_image: bool = False
    #: False for one below the reader's watermark: it may come as "most read", never as new.
    fresh: bool = True

    @property
    def lift(self) -> float:
        return exp(self.score)

    @property
    def popular(self) -> bool:
        return self.score > 0 and self.observed >= POPULAR_OBSERVED


@dataclass(frozen=True, slots=True)
class Reader:
    """What a group of readers with equal input has in common."""

    #: (id, name) of the chosen topics, in the newsletter's order.
    topics: tuple[tuple[int, str], ...]
    min_items: int
    max_items: int
    #: Articles that may have reached them already.
    received: frozenset[int] = frozenset()
    #: Ends the reason of a popular story: "this week", "this month".
    span: str = "this week"


@dataclass(frozen=True, slots=True)
class Pick:
    """One chosen article: its place in the mail, the topic it stands for, and why it is there."""

    article_id: int
    topic_id: int
    slot: int
    reason: str


@dataclass(frozen=True, slots=True)
class Section:
    """Picks under a heading; `key` is popular or new."""

    key: str
    heading: str
    picks: tuple[Pick, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """A digest's sections in reading order; slots count from 1 through all of them."""

    sections: tuple[Section, ...]

    @property
    def article_ids(self) -> tuple[int, ...]:
        return tuple(pick.article_id for section in self.sections for pick in section.picks)


@dataclass(frozen=True, slots=True)
class Skip:
    """No digest this time; one stable word says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Taken:
    candidate: Candidate
    topic_id: int


@dataclass(slots=True)
class _Desk:
    """What is left to choose from and what was taken, while one digest is made."""

    topics: tuple[int, ...]
    left: list[Candidate]
    taken: list[_Taken] = field(default_factory=list)
    per_topic: Counter[int] = field(default_factory=Counter)
    per_source: Counter[int] = field(default_factory=Counter)
    per_author: Counter[str] = field(default_factory=Counter)

    def take(self, pool: Iterable[Candidate], *, only_topics: Iterable[int] | None = None) -> bool:
        """Take the best story of the pool that the rules allow; say whether there was one."""
        starved = self.starved()
        wanted = self.topics if only_topics is None else tuple(only_topics)
        choices = []
        for candidate in pool:
            topic_id = self._topic_for(candidate, wanted)
            if topic_id is not None and (self.per_topic[topic_id] < 2 or not starved):
                choices.append((-self._value(candidate, topic_id), _newest_first(candidate), topic_id))
        if not choices:
            return False
        _, (_, article_id), topic_id = min(choices)
        candidate = next(one for one in self.left if one.article_id == article_id)
        self.left.remove(candidate)
        self.taken.append(_Taken(candidate, topic_id))
        self.per_topic[topic_id] += 1
        self.per_source[candidate.source_id] += 1
        if candidate.author:
            self.per_author[candidate.author] += 1
        return True

    def starved(self) -> list[int]:
        """Chosen topics that have something new to read and got nothing yet."""
        on_offer = {
            topic_id for candidate in self.left if candidate.fresh for topic_id in candidate.topic_ids
        }
        return [topic_id for topic_id in self.topics if topic_id in on_offer and not self.per_topic[topic_id]]

    def _topic_for(self, candidate: Candidate, wanted: Sequence[int]) -> int | None:
        # A story in several chosen topics stands for the one that has the least so far.
        fitting = [topic_id for topic_id in wanted if topic_id in candidate.topic_ids]
        return min(fitting, key=lambda topic_id: self.per_topic[topic_id], default=None)

    def _value(self, candidate: Candidate, topic_id: int) -> float:
        value = candidate.lift * SAME_TOPIC ** self.per_topic[topic_id]
        value *= SAME_SOURCE ** self.per_source[candidate.source_id]
        return value * SAME_AUTHOR ** self.per_author[candidate.author or ""]


def select(candidates: Iterable[Candidate], *, reader: Reader) -> Selection | Skip:
    """Choose a digest for readers with equal input; the order of the candidates does not matter."""
    topics = tuple(topic_id for topic_id, _ in reader.topics)
    limit = min(reader.max_items, HARD_CAP)
    desk = _Desk(topics=topics, left=_eligible(candidates, reader))
    popular = _take_popular(desk, cap=min(POPULAR_CAP, limit * 2 // 5))
    _take_new(desk, limit=limit)
    if len(desk.taken) < reader.min_items:
        return Skip("too_few")
    return Selection(_arrange(desk.taken[:popular], desk.taken[popular:], reader=reader))


def _eligible(candidates: Iterable[Candidate], reader: Reader) -> list[Candidate]:
    chosen = {topic_id for topic_id, _ in reader.topics}
    found = {
        candidate.article_id: candidate
        for candidate in sorted(candidates, key=_newest_first, reverse=True)
        if candidate.topic_ids & chosen
        and candidate.article_id not in reader.received
        and (candidate.fresh or candidate.popular)
    }
    return sorted(found.values(), key=_newest_first)


def _take_popular(desk: _Desk, *, cap: int) -> int:
    while len(desk.taken) < cap and desk.take([one for one in desk.left if one.popular]):
        pass
    return len(desk.taken)


def _take_new(desk: _Desk, *, limit: int) -> None:
    while len(desk.taken) < limit:
        fresh = [one for one in desk.left if one.fresh]
        if not desk.take(fresh, only_topics=desk.starved() or None):
            break


def _arrange(popular: Sequence[_Taken], new: Sequence[_Taken], *, reader: Reader) -> tuple[Section, ...]:
    """Put the lead first, then number the slots."""
    runs = [("popular", _popular_heading(reader), _lead_first(popular))] if popular else []
    runs += [("new", heading, run) for heading, run in _new_runs(new, reader=reader, with_lead=not popular)]
    names, sections, slot = dict(reader.topics), [], 0
    for key, heading, run in runs:
        picks = []
        for one in run:
            slot += 1
            name = names[one.topic_id]
            reason = f"Most read in {name} {reader.span}" if key == "popular" else f"You follow {name}"
            picks.append(Pick(one.candidate.article_id, one.topic_id, slot, reason))
        sections.append(Section(key, heading, tuple(picks)))
    return tuple(sections)


def _popular_heading(reader: Reader) -> str:
    return f"Most read in {reader.topics[0][1]}" if len(reader.topics) == 1 else "Most read in your topics"


def _new_runs(taken: Sequence[_Taken], *, reader: Reader, with_lead: bool) -> list[tuple[str, list[_Taken]]]:
    """One run per topic, the best topic first; topics with a single story share the last run."""
    ordered = _lead_first(taken) if with_lead else _best_first(taken)
    by_topic: dict[int, list[_Taken]] = {}
    for one in ordered:
        by_topic.setdefault(one.topic_id, []).append(one)
    lead_topic = ordered[0].topic_id if ordered and with_lead else None
    single = [topic_id for topic_id, run in by_topic.items() if len(run) == 1 and topic_id != lead_topic]
    names = dict(reader.topics)
    together = single if len(by_topic) > 4 and len(single) > 1 else []
    runs = [(f"New in {names[key]}", run) for key, run in by_topic.items() if key not in together]
    if together:
        runs.append(("Also new in your topics", [one for key in together for one in by_topic[key]]))
    return runs


def _lead_first(taken: Sequence[_Taken]) -> list[_Taken]:
    """Best first; but a story with a picture leads if one is close to the best."""
    ordered = _best_first(taken)
    for one in ordered:
        if one.candidate.lift < CLOSE * ordered[0].candidate.lift:
            break
        if one.candidate.has_image:
            return [one, *(other for other in ordered if other is not one)]
    return ordered


def _best_first(taken: Sequence[_Taken]) -> list[_Taken]:
    return sorted(taken, key=lambda one: (-one.candidate.lift, _newest_first(one.candidate)))


def _newest_first(candidate: Candidate) -> tuple[int, int]:
    return (-candidate.seq, candidate.article_id)
