"""Finds the few articles worth comparing: those that share a MinHash band (pure).

64 permutations in 32 bands of two: two texts that share a part s of their pairs have a band in common with
probability 1 - (1 - s²)³², which is .95 at .3 and .9999 at .5 (Leskovec, Rajaraman, Ullman: Mining of Massive
Datasets, chapter 3).
"""

import hashlib
import random
from collections.abc import Iterable

from service.articles.likeness import Text

BANDS, ROWS = 32, 2
#: Mersenne prime: a * x + b modulo it permutes.
_PRIME = (1 << 61) - 1
# Fixed for ever: what is stored was made with these.
_random = random.Random("broadsheet stories")  # noqa: S311  # not a secret
_PERMUTATIONS = tuple((_random.randrange(1, _PRIME), _random.randrange(_PRIME)) for _ in range(BANDS * ROWS))
_MASK = (1 << 63) - 1


def keys(text: Text) -> list[int]:
    """Return what a text is found by: 32 bands, then its title if it is a speaking one."""
    found = _bands(text.shingles) if text.shingles else []
    if text.speaking_title is not None:
        found.append(_hash(f"title {text.speaking_title}") & _MASK)
    return found


def text_key(text: Text) -> int:
    """Return what exactly this text is found by, at any distance in time."""
    return _hash(f"text {text.body}") & _MASK


def _bands(shingles: Iterable[str]) -> list[int]:
    hashes = [_hash(shingle) % _PRIME for shingle in shingles]
    least = [min((a * each + b) % _PRIME for each in hashes) for a, b in _PERMUTATIONS]
    return [
        (least[band * ROWS] * 0x9E3779B97F4A7C15 + least[band * ROWS + 1] * 0x632BE59BD9B4E019 + band) & _MASK
        for band in range(BANDS)
    ]


def _hash(line: str) -> int:
    return int.from_bytes(hashlib.blake2b(line.encode("utf-8", "surrogatepass"), digest_size=8).digest())
