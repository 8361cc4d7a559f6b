"""What an average article would have got in the same places and the same time, learned from all. Pure.

Clicks: a rate for each place in a mail, fitted in turns with the appeal of what stood there, so that a
place is not called good because good articles stand in it. Views: a curve over the age of an article, times a
factor for its topic, so that a topic of three articles a week is compared with itself. Shares: a part of the
views that were to be expected. All of it is shrunk towards what is believed before anything is known.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import exp

from service.popularity.models import Signal
from service.popularity.ranking import TAU_SQUARED, Observation, Score, arrived, score, slot_rate

#: The prior of a place's rate weighs as much as so many clicks.
PRIOR_CLICKS = 200.0
#: Steps of the curve lean on so many average articles, and topics on so many of a topic like any other.
PRIOR_ARTICLES = 20.0
TOPIC_ARTICLES = 3.0
#: What a first place is clicked before anything is known: of a mail, and of a list on a site.
PRIOR_RATE = 0.03
PRIOR_RATES = {Signal.DIGEST_CLICK: PRIOR_RATE, Signal.WIDGET_CLICK: 0.01}
#: Turns of the fit: places lose the credit of what stood in them slowly, since scores are cautious.
_TURNS = 12
#: Ages at which a new step of the curve begins, in hours.
_AGES = (0.0, 1.0, 3.0, 6.0, 12.0, 24.0, 48.0, 96.0, 192.0)
#: A signal's own variance is learned from so many articles that are well known.
_LEARN_FROM = 30
_WELL_KNOWN = 10.0
_TAU_RANGE = (0.01, 4.0)
#: Signals that come from places.
PLACED = tuple(PRIOR_RATES)


@dataclass(slots=True)
class Place:
    """One place of a mail or a list: how often an article was shown there, and what came of it."""

    #: Mails (or views of the list), each counted by the part of its clicks that has had time to come.
    exposure: float = 0.0
    clicks: int = 0


@dataclass(slots=True)
class Seen:
    """Everything counted of one article."""

    topic_ids: tuple[int, ...]
    age_hours: float
    #: By signal and place.
    places: dict[Signal, dict[int, Place]] = field(default_factory=dict)
    #: None where the signal is not counted for it at all.
    views: int | None = None
    shares: int | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """What is expected, learned from one newsletter's articles."""

    #: Clicks per exposure, by signal and place.
    rates: dict[Signal, dict[int, float]]
    #: Views of an average article, by step of age.
    curve: tuple[float, ...]
    topics: dict[int, float]
    shares_per_view: float
    tau_squared: dict[Signal, float]


def fit(articles: Sequence[Seen], *, prior_rates: Mapping[Signal, float] = PRIOR_RATES) -> Model:
    """Learn a model; `prior_rates` are what first places get elsewhere."""
    curve = _curve(articles)
    topics = _topic_factors(articles, curve)
    shares_per_view = _shares_per_view(articles, curve, topics)
    tau_squared = dict(TAU_SQUARED)
    appeals = [1.0] * len(articles)
    for _ in range(_TURNS):
        rates = {
            signal: _place_rates(articles, appeals, signal, prior_rate=prior_rates[signal])
            for signal in PLACED
        }
        model = Model(rates, curve, topics, shares_per_view, tau_squared)
        tau_squared = TAU_SQUARED | _own_variances(articles, model)
        # All that is known of an article speaks for it, and not only clicks: what many viewed was put into
        # the first places, and these would be believed to be better than they are.
        appeals = [exp(score(observations(seen, model), tau_squared=tau_squared).score) for seen in articles]
    return replace(model, tau_squared=tau_squared)


def scores(articles: Mapping[int, Seen], model: Model) -> dict[int, Score]:
    """Score every article."""
    return {
        key: score(observations(seen, model), tau_squared=model.tau_squared) for key, seen in articles.items()
    }


def observations(seen: Seen, model: Model) -> list[Observation]:
    """Set what was counted of an article beside what was to be expected, signal by signal."""
    found = []
    for signal in PLACED:
        places = seen.places.get(signal)
        if places:
            clicks = sum(place.clicks for place in places.values())
            found.append(Observation(signal, clicks, _expected_clicks(places, model.rates[signal])))
    expected = _expected_views(seen, model.curve, model.topics)
    if seen.views is not None:
        found.append(Observation(Signal.PAGE_VIEW, seen.views, expected))
    if seen.shares is not None and model.shares_per_view:
        found.append(Observation(Signal.SHARE, seen.shares, expected * model.shares_per_view))
    return found


def _place_rates(
    articles: Sequence[Seen], appeals: Sequence[float], signal: Signal, *, prior_rate: float
) -> dict[int, float]:
    """Estimate the rate of each place, given the appeal of what stood there."""
    clicks: defaultdict[int, int] = defaultdict(int)
    exposure: defaultdict[int, float] = defaultdict(float)
    for seen, appeal in zip(articles, appeals, strict=True):
        for number, place in seen.places.get(signal, {}).items():
            clicks[number] += place.clicks
            exposure[number] += place.exposure * appeal
    believed = {number: slot_rate(number) for number in exposure}
    # What a first place gets on the whole, if places fall off as is believed.
    level = (sum(clicks.values()) + 1) / (
        sum(exposure[number] * rate for number, rate in believed.items()) + 1 / prior_rate
    )
    weight = PRIOR_CLICKS / (sum(believed.values()) or 1.0)
    return {
        number: (clicks[number] + weight * rate) / (exposure[number] + weight / level)
        for number, rate in believed.items()
    }


def _expected_clicks(places: Mapping[int, Place], rates: Mapping[int, float]) -> float:
    return sum(place.exposure * rates.get(number, 0.0) for number, place in places.items())


def _curve(articles: Iterable[Seen]) -> tuple[float, ...]:
    """Return the mean views by step of age; steps with few articles lean on the believed curve."""
    views, counted = [0.0] * len(_AGES), [0] * len(_AGES)
    for seen in articles:
        if seen.views is not None:
            step = _step(seen.age_hours)
            views[step] += seen.views
            counted[step] += 1
    believed = [arrived(Signal.PAGE_VIEW, _middle(step)) for step in range(len(_AGES))]
    level = sum(views) / (sum(n * part for n, part in zip(counted, believed, strict=True)) or math.inf)
    return tuple(
        (views[step] + PRIOR_ARTICLES * level * believed[step]) / (counted[step] + PRIOR_ARTICLES)
        for step in range(len(_AGES))
    )


def _topic_factors(articles: Iterable[Seen], curve: tuple[float, ...]) -> dict[int, float]:
    """Return how many times the views of an average topic an article of each topic gets.

    Shrunk as a logarithm: topics differ by factors, and an average of counts would hold every small topic to
    a part of what the big ones get.
    """
    got: defaultdict[int, float] = defaultdict(float)
    expected: defaultdict[int, float] = defaultdict(float)
    number: defaultdict[int, int] = defaultdict(int)
    for seen in articles:
        if seen.views is not None:
            for topic_id in seen.topic_ids:
                got[topic_id] += seen.views
                expected[topic_id] += curve[_step(seen.age_hours)]
                number[topic_id] += 1
    return {
        topic_id: ((got[topic_id] + 0.5) / (expected[topic_id] + 0.5)) ** (n / (n + TOPIC_ARTICLES))
        for topic_id, n in number.items()
    }


def _expected_views(seen: Seen, curve: tuple[float, ...], topics: Mapping[int, float]) -> float:
    own = [topics[topic_id] for topic_id in seen.topic_ids if topic_id in topics]
    return curve[_step(seen.age_hours)] * (sum(own) / len(own) if own else 1.0)


def _shares_per_view(
    articles: Iterable[Seen], curve: tuple[float, ...], topics: Mapping[int, float]
) -> float:
    shares, views = 0, 0.0
    for seen in articles:
        if seen.shares is not None:
            shares += seen.shares
            views += _expected_views(seen, curve, topics)
    return shares / views if views else 0.0


def _own_variances(articles: Iterable[Seen], model: Model) -> dict[Signal, float]:
    """Learn by moments what a signal varies by without readers' doing: by how far it is from the clicks."""
    gaps: defaultdict[Signal, list[float]] = defaultdict(list)
    for seen in articles:
        by_signal = {each.signal: each for each in observations(seen, model)}
        clicks = by_signal.pop(Signal.DIGEST_CLICK, None)
        if clicks is None or clicks.expected < _WELL_KNOWN:
            continue
        for signal, other in by_signal.items():
            if other.expected >= _WELL_KNOWN:
                noise = sum(1 / (max(each.observed, each.expected) + 0.5) for each in (clicks, other))
                gaps[signal].append((_lift(other) - _lift(clicks)) ** 2 - noise)
    least, most = _TAU_RANGE
    return {
        signal: min(most, max(least, sum(found) / len(found) - TAU_SQUARED[Signal.DIGEST_CLICK]))
        for signal, found in gaps.items()
        if len(found) >= _LEARN_FROM
    }


def _lift(seen: Observation) -> float:
    return math.log((seen.observed + 0.5) / (seen.expected + 0.5))


def _step(age_hours: float) -> int:
    return bisect_right(_AGES, max(age_hours, 0.0)) - 1


def _middle(step: int) -> float:
    after = _AGES[step + 1] if step + 1 < len(_AGES) else _AGES[step] * 2
    return (_AGES[step] + after) / 2
