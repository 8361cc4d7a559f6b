"""The candidates of a run, sorted once for all its readers: per topic, the greatest lift first (pure)."""

from collections.abc import Sequence
from typing import NamedTuple

from service.digests.selection.values import Candidate, Place


class Entry(NamedTuple):
    """A candidate in one topic, with what is asked of it most."""

    lift: float
    seq: int
    article_id: int
    topic_id: int
    place_seq: int
    source_id: int
    author: str
    story_id: int
    topic_ids: frozenset[int]
    candidate: Candidate
    place: Place


#: (topic, watermark)
_Key = tuple[int, int]


class Pool:
    """The candidates of a run, sorted; one may serve any number of readers of one newsletter."""

    def __init__(self, candidates: Sequence[Candidate], *, offered: tuple[tuple[int, str], ...]) -> None:
        self.candidates, self.offered = candidates, offered
        entries = [entry_of(one, place) for one in candidates for place in one.places]
        entries.sort(key=lambda each: (-each.lift, -each.seq, each.article_id))
        self._by_topic: dict[int, list[Entry]] = {}
        for each in entries:
            self._by_topic.setdefault(each.topic_id, []).append(each)
        positions = {topic_id: n for n, (topic_id, _) in enumerate(offered)}
        self.drawn = sorted(
            (each for each in entries if each.topic_id in positions),
            key=lambda each: (
                -each.candidate.draw,
                -each.seq,
                each.article_id,
                positions[each.topic_id],
            ),
        )
        self.pinned = [one for one in candidates if one.pins]
        #: Folded candidates are one per story; where they are not, the plain form sorts it out.
        self.plain = len({one.story_id for one in candidates}) < len(candidates) or len(
            {one.article_id for one in candidates}
        ) < len(candidates)
        self._fresh: dict[_Key, list[Entry]] = {}
        self._popular: dict[_Key, list[Entry]] = {}
        self._stale: dict[_Key, list[Entry]] = {}

    def fresh(self, topic_id: int, watermark: int) -> list[Entry]:
        """What is above a watermark in a topic."""
        key = topic_id, watermark
        found = self._fresh.get(key)
        if found is None:
            found = [each for each in self._by_topic.get(topic_id, ()) if each.place_seq > watermark]
            self._fresh[key] = found
        return found

    def popular(self, topic_id: int, watermark: int) -> list[Entry]:
        """The popular ones of these."""
        key = topic_id, watermark
        found = self._popular.get(key)
        if found is None:
            found = [each for each in self.fresh(topic_id, watermark) if each.candidate.popular]
            self._popular[key] = found
        return found

    def stale(self, topic_id: int, watermark: int) -> list[Entry]:
        """Popular ones that are not above the watermark in this topic."""
        key = topic_id, watermark
        found = self._stale.get(key)
        if found is None:
            found = self._stale[key] = [
                each
                for each in self._by_topic.get(topic_id, ())
                if each.candidate.popular and each.place_seq <= watermark
            ]
        return found


def entry_of(candidate: Candidate, place: Place) -> Entry:
    return Entry(
        place.lift,
        candidate.seq,
        candidate.article_id,
        place.topic_id,
        place.seq,
        candidate.source_id,
        candidate.author or "",
        candidate.story_id,
        candidate.topic_ids,
        candidate,
        place,
    )
