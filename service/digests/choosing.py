"""One selection for each group of readers whose input is equal."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from service.digests.selection import crowd, telling
from service.digests.selection.sections import arrange
from service.digests.selection.shelves import Shelves
from service.digests.selection.values import Candidate, Reader, Selection, Skip
from service.languages import speech
from service.newsletters.models import Newsletter, Rhythm
from service.subscribers.models import Subscription

Outcomes = dict[int, Selection | Skip]


class Wishes(Protocol):
    """What a reader chose: a subscription, or the plain values of one."""

    @property
    def topic_ids(self) -> list[int]: ...

    @property
    def excluded_topic_ids(self) -> list[int]: ...

    @property
    def excluded_source_ids(self) -> list[int]: ...

    @property
    def explore(self) -> bool: ...

    @property
    def max_items(self) -> int | None: ...

    @property
    def enough_items(self) -> int: ...


def choose(
    readers: Sequence[Subscription],
    candidates: Sequence[Candidate],
    *,
    newsletter: Newsletter,
    rhythm: Rhythm,
    received: Mapping[int, frozenset[int]],
    after_seq: int | None = None,
) -> Outcomes:
    """Return each reader's digest, or why there is none, by subscription id.

    `received` has stories, not articles. What is new is above the reader's watermark, or above `after_seq`
    where that is given.
    """
    on_offer = frozenset(candidate.story_id for candidate in candidates)
    offered = offer(newsletter)
    groups: dict[tuple[str, Reader], list[int]] = {}
    for one in readers:
        mark = one.watermark if after_seq is None else after_seq
        had = received.get(one.id, frozenset()) & on_offer
        group = reader_of(
            one, newsletter=newsletter, offered=offered, rhythm=rhythm, received=had, watermark=mark
        )
        groups.setdefault((one.locale, group), []).append(one.id)
    outcomes: Outcomes = {}
    shelves = Shelves(candidates, offered=offered)
    for (locale, reader), members in groups.items():
        with speech.speaking(locale):
            outcomes |= dict.fromkeys(members, select(shelves, reader))
    return outcomes


def select(shelves: Shelves, reader: Reader) -> Selection | Skip:
    """Choose and arrange for readers with equal input; headings and reasons are in the spoken language."""
    taken = crowd.choose(shelves, reader)
    return taken if isinstance(taken, Skip) else Selection(arrange(taken, reader=reader))


def offer(newsletter: Newsletter) -> tuple[tuple[int, str], ...]:
    """Return (id, name) of every topic that readers are offered, in the newsletter's order."""
    return tuple((topic.id, topic.name) for topic in newsletter.open_topics)


def reader_of(
    wishes: Wishes,
    *,
    newsletter: Newsletter,
    offered: tuple[tuple[int, str], ...],
    rhythm: Rhythm,
    received: frozenset[int],
    watermark: int,
) -> Reader:
    """Return what selection needs to know of a subscription; equal for readers with equal input."""
    own, chosen = wishes.max_items, set(wishes.topic_ids)
    topics = tuple(topic for topic in offered if topic[0] in chosen)
    return Reader(
        # None would be everything: of whom no chosen topic is left follows what brings nothing.
        topics=topics or tuple((topic_id, "") for topic_id in sorted(chosen)),
        min_items=floor(wishes, newsletter=newsletter, rhythm=rhythm),
        max_items=newsletter.max_items if own is None else min(own, newsletter.max_items),
        watermark=watermark,
        received=received,
        excluded=frozenset(wishes.excluded_topic_ids),
        muted=frozenset(wishes.excluded_source_ids),
        offered=offered,
        explore=wishes.explore,
        span=telling.MONTH if rhythm is Rhythm.MONTHLY else telling.WEEK,
    )


def floor(wishes: Wishes, *, newsletter: Newsletter, rhythm: Rhythm) -> int:
    """Return how many items make a digest: the newsletter's number, or what this reader waits for."""
    if rhythm is not Rhythm.ENOUGH:
        return newsletter.min_items
    # A newsletter that has become shorter must not keep its readers waiting for ever.
    most = newsletter.max_items if wishes.max_items is None else wishes.max_items
    return max(newsletter.min_items, min(wishes.enough_items, most, newsletter.max_items))
