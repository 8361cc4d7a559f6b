"""From articles to candidates: near duplicates become one story, with what editors want of it (pure)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import exp
from typing import NamedTuple

from service.digests.models import CurationKind
from service.digests.selection import drawing
from service.digests.selection.values import EVERYWHERE, POPULAR_OBSERVED, Candidate, Place


class Member(NamedTuple):
    """An article as one of its story; `seqs` are the topics in which it may be chosen by this run."""

    article_id: int
    story_id: int
    source_id: int
    published_at: datetime
    topic_ids: frozenset[int]
    seqs: tuple[tuple[int, int], ...]
    author: str | None = None
    has_image: bool = False
    #: From the newsletter's own site.
    own: bool = False
    #: Characters of title and summary.
    length: int = 0
    score: float = 0.0
    sd: float = drawing.UNKNOWN_SD
    observed: int = 0


class StoryCuration(NamedTuple):
    """A curation in force; it holds for the whole story of its article."""

    story_id: int
    article_id: int
    kind: CurationKind
    #: EVERYWHERE or a topic.
    topic_id: int = EVERYWHERE
    boost: float = 0.0


@dataclass(slots=True)
class _Curations:
    """Everything that editors want of one story."""

    pins: set[int] = field(default_factory=set)
    pinned_articles: set[int] = field(default_factory=set)
    excluded: set[int] = field(default_factory=set)
    boosts: dict[int, float] = field(default_factory=dict)

    def boost(self, topic_id: int) -> float:
        return self.boosts.get(EVERYWHERE, 0.0) + self.boosts.get(topic_id, 0.0)


def fold(
    members: Iterable[Member],
    *,
    curations: Collection[StoryCuration],
    seed: str,
    missable: Collection[int] | None = None,
) -> list[Candidate]:
    """Return one candidate per story that may be chosen at all, by article id.

    `missable` are the stories that may still come when they are new no longer; None means all of them.

    A story stands in each topic where its first article stands, so that a copy that comes later is no news.
    """
    by_story: dict[int, list[Member]] = {}
    for member in members:
        by_story.setdefault(member.story_id, []).append(member)
    wanted = _by_story(curations)
    found = (
        _candidate(
            group, wanted.get(key, _Curations()), seed=seed, missable=missable is None or key in missable
        )
        for key, group in by_story.items()
    )
    return sorted(filter(None, found), key=lambda one: one.article_id)


def _by_story(curations: Iterable[StoryCuration]) -> dict[int, _Curations]:
    found: dict[int, _Curations] = {}
    for one in curations:
        own = found.setdefault(one.story_id, _Curations())
        if one.kind is CurationKind.PIN:
            own.pins.add(one.topic_id)
            own.pinned_articles.add(one.article_id)
        elif one.kind is CurationKind.EXCLUDE:
            own.excluded.add(one.topic_id)
        else:
            own.boosts[one.topic_id] = own.boosts.get(one.topic_id, 0.0) + one.boost
    return found


def _candidate(
    members: Sequence[Member], curations: _Curations, *, seed: str, missable: bool
) -> Candidate | None:
    if EVERYWHERE in curations.excluded:
        return None
    firsts: dict[int, int] = {}
    for topic_id, seq in (pair for member in members for pair in member.seqs):
        if topic_id not in curations.excluded:
            firsts[topic_id] = min(seq, firsts.get(topic_id, seq))
    if not firsts:
        return None
    shown = _representative(members, curations)
    # Clicks went to whichever article was sent.
    known = max(members, key=lambda one: (one.observed, -one.article_id))
    return Candidate(
        article_id=shown.article_id,
        places=tuple(
            Place(
                topic_id,
                seq,
                exp(known.score + curations.boost(topic_id)),
                boosted=curations.boost(topic_id) > 0,
            )
            for topic_id, seq in sorted(firsts.items())
        ),
        source_id=shown.source_id,
        story_id=shown.story_id,
        topic_ids=frozenset().union(*(member.topic_ids for member in members)),
        author=shown.author,
        popular=known.score > 0 and known.observed >= POPULAR_OBSERVED,
        missable=missable,
        draw=drawing.draw(seed, shown.article_id, score=known.score, sd=known.sd),
        has_image=shown.has_image,
        pins=frozenset(curations.pins),
    )


def _representative(members: Sequence[Member], curations: _Curations) -> Member:
    """The one that editors pinned, else our own site's, else the earliest, else the most complete."""
    return min(
        (member for member in members if member.seqs),
        key=lambda one: (
            one.article_id not in curations.pinned_articles,
            not one.own,
            one.published_at,
            -one.length,
            one.article_id,
        ),
    )
