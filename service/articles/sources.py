"""Adding and changing the feeds that are polled."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles import refusals, urls
from service.articles.cleaning import plain_line
from service.articles.models import Source
from service.errors import FetchError, InvalidInput, NotFound
from service.newsletters.models import Newsletter, Topic

#: Minutes; oftener is rude, rarer than a day is not news.
_POLL_MINUTES = range(1, 1441)


def add(
    session: Session,
    newsletter: Newsletter,
    *,
    url: str,
    name: str,
    now: datetime,
    default_topic_id: int | None = None,
    poll_minutes: int = 15,
) -> Source:
    """Add a feed; it is polled at the next tick.

    :raises InvalidInput: the address cannot be one of a feed, is there already, or the topic is not ours.
    """
    source = Source(newsletter_id=newsletter.id, created_at=now, next_poll_at=now)
    _apply(session, source, url=url, name=name, default_topic_id=default_topic_id, poll_minutes=poll_minutes)
    session.add(source)
    session.flush()
    return source


def edit(
    session: Session,
    source_id: int,
    *,
    url: str,
    name: str,
    default_topic_id: int | None,
    poll_minutes: int,
    enabled: bool,
    now: datetime,
) -> Source:
    """Change a feed and poll it at the next tick; a new address starts without the old one's history."""
    source = get(session, source_id)
    before = source.url
    _apply(session, source, url=url, name=name, default_topic_id=default_topic_id, poll_minutes=poll_minutes)
    source.enabled = enabled
    source.next_poll_at = now
    if source.url != before:
        source.etag = source.last_modified = source.last_error = None
        # What a worker may be fetching right now is the old address; it will find its lease gone.
        source.lease_until = None
        source.failures = 0
    session.flush()
    return source


def poll_now(session: Session, source_id: int, *, now: datetime) -> Source:
    """Make a source due at once, whatever its back-off; one that was switched off is switched on again."""
    source = get(session, source_id)
    source.enabled = True
    source.next_poll_at = now
    session.flush()
    return source


def pause(session: Session, source_id: int) -> Source:
    """Poll a source no more until somebody asks for it; what it brought stays. Twice is once."""
    source = get(session, source_id)
    source.enabled = False
    session.flush()
    return source


def get(session: Session, source_id: int) -> Source:
    """Return the source.

    :raises NotFound: there is none.
    """
    source = session.get(Source, source_id)
    if source is None:
        raise NotFound("There is no such source.")
    return source


def _apply(
    session: Session,
    source: Source,
    *,
    url: str,
    name: str,
    default_topic_id: int | None,
    poll_minutes: int,
) -> None:
    source.url = _checked_address(session, source, url)
    source.name = plain_line(name, limit=80) or _host(source.url)
    if default_topic_id is not None:
        topic = session.get(Topic, default_topic_id)
        if topic is None or topic.newsletter_id != source.newsletter_id:
            raise InvalidInput("Choose a topic of this newsletter.", field="default_topic_id")
    source.default_topic_id = default_topic_id
    if poll_minutes not in _POLL_MINUTES:
        raise InvalidInput("A feed is polled every 1 to 1440 minutes.", field="poll_minutes")
    source.poll_minutes = poll_minutes


def _checked_address(session: Session, source: Source, url: str) -> str:
    typed = url.strip()
    try:
        refusals.check_address(typed)
    except FetchError as error:
        raise InvalidInput(str(error), field="url") from error
    address = urls.resolve(typed)
    if address is None:
        raise InvalidInput("The address cannot be that of a feed.", field="url")
    taken = select(Source.id).where(
        Source.newsletter_id == source.newsletter_id,
        Source.url == address,
        Source.id.is_distinct_from(source.id),
    )
    with session.no_autoflush:
        if session.scalar(taken) is not None:
            raise InvalidInput("This newsletter reads that feed already.", field="url")
    return address


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]
