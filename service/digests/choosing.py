"""One selection for each group of readers whose input is equal."""

from collections.abc import Mapping, Sequence

from service.digests.selection import quick
from service.digests.selection.pooling import Pool
from service.digests.selection.values import Candidate, Reader, Selection, Skip
from service.newsletters.models import Newsletter, Rhythm
from service.subscribers.models import Subscription

Outcomes = dict[int, Selection | Skip]


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
    groups: dict[Reader, list[int]] = {}
    for one in readers:
        mark = one.watermark if after_seq is None else after_seq
        had = received.get(one.id, frozenset()) & on_offer
        group = reader_of(one, newsletter=newsletter, rhythm=rhythm, received=had, watermark=mark)
        groups.setdefault(group, []).append(one.id)
    outcomes: Outcomes = {}
    pool = Pool(candidates, offered=tuple((topic.id, topic.name) for topic in newsletter.open_topics))
    for reader, members in groups.items():
        outcomes |= dict.fromkeys(members, quick.select(pool, reader=reader))
    return outcomes


def reader_of(
    subscription: Subscription,
    *,
    newsletter: Newsletter,
    rhythm: Rhythm,
    received: frozenset[int],
    watermark: int,
) -> Reader:
    """Return what selection needs to know of a subscription; equal for readers with equal input."""
    offered = tuple((topic.id, topic.name) for topic in newsletter.open_topics)
    own = subscription.max_items
    return Reader(
        topics=tuple(topic for topic in offered if topic[0] in subscription.topic_ids),
        min_items=floor(subscription, newsletter=newsletter, rhythm=rhythm),
        max_items=newsletter.max_items if own is None else min(own, newsletter.max_items),
        watermark=watermark,
        received=received,
        excluded=frozenset(subscription.excluded_topic_ids),
        offered=offered,
        explore=subscription.explore,
        span="this month" if rhythm is Rhythm.MONTHLY else "this week",
    )


def floor(subscription: Subscription, *, newsletter: Newsletter, rhythm: Rhythm) -> int:
    """Return how many items make a digest: the newsletter's number, or what this reader waits for."""
    if rhythm is not Rhythm.ENOUGH:
        return newsletter.min_items
    # A newsletter that has become shorter must not keep its readers waiting for ever.
    most = newsletter.max_items if subscription.max_items is None else subscription.max_items
    return max(newsletter.min_items, min(subscription.enough_items, most, newsletter.max_items))
