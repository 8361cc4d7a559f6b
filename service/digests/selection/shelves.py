"""The candidates of a run, sorted once for all its readers: a shelf per topic, the best first (pure)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from service.digests.selection.values import Candidate, Place, Taken

#: Watermarks of which the sorted shelves are kept; readers have few different ones.
_MOST_VIEWS = 256


class Entry(NamedTuple):
    """A story in one of its topics, with what ranking asks for, in the order of the rank."""

    lift: float
    #: Of the story, not of the place: smaller is newer.
    newness: int
    article_id: int
    source_id: int
    author: str
    candidate: Candidate
    place: Place
    popular: Taken
    new: Taken
    missed: Taken


@dataclass(slots=True)
class View:
    """The shelves as readers of one watermark see them; each list is in the order of the rank, undamped."""

    fresh: dict[int, list[Entry]] = field(default_factory=dict)
    popular: dict[int, list[Entry]] = field(default_factory=dict)
    #: Popular, but not new in this topic.
    missed: dict[int, list[Entry]] = field(default_factory=dict)
    #: New in any topic on offer, in the order of the draw; a story stands there once for each of its topics.
    drawn: list[Entry] = field(default_factory=list)


class Shelves:
    """Built once per run from at most a few thousand candidates; `view` is cheap after the first time."""

    def __init__(self, candidates: Iterable[Candidate], *, offered: Sequence[tuple[int, str]]) -> None:
        self.candidates = list(candidates)
        self.offered = tuple(offered)
        self.names = dict(offered)
        #: Two candidates of one story: which one counts depends on the reader, and the plain form knows.
        self.unique = len({one.story_id for one in self.candidates}) == len(self.candidates)
        self.pinned = [one for one in self.candidates if one.pins]
        self.article_of = {one.story_id: one.article_id for one in self.candidates}
        self._in_topic: dict[int, set[int]] = {}
        self._from_source: dict[int, set[int]] = {}
        for one in self.candidates:
            self._from_source.setdefault(one.source_id, set()).add(one.article_id)
            for topic_id in one.topic_ids:
                self._in_topic.setdefault(topic_id, set()).add(one.article_id)
        self._entries = [_entry(one, place) for one in self.candidates for place in one.places]
        self._entries.sort(key=lambda entry: (-entry.lift, entry.newness, entry.article_id))
        self._views: dict[int, View] = {}
        self.oldest = min((entry.place.seq for entry in self._entries), default=0)

    def banned(self, received: Iterable[int], excluded: Iterable[int], muted: Iterable[int]) -> set[int]:
        """Return the articles that a reader must not get: had already, or of what is not wanted."""
        found = {self.article_of[story] for story in received if story in self.article_of}
        for topic_id in excluded:
            found |= self._in_topic.get(topic_id, set())
        for source_id in muted:
            found |= self._from_source.get(source_id, set())
        return found

    def view(self, watermark: int) -> View:
        # Below everything on offer all watermarks are the same.
        watermark = max(watermark, self.oldest - 1)
        view = self._views.get(watermark)
        if view is None:
            if len(self._views) >= _MOST_VIEWS:
                self._views.clear()
            view = self._views[watermark] = self._sorted(watermark)
        return view

    def _sorted(self, watermark: int) -> View:
        view = View()
        for entry in self._entries:
            topic_id = entry.place.topic_id
            if entry.place.seq > watermark:
                view.fresh.setdefault(topic_id, []).append(entry)
                if entry.candidate.popular:
                    view.popular.setdefault(topic_id, []).append(entry)
            elif entry.candidate.popular and entry.candidate.missable:
                view.missed.setdefault(topic_id, []).append(entry)
        position = {topic_id: n for n, (topic_id, _) in enumerate(self.offered)}
        view.drawn = sorted(
            (
                entry
                for entry in self._entries
                if entry.place.seq > watermark and entry.place.topic_id in position
            ),
            key=lambda entry: (
                -entry.candidate.draw,
                entry.newness,
                entry.article_id,
                position[entry.place.topic_id],
            ),
        )
        return view


def _entry(candidate: Candidate, place: Place) -> Entry:
    return Entry(
        lift=place.lift,
        newness=-candidate.seq,
        article_id=candidate.article_id,
        source_id=candidate.source_id,
        author=candidate.author or "",
        candidate=candidate,
        place=place,
        popular=Taken("popular", candidate, place),
        new=Taken("new", candidate, place),
        missed=Taken("missed", candidate, place),
    )
