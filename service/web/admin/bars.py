"""A score as a drawing: a point with its error bar on a scale of times an average article."""

from dataclasses import dataclass
from math import exp

from service.popularity.models import ArticleScore

#: The scale, in units of the log-lift: from a sixth to six times.
_ENDS = 1.8
#: Nineteen of twenty times the truth lies within so many standard deviations.
_SURE = 1.96
WIDTH = 240


@dataclass(frozen=True, slots=True)
class Bar:
    """Places on a scale of `WIDTH`, and the same in words."""

    low: float
    at: float
    high: float
    words: str
    #: Better or worse than average beyond doubt; "" where it may be either.
    verdict: str

    @classmethod
    def of(cls, score: ArticleScore) -> "Bar":
        low, high = score.score - _SURE * score.sd, score.score + _SURE * score.sd
        words = (
            f"{exp(score.score):.1f} times an average article, "
            f"most likely between {exp(low):.1f} and {exp(high):.1f} times"
        )
        verdict = "good" if low > 0 else "bad" if high < 0 else ""
        return cls(_place(low), _place(score.score), _place(high), words, verdict)


def _place(value: float) -> float:
    inside = max(-_ENDS, min(_ENDS, value))
    return round((inside + _ENDS) / (2 * _ENDS) * (WIDTH - 8) + 4, 1)
