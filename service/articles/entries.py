"""What a feed says, after cleaning: plain values without a database or a network."""

from dataclasses import dataclass
from datetime import datetime

from service.articles import urls
from service.articles.tombstones import Tombstone


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece in a feed. Text is plain or sanitised; addresses are absolute, http or https."""

    guid: str
    url: str
    title: str
    summary_html: str
    summary: str
    author: str | None
    image_url: str | None
    image_alt: str
    language: str | None
    categories: tuple[str, ...]
    #: As the feed says it, however absurd; None where it says nothing.
    published_at: datetime | None
    #: Where the piece stands originally (rel=canonical, or what a proxy of feeds keeps), if the feed says so.
    canonical: str | None = None
    #: In pixels; None where the feed does not say.
    image_width: int | None = None
    image_height: int | None = None

    @property
    def address(self) -> str:
        """The key of its story among addresses."""
        return urls.canonical(self.canonical or self.url)


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed that could be read; `left_out` entries had no title or no address to lead to."""

    title: str
    entries: tuple[Entry, ...]
    left_out: int = 0
    #: What it had once and took back.
    deleted: tuple[Tombstone, ...] = ()
