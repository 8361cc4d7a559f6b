"""Whether two articles tell the same story: how many word pairs they share (pure; docs/adr/0016).

The Jaccard index of word bigrams in title and first words keeps finding a text after a new beginning, a cut
end or one word in seven changed, where SimHash does not; texts about different things share next to nothing.
Languages that write without spaces are compared by characters, three at a time.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

#: Duplicates share so much of what either says.
DUPLICATE = 0.5
#: From here on two texts are about the same thing if they also share a rare word and a moment.
RELATED = 0.3
#: As good as the same text: a feed that gives everything a new GUID, whenever it does.
SAME_TEXT = 0.95
WINDOW = timedelta(days=10)
SAME_MOMENT = timedelta(hours=48)

#: Of the summary, after the title.
_WORDS = 120
_CHARACTERS = 360
#: Less than this says too little to be alike by accident or not.
_FEWEST = 3
#: And less than this is not enough to be related: short texts share their phrases.
_TELLING = 12
_SPEAKING_TITLE = 4

_WORD = re.compile(r"\w+")
#: Thai, Lao, Burmese, Khmer, kana and Han; Hangul has spaces.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True, slots=True)
class Text:
    """An article as the comparison sees it."""

    article_id: int
    source_id: int
    published_at: datetime
    title_words: tuple[str, ...]
    shingles: frozenset[str]

    @property
    def speaking_title(self) -> str | None:
        """The title without case and punctuation, if it is long enough to mean one thing."""
        return " ".join(self.title_words) if len(self.title_words) >= _SPEAKING_TITLE else None

    @property
    def body(self) -> str:
        """Equal for equal texts."""
        return "\n".join(sorted(self.shingles))


def text(article_id: int, source_id: int, published_at: datetime, *, title: str, summary: str) -> Text:
    """Take a text apart; `summary` is plain."""
    words = title_words(title)
    if _is_unspaced(f"{title} {summary}"):
        characters = "".join(_WORD.findall(_folded(f"{title} {summary}")))
        shingles = frozenset(_in_threes(characters[:_CHARACTERS]))
    else:
        shingles = frozenset(_in_pairs([*words, *_WORD.findall(_folded(summary))[:_WORDS]]))
    return Text(article_id, source_id, published_at, words, shingles)


def title_words(title: str) -> tuple[str, ...]:
    """Return the words of a title; of one without spaces, its characters in threes."""
    words = _WORD.findall(_folded(title))
    return tuple(_in_threes("".join(words)) if _is_unspaced(title) else words)


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Return which part of all that the two say both say."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0


def alike(one: Text, other: Text, *, is_rare: Callable[[str], bool]) -> float:
    """Return the likeness of two articles of one story; 0 for two stories.

    `is_rare` says of a word of a title whether few titles have it.
    """
    likeness = jaccard(one.shingles, other.shingles)
    apart = abs(one.published_at - other.published_at)
    shorter = min(len(one.shingles), len(other.shingles))
    if shorter < _FEWEST:
        return 1.0 if likeness == 1.0 and apart <= SAME_MOMENT else 0.0
    if likeness >= SAME_TEXT or (likeness >= DUPLICATE and apart <= WINDOW):
        return likeness
    if apart > SAME_MOMENT:
        return 0.0
    shared = set(one.title_words) & set(other.title_words)
    if likeness >= RELATED and shorter >= _TELLING and any(is_rare(word) for word in shared):
        return likeness
    # A column keeps its title from day to day; two houses with one title report one thing.
    same_title = one.speaking_title is not None and one.title_words == other.title_words
    return RELATED if same_title and one.source_id != other.source_id else 0.0


def _is_unspaced(line: str) -> bool:
    letters = sum(character.isalpha() for character in line)
    return len(_UNSPACED.findall(line)) * 3 > letters > 0


def _folded(line: str) -> str:
    return unicodedata.normalize("NFKC", line).casefold()


def _in_pairs(words: Sequence[str]) -> list[str]:
    if len(words) < 2:
        return list(words)
    return [f"{first} {second}" for first, second in pairwise(words)]


def _in_threes(characters: str) -> list[str]:
    return [characters[start : start + 3] for start in range(max(1, len(characters) - 2))]
