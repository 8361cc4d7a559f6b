"""Takes story after story: the next one has the greatest lift after damping what there is enough of.

In this order: editor's picks, popular stories, new ones (topics that got nothing first), what was missed,
and one story by the draw. This is the plain form, for one reader; whatever chooses for crowds must choose
the same.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from service.digests.selection import rules
from service.digests.selection.sections import arrange
from service.digests.selection.values import (
    EVERYWHERE,
    TOO_FEW,
    Candidate,
    Place,
    Reader,
    Selection,
    Skip,
    Taken,
)

_Pair = tuple[Candidate, Place]


def select(candidates: Iterable[Candidate], *, reader: Reader) -> Selection | Skip:
    """Choose a digest for readers with equal input; the order of the candidates does not matter."""
    taken = take(candidates, reader=reader)
    return taken if isinstance(taken, Skip) else Selection(arrange(taken, reader=reader))


def take(candidates: Iterable[Candidate], *, reader: Reader) -> list[Taken] | Skip:
    """Return what was taken, in that order, or why there is nothing."""
    desk = _Desk(reader, {topic_id: n for n, (topic_id, _) in enumerate(reader.follows)})
    usable = _usable(candidates, reader)
    fresh = [pair for pair in _pairs(usable, desk.follows) if pair[1].seq > reader.watermark]
    limit = rules.limit(reader.max_items)
    floor = rules.floor(reader.min_items, limit=limit)
    _take_editors(desk, usable, limit=limit)
    _take_popular(desk, fresh, limit=limit)
    missed, drawn = _missed(desk, usable, fresh), _explorable(desk, usable, fresh)
    room = limit - rules.kept_back(limit=limit, floor=floor, missed=len(missed), explorable=bool(drawn))
    _take_new(desk, fresh, limit=limit, room=room)
    if len(desk.taken) < floor:
        return Skip(TOO_FEW)
    _take_missed(desk, missed, limit=limit)
    _take_explored(desk, drawn, limit=limit)
    return desk.taken or Skip(TOO_FEW)


def editors(usable: Iterable[Candidate], *, reader: Reader, limit: int) -> list[Taken]:
    """Return the editors' picks among stories that this reader may have."""
    desk = _Desk(reader, {topic_id: n for n, (topic_id, _) in enumerate(reader.follows)})
    _take_editors(desk, list(usable), limit=limit)
    return desk.taken


@dataclass(slots=True)
class _Desk:
    """What was taken while one digest is made; `follows` has each topic's position."""

    reader: Reader
    follows: dict[int, int]
    taken: list[Taken] = field(default_factory=list)
    ids: set[int] = field(default_factory=set)
    per_topic: Counter[int] = field(default_factory=Counter)
    per_source: Counter[int] = field(default_factory=Counter)
    per_author: Counter[str] = field(default_factory=Counter)

    def take(self, key: str, candidate: Candidate, place: Place) -> None:
        self.taken.append(Taken(key, candidate, place))
        self.ids.add(candidate.article_id)
        self.per_topic[place.topic_id] += 1
        self.per_source[candidate.source_id] += 1
        if candidate.author:
            self.per_author[candidate.author] += 1

    def best(self, pairs: Iterable[_Pair]) -> _Pair | None:
        """The most valuable that is left; of equal ones the newest, then the smallest id, then by topic."""
        left = [pair for pair in pairs if pair[0].article_id not in self.ids]
        return min(left, key=self._rank, default=None)

    def starved(self, fresh: Iterable[_Pair]) -> set[int]:
        """Topics that have something new to read and got nothing yet; everything has no such claim."""
        if not self.reader.topics:
            return set()
        return {
            place.topic_id
            for candidate, place in fresh
            if not self.per_topic[place.topic_id] and candidate.article_id not in self.ids
        }

    def _rank(self, pair: _Pair) -> tuple[float, int, int, int]:
        candidate, place = pair
        value = place.lift * rules.BY_TOPIC[self.per_topic[place.topic_id]]
        value = value * rules.BY_SOURCE[self.per_source[candidate.source_id]]
        value = value * rules.BY_AUTHOR[self.per_author[candidate.author or ""]]
        return (-value, -candidate.seq, candidate.article_id, self.follows[place.topic_id])


def _usable(candidates: Iterable[Candidate], reader: Reader) -> list[Candidate]:
    """One candidate per story, without what the reader has had or excludes."""
    found = {
        one.story_id: one
        for one in sorted(candidates, key=lambda one: (one.seq, -one.article_id))
        if one.story_id not in reader.received
        and not one.topic_ids & reader.excluded
        and one.source_id not in reader.muted
    }
    return list(found.values())


def _pairs(candidates: Iterable[Candidate], topics: Iterable[int]) -> list[_Pair]:
    wanted = set(topics)
    return [(one, place) for one in candidates for place in one.places if place.topic_id in wanted]


def _take_editors(desk: _Desk, usable: list[Candidate], *, limit: int) -> None:
    """What was pinned comes once, whether it is new or not, and may stand for a topic not chosen."""
    pinned = [one for one in usable if EVERYWHERE in one.pins or one.pins & desk.follows.keys()]
    own = _pairs(pinned, desk.follows)
    offered = {topic_id: n for n, (topic_id, _) in enumerate(desk.reader.offered)}
    for candidate in sorted(pinned, key=most_lift_first)[: rules.editors_cap(limit)]:
        places = [place for one, place in own if one is candidate]
        if places:
            place = min(places, key=lambda one: (desk.per_topic[one.topic_id], desk.follows[one.topic_id]))
        else:
            known = [one for one in candidate.places if one.topic_id in offered]
            place = min(known or candidate.places, key=lambda one: offered.get(one.topic_id, one.topic_id))
        desk.take("editors", candidate, place)


def _take_popular(desk: _Desk, fresh: list[_Pair], *, limit: int) -> None:
    popular = [pair for pair in fresh if pair[0].popular]
    for _ in range(min(rules.popular_cap(limit), limit - len(desk.taken))):
        starved = desk.starved(fresh)
        best = desk.best(
            pair for pair in popular if not starved or desk.per_topic[pair[1].topic_id] < rules.ENOUGH
        )
        if best is None:
            break
        desk.take("popular", *best)


def _take_new(desk: _Desk, fresh: list[_Pair], *, limit: int, room: int) -> None:
    while len(desk.taken) < limit:
        starved = desk.starved(fresh)
        if not starved and len(desk.taken) >= room:
            break
        best = desk.best(pair for pair in fresh if not starved or pair[1].topic_id in starved)
        if best is None:
            break
        desk.take("new", *best)


def _missed(desk: _Desk, usable: list[Candidate], fresh: list[_Pair]) -> list[_Pair]:
    """Popular stories of the reader's topics that are not new in any of them; up to as many as have room."""
    new = {candidate.article_id for candidate, _ in fresh} | desk.ids
    return _pairs(
        [one for one in usable if one.popular and one.missable and one.article_id not in new], desk.follows
    )


def _take_missed(desk: _Desk, missed: list[_Pair], *, limit: int) -> None:
    for _ in range(min(rules.missed_cap(limit), limit - len(desk.taken))):
        best = desk.best(missed)
        if best is None:
            break
        desk.take("missed", *best)


def _explorable(desk: _Desk, usable: list[Candidate], fresh: list[_Pair]) -> list[_Pair]:
    """New stories outside the reader's topics; inside, where there are none or the reader wants none."""
    outside = [one for one in usable if desk.reader.explore and not one.topic_ids & desk.follows.keys()]
    pairs = [
        pair
        for pair in _pairs(outside, (topic_id for topic_id, _ in desk.reader.offered))
        if pair[1].seq > desk.reader.watermark and pair[0].article_id not in desk.ids
    ]
    return pairs or [pair for pair in fresh if pair[0].article_id not in desk.ids]


def _take_explored(desk: _Desk, drawn: list[_Pair], *, limit: int) -> None:
    left = [pair for pair in drawn if pair[0].article_id not in desk.ids]
    if not left or len(desk.taken) >= limit or not rules.explore_cap(limit):
        return
    offered = {topic_id: n for n, (topic_id, _) in enumerate(desk.reader.offered or desk.reader.topics)}
    candidate, place = min(
        left,
        key=lambda pair: (-pair[0].draw, -pair[0].seq, pair[0].article_id, offered[pair[1].topic_id]),
    )
    desk.take("explore", candidate, place)


def most_lift_first(candidate: Candidate) -> tuple[float, int, int]:
    """Order what editors picked."""
    lift = max(place.lift for place in candidate.places)
    return (-lift, -candidate.seq, candidate.article_id)
