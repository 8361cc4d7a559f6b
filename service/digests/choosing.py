"""One selection for each group of readers whose input is equal."""

from collections.abc import Mapping, Sequence

from service.digests import pool
from service.digests.pool import Entry
from service.digests.selection import Reader, Selection, Skip, select
from service.newsletters.models import Newsletter, Rhythm
from service.subscribers.models import Subscription

Outcomes = dict[int, Selection | Skip]
_Key = tuple[tuple[int, ...], int, frozenset[int]]


def choose(
    readers: Sequence[Subscription],
    entries: Sequence[Entry],
    *,
    newsletter: Newsletter,
    rhythm: Rhythm,
    received: Mapping[int, frozenset[int]],
    after_seq: int | None = None,
) -> Outcomes:
    """Return each reader's digest, or why there is none, by subscription id.

    What is new is above the reader's watermark, or above `after_seq` where that is given.
    """
    on_offer = frozenset(entry.article_id for entry in entries)
    groups: dict[_Key, list[int]] = {}
    for reader in readers:
        mark = reader.watermark if after_seq is None else after_seq
        had = received.get(reader.id, frozenset()) & on_offer
        groups.setdefault((tuple(sorted(reader.topic_ids)), mark, had), []).append(reader.id)
    span = "this month" if rhythm is Rhythm.MONTHLY else "this week"
    outcomes: Outcomes = {}
    for (topic_ids, mark, had), members in groups.items():
        topics = tuple((topic.id, topic.name) for topic in newsletter.open_topics if topic.id in topic_ids)
        outcome = select(
            pool.candidates(entries, topic_ids=[topic_id for topic_id, _ in topics], after_seq=mark),
            reader=Reader(
                topics=topics,
                min_items=newsletter.min_items,
                max_items=newsletter.max_items,
                received=had,
                span=span,
            ),
        )
        outcomes |= dict.fromkeys(members, outcome)
    return outcomes
