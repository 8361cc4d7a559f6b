"""Looking at a feed before it is added: fetched and read for real, outside of any transaction."""

from dataclasses import dataclass

from service.articles.apart import parse_apart
from service.articles.fetching import Fetcher
from service.errors import FetchError
from service.web.context import runtime

#: A person waits for the answer; the poller has more patience.
_DEADLINE = 12.0


@dataclass(frozen=True, slots=True)
class Looked:
    """What is at an address: the feed's title and size, or the reason why it cannot be read."""

    title: str = ""
    articles: int = 0
    latest: tuple[str, ...] = ()
    problem: str = ""

    @property
    def is_readable(self) -> bool:
        return not self.problem


def look(url: str) -> Looked:
    """Fetch and read a feed now, as the poller would."""
    settings = runtime().settings
    fetcher = Fetcher(settings.feed_allow_hosts, public_url=settings.base_url, deadline=_DEADLINE)
    try:
        fetched = fetcher.fetch(url)
        feed = parse_apart(fetched.body, base_url=fetched.final_url, content_type=fetched.content_type)
    except FetchError as error:
        return Looked(problem=str(error))
    return Looked(
        title=feed.title,
        articles=len(feed.entries),
        latest=tuple(entry.title for entry in feed.entries[:3]),
    )
