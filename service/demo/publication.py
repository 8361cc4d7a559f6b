"""The sample publication: its topics, journalists and articles, read from the files in `press/`."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

_PRESS = Path(__file__).parent / "press"
_LONGEST_SLUG = 70
_PARAGRAPHS = 3


@dataclass(frozen=True, slots=True)
class SamplePicture:
    """A generated illustration; its seed names the scene and fixes every pixel."""

    seed: str
    alt: str


@dataclass(frozen=True, slots=True)
class SampleTopic:
    """One section of the site, with the spellings under which its content system tags it."""

    slug: str
    name: str
    description: str
    feed_categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SampleArticle:
    """One article; `age` counts back from the moment the demo was first started."""

    slug: str
    headline: str
    summary: str
    author: str
    topic: str
    categories: tuple[str, ...]
    age: timedelta
    picture: SamplePicture | None
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SamplePublication:
    """The whole site; its articles are sorted from new to old."""

    name: str
    tagline: str
    description: str
    town: str
    authors: tuple[str, ...]
    topics: tuple[SampleTopic, ...]
    articles: tuple[SampleArticle, ...]
    unmapped_categories: tuple[str, ...]

    def topic_of_category(self) -> dict[str, str]:
        """Map every feed category that belongs somewhere to the slug of its topic."""
        return {category: topic.slug for topic in self.topics for category in topic.feed_categories}


@cache
def load_publication() -> SamplePublication:
    """Read the sample publication; one reading serves the whole process."""
    masthead = _read(_PRESS / "publication.toml")
    authors: Mapping[str, str] = masthead["authors"]
    sections = [_read(_PRESS / "articles" / f"{slug}.toml") for slug in masthead["topics"]]
    articles = [_article(raw, section, authors) for section in sections for raw in section["articles"]]
    return SamplePublication(
        name=masthead["name"],
        tagline=masthead["tagline"],
        description=masthead["description"],
        town=masthead["town"],
        authors=tuple(authors.values()),
        topics=tuple(_topic(section) for section in sections),
        articles=tuple(sorted(articles, key=lambda article: (article.age, article.slug))),
        unmapped_categories=tuple(masthead["unmapped_categories"]),
    )


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _topic(section: Mapping[str, Any]) -> SampleTopic:
    return SampleTopic(
        slug=section["slug"],
        name=section["name"],
        description=section["description"],
        feed_categories=tuple(section["feed_categories"]),
    )


def _article(raw: Mapping[str, Any], section: Mapping[str, Any], authors: Mapping[str, str]) -> SampleArticle:
    slug = raw.get("slug") or _slug(raw["headline"])
    picture = raw.get("picture")
    return SampleArticle(
        slug=slug,
        headline=raw["headline"],
        summary=raw["summary"],
        author=authors[raw["author"]],
        topic=section["slug"],
        categories=tuple(raw["categories"]),
        age=timedelta(hours=raw["age_hours"]),
        picture=SamplePicture(**picture) if picture else None,
        paragraphs=_paragraphs(section["background"], slug=slug),
    )


def _paragraphs(background: list[str], *, slug: str) -> tuple[str, ...]:
    """Choose what follows the summary: a few of the section's paragraphs, in their order."""
    start = crc32(slug.encode())
    chosen = sorted((start + step) % len(background) for step in range(_PARAGRAPHS))
    return tuple(background[index] for index in chosen)


def _slug(headline: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", headline).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", ascii_only.lower().replace("'", ""))
    slug: str = words[0]
    for word in words[1:]:
        if len(slug) + len(word) >= _LONGEST_SLUG:
            break
        slug = f"{slug}-{word}"
    return slug
