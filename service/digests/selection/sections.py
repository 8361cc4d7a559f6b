"""Puts what was taken into sections, the lead first; `telling` says what they are called, and why."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from service.digests.selection import telling
from service.digests.selection.telling import Heading
from service.digests.selection.values import Pick, Reader, Section, Taken

#: A story with a picture leads when its lift is at least this share of the best one's.
CLOSE = 0.8
#: More topics than this, and those with a single story share a section.
_APART = 4

#: Key, heading and stories of a section.
Run = tuple[str, Heading, list[Taken]]

_EDITORS, _YOURS = Heading("editors"), Heading("popular in yours")
_ALSO_NEW, _EXPLORE, _MISSED = Heading("also new"), Heading("explore"), Heading("missed")


def arrange(taken: Sequence[Taken], *, reader: Reader) -> tuple[Section, ...]:
    """Return the sections in reading order; the lead stands first, slots count through.

    Headings and reasons are in the spoken language.
    """
    names = names_of(reader)
    sections, slot = [], 0
    for key, heading, run in in_runs(taken, reader=reader, names=names):
        picks = []
        for one in run:
            slot += 1
            picks.append(pick_of(one, slot=slot, names=names, reader=reader))
        sections.append(Section(key, telling.heading(heading), tuple(picks)))
    return tuple(sections)


def names_of(reader: Reader) -> dict[int, str]:
    """Return what the topics are called that a story may stand for."""
    return dict(reader.offered) | dict(reader.topics)


def in_runs(taken: Sequence[Taken], *, reader: Reader, names: Mapping[int, str]) -> list[Run]:
    """Return key, heading and stories of each section, in reading order."""
    by_key: dict[str, list[Taken]] = {}
    for one in taken:
        by_key.setdefault(one.key, []).append(one)
    editors, popular, new = (by_key.get(key, []) for key in ("editors", "popular", "new"))
    runs: list[Run] = []
    if editors:
        runs.append(("editors", _EDITORS, _lead_first(editors, close=0.0)))
    if popular:
        ordered = _best_first(popular) if editors else _lead_first(popular)
        runs.append(("popular", _popular_heading(reader), ordered))
    leads = not editors and not popular
    runs += [("new", heading, run) for heading, run in _new_runs(new, names=names, with_lead=leads)]
    if "explore" in by_key:
        runs.append(("explore", _EXPLORE, by_key["explore"]))
    if "missed" in by_key:
        runs.append(("missed", _MISSED, _best_first(by_key["missed"])))
    return runs


def pick_of(taken: Taken, *, slot: int, names: Mapping[int, str], reader: Reader) -> Pick:
    """Give what was taken its place and its reason."""
    draw = round(taken.candidate.draw, 4) if taken.key == "explore" else None
    reason = telling.reason(
        taken.key,
        topic=names.get(taken.place.topic_id, ""),
        span=reader.span,
        follows=bool(reader.topics),
        raised=taken.place.boosted and taken.key != "editors",
    )
    return Pick(taken.candidate.article_id, taken.place.topic_id, slot, reason, draw)


@lru_cache(maxsize=1024)
def _new_in(topic: str) -> Heading:
    return Heading("new in", topic)


def _popular_heading(reader: Reader) -> Heading:
    if not reader.topics:
        return Heading("popular", span=reader.span)
    return Heading("popular in", reader.topics[0][1]) if len(reader.topics) == 1 else _YOURS


def _new_runs(
    taken: Sequence[Taken], *, names: Mapping[int, str], with_lead: bool
) -> list[tuple[Heading, list[Taken]]]:
    """One run per topic, the best topic first; topics with a single story share the last run."""
    ordered = _lead_first(taken) if with_lead else _best_first(taken)
    by_topic: dict[int, list[Taken]] = {}
    for one in ordered:
        by_topic.setdefault(one.place.topic_id, []).append(one)
    lead_topic = ordered[0].place.topic_id if ordered and with_lead else None
    single = [topic_id for topic_id, run in by_topic.items() if len(run) == 1 and topic_id != lead_topic]
    together = single if len(by_topic) > _APART and len(single) > 1 else []
    runs = [(_new_in(names[key]), run) for key, run in by_topic.items() if key not in together]
    if together:
        runs.append((_ALSO_NEW, [one for key in together for one in by_topic[key]]))
    return runs


def _lead_first(taken: Sequence[Taken], *, close: float = CLOSE) -> list[Taken]:
    """Best first; but a story with a picture leads if one is close enough to the best."""
    ordered = _best_first(taken)
    for one in ordered:
        if one.place.lift < close * ordered[0].place.lift:
            break
        if one.candidate.has_image:
            return [one, *(other for other in ordered if other is not one)]
    return ordered


def _best_first(taken: Sequence[Taken]) -> list[Taken]:
    return sorted(taken, key=lambda one: (-one.place.lift, -one.candidate.seq, one.candidate.article_id))
