"""Which topic an unmapped category may mean: by its name, and by the company it keeps. Only a proposal.

Names are compared by difflib, in memory: there are hundreds, and an index of trigrams would need an extension
of PostgreSQL that not every operator may install (docs/adr/0030).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Session

from service.articles.mapping import Unmapped, list_mapped, unmapped
from service.articles.models import Article, ArticleTopic, CategoryMapping, Source
from service.newsletters.models import Newsletter

#: Under this likeness of two names a proposal is more often wrong than right.
LIKE = 0.75
#: Of at least so many articles with a topic, so large a part is in one topic.
COMPANY, COMPANY_PART = 3, 0.75
#: A shorter word says little by standing inside another name.
_TELLING = 4
_WORD = re.compile(r"\w+")
#: Words that stand in names of sections and mean nothing.
_EMPTY = frozenset({"and", "the", "of", "for", "in", "on", "news", "und", "der", "die", "das", "et", "les"})


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A category that waits, the topic that it seems to mean, and why it seems so."""

    mapping_id: int
    category: str
    topic_id: int
    #: A sentence without its full stop: "the names are alike".
    because: str


def suggest(session: Session, newsletter: Newsletter) -> list[Suggestion]:
    """Return a proposal for each waiting category for which there is one."""
    waiting = unmapped(session, newsletter.id)
    return propose_all(session, newsletter, waiting) if waiting else []


def propose_all(session: Session, newsletter: Newsletter, waiting: Sequence[Unmapped]) -> list[Suggestion]:
    """Return the proposals for these categories: names first, then what is mapped, then company."""
    topics = {topic.id: topic.name for topic in newsletter.open_topics}
    mapped = [
        (row.category, row.topic_id)
        for row in list_mapped(session, newsletter.id)
        if row.topic_id is not None and row.topic_id in topics
    ]
    company = _company(session, [one.mapping_id for one in waiting])
    found = []
    for one in waiting:
        guess = (
            by_name(one.category, topics)
            or _by_mapped(one.category, mapped, topics)
            or _by_company(one.articles, company.get(one.mapping_id, Counter()), topics)
        )
        if guess is not None:
            found.append(Suggestion(one.mapping_id, one.category, *guess))
    return found


def by_name(category: str, topics: Mapping[int, str]) -> tuple[int, str] | None:
    """Return the topic whose name is most like this one, and why, if one is like enough (pure)."""
    likeness, topic_id = max(
        ((alike(category, name), -topic_id) for topic_id, name in topics.items()), default=(0.0, 0)
    )
    if likeness < LIKE:
        return None
    same = _folded(category) == _folded(topics[-topic_id])
    return -topic_id, "the names are the same" if same else "the names are alike"


def alike(one: str, other: str) -> float:
    """Say how alike two names are, 0 to 1: letter by letter, or by the words that they share."""
    a, b = _folded(one), _folded(other)
    if not a or not b:
        return 0.0
    whole = SequenceMatcher(None, a, b).ratio()
    return max(whole, _by_words(a.split(), b.split()))


def _by_words(one: Sequence[str], other: Sequence[str]) -> float:
    """Say which part of the words of both have a fellow in the other name; all of the shorter count most."""
    few, many = sorted((one, other), key=len)
    shared = sum(any(_fellow(word, each) for each in many) for word in few)
    if not shared:
        return 0.0
    return 0.6 * shared / len(few) + 0.4 * shared / len(many)


def _fellow(word: str, other: str) -> bool:
    """Science and sciences, Energie and energy: the same word in another dress."""
    if word == other:
        return True
    if min(len(word), len(other)) < _TELLING:
        return False
    return SequenceMatcher(None, word, other).ratio() >= 0.85


def _folded(name: str) -> str:
    """Lower case without accents, punctuation and words that say nothing."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    words = _WORD.findall("".join(one for one in plain if not unicodedata.combining(one)))
    return " ".join(word for word in words if word not in _EMPTY) or " ".join(words)


def _by_mapped(
    category: str, mapped: Iterable[tuple[str, int]], topics: Mapping[int, str]
) -> tuple[int, str] | None:
    likeness, name, topic_id = max(
        ((alike(category, name), name, topic_id) for name, topic_id in mapped), default=(0.0, "", 0)
    )
    return (topic_id, f"it is like “{name}”, which means {topics[topic_id]}") if likeness >= LIKE else None


def _by_company(whole: int, company: Counter[int], topics: Mapping[int, str]) -> tuple[int, str] | None:
    best = max((key for key in company if key in topics), key=lambda key: company[key], default=0)
    if not best or whole < COMPANY or company[best] < COMPANY_PART * whole:
        return None
    return best, f"{company[best]} of its {whole} articles are in {topics[best]} by another category"


def _company(session: Session, mapping_ids: Sequence[int]) -> dict[int, Counter[int]]:
    """Count the topics of each category's articles, without those that their feed gives to all it brings."""
    rows = session.execute(
        select(CategoryMapping.id, ArticleTopic.topic_id, func.count())
        .join(
            Article,
            (Article.newsletter_id == CategoryMapping.newsletter_id)
            & Article.categories.contains(array([CategoryMapping.category])),
        )
        .join(Source, Source.id == Article.source_id)
        .join(ArticleTopic, ArticleTopic.article_id == Article.id)
        .where(
            CategoryMapping.id.in_(mapping_ids),
            ArticleTopic.topic_id.is_distinct_from(Source.default_topic_id),
        )
        .group_by(CategoryMapping.id, ArticleTopic.topic_id)
    )
    found: dict[int, Counter[int]] = {}
    for mapping_id, topic_id, n in rows:
        found.setdefault(mapping_id, Counter())[topic_id] = n
    return found
