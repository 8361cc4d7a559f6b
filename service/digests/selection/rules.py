"""The numbers of the house: how many of what, and how much less the next of the same kind counts."""

#: Longer digests are not read to the end, whatever a newsletter asks for.
HARD_CAP = 14

EDITORS_CAP = 3
POPULAR_CAP = 5
MISSED_CAP = 2
#: From this ceiling on there is room for one story that is drawn.
EXPLORE_FROM = 5

#: What the n-th story of the same topic, source or author counts (n from 0). A value is always
#: `lift * BY_TOPIC[..] * BY_SOURCE[..] * BY_AUTHOR[..]`, multiplied in this order: equal to the last bit.
BY_TOPIC = tuple(0.8**n for n in range(HARD_CAP + 1))
BY_SOURCE = tuple(0.7**n for n in range(HARD_CAP + 1))
BY_AUTHOR = tuple(0.5**n for n in range(HARD_CAP + 1))

#: No topic gets so many while another one with something new has got nothing.
ENOUGH = 2


def limit(max_items: int) -> int:
    """How many items a digest may have."""
    return min(max_items, HARD_CAP)


def floor(min_items: int, *, limit: int) -> int:
    """How many picks, popular and new stories a digest needs; a low ceiling lowers it."""
    return min(min_items, limit)


def editors_cap(limit: int) -> int:
    """At most a third of the mail is the editors', but one pick always has room."""
    return min(EDITORS_CAP, max(1, limit // 3))


def popular_cap(limit: int) -> int:
    return min(POPULAR_CAP, limit * 2 // 5)


def missed_cap(limit: int) -> int:
    return min(MISSED_CAP, limit // 5)


def explore_cap(limit: int) -> int:
    return 1 if limit >= EXPLORE_FROM else 0


def kept_back(*, limit: int, floor: int, missed: int, explorable: bool) -> int:
    """How many places new stories leave for what was missed and what is drawn, if there is any of it.

    Topics that have got nothing yet may use them all the same; and they never cost the digest its floor.
    """
    wanted = min(missed, missed_cap(limit)) + (explore_cap(limit) if explorable else 0)
    return min(wanted, limit - floor)
