"""The draw of the exploration slot: Thompson sampling, the same for all readers of an edition."""

import hashlib
import math
from statistics import NormalDist

#: Error bar of an article of which nothing is known: the prior of the ranking.
UNKNOWN_SD = math.sqrt(0.5)

_STANDARD = NormalDist()


def seed(newsletter_id: int, rhythm: str, period: str) -> str:
    """Name an edition: all its runs, a preview among them, draw the same."""
    return f"{newsletter_id} {rhythm} {period}"


def draw(seed: str, article_id: int, *, score: float, sd: float) -> float:
    """Draw from N(score, sd²); the same seed and article give the same number on every machine."""
    digest = hashlib.blake2b(f"{seed} {article_id}".encode(), digest_size=8).digest()
    # In the middle of its step: never 0 and never 1, where the inverse has no value.
    uniform = (int.from_bytes(digest) >> 12) + 0.5
    return score + sd * _STANDARD.inv_cdf(uniform / 2**52)
