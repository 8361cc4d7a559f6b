"""How popular an article is: precision-weighted log-lift. Pure.

For every signal the count is compared with what an average article would have got in the same places and
the same time. The logarithms of these ratios share one unit, so they add, each weighted by how well it is
known:

    y = ln((O + 0.5) / (E + 0.5))        v = 1 / (max(O, E) + 0.5) + tau²
    score = Σ(y / v) / (1 / sigma0² + Σ(1 / v))        sd = (1 / sigma0² + Σ(1 / v)) ^ -0.5

No data gives 0, which is average: a new article is neither buried nor lifted. The precision takes the larger
of O and E. With O alone an article that nobody clicked would stand above one with a few clicks, because the
worse result would be believed less.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.popularity.models import Signal

#: Variance of the appeal of articles before anything is known.
_PRIOR_VARIANCE = 0.5
#: What a signal varies by without readers' doing; views depend on where the site placed the article.
TAU_SQUARED = {
    Signal.DIGEST_CLICK: 0.02,
    Signal.WIDGET_CLICK: 0.02,
    Signal.PAGE_VIEW: 1.0,
    Signal.SHARE: 0.5,
}
#: How steeply clicks fall from place to place in a mail.
_SLOT_DECAY = 0.7
#: Half of what a mail or a page will ever get has come after so many hours.
_HALF_ARRIVED = {
    Signal.DIGEST_CLICK: 6.0,
    # Who saw a list clicks at once or not at all.
    Signal.WIDGET_CLICK: 0.02,
    Signal.PAGE_VIEW: 18.0,
    Signal.SHARE: 18.0,
}
_NOUNS = {
    Signal.DIGEST_CLICK: ("click", "clicks", " in its places"),
    Signal.WIDGET_CLICK: ("click in lists", "clicks in lists", " in its places there"),
    Signal.PAGE_VIEW: ("view", "views", " at its age"),
    Signal.SHARE: ("share", "shares", " at its age"),
}


@dataclass(frozen=True, slots=True)
class Observation:
    """What one signal saw of an article, and what an average one would have got."""

    signal: Signal
    observed: int
    expected: float


@dataclass(frozen=True, slots=True)
class Score:
    """The log-lift with its error bar; `observed` is the sum that a label like "Popular" looks at."""

    score: float
    sd: float
    observed: int
    explanation: str


def score(observations: Sequence[Observation], *, tau_squared: Mapping[Signal, float] = TAU_SQUARED) -> Score:
    """Weigh what is known of an article; `tau_squared` is what each signal varies by by itself."""
    precision = 1 / _PRIOR_VARIANCE
    lift = 0.0
    for seen in observations:
        weight = 1 / (1 / (max(seen.observed, seen.expected) + 0.5) + tau_squared[seen.signal])
        lift += weight * math.log((seen.observed + 0.5) / (seen.expected + 0.5))
        precision += weight
    return Score(
        score=lift / precision,
        sd=precision**-0.5,
        observed=sum(seen.observed for seen in observations),
        explanation=" ".join(map(_sentence, observations)) or "Nothing is known of it yet.",
    )


def slot_rate(slot: int) -> float:
    """Return how often a place is clicked, as a part of the first place's rate."""
    return float(slot**-_SLOT_DECAY)


def arrived(signal: Signal, age_hours: float) -> float:
    """Return which part of an exposure's counts has come in: a mail of this hour is not a failure yet."""
    return 1 - 2 ** (-max(age_hours, 0.0) / _HALF_ARRIVED[signal])


def _sentence(seen: Observation) -> str:
    one, many, where = _NOUNS[seen.signal]
    noun = one if seen.observed == 1 else many
    counts = f"({seen.observed} of {seen.expected:.1f})"
    if seen.observed + seen.expected < 1:
        return f"Too few {many} are to be expected yet {counts}."
    if seen.expected < 0.05:
        return f"{seen.observed} {noun} where hardly any was to be expected {counts}."
    return f"{seen.observed / seen.expected:.1f} times the {many} expected{where} {counts}."
