"""Reading newsletters: for pages, mails, and the check whether one may send."""

from typing import NamedTuple, TypeVar

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload, selectinload

from service.errors import NotFound
from service.newsletters.models import Newsletter, Sender, Topic


class Merge(NamedTuple):
    """Which topic another takes over, and whether readers are still on their way."""

    gone: int
    kept: int
    under_way: bool


Row = TypeVar("Row", Newsletter, Sender, Topic)

# Asked by every page for readers: put together once, and one statement with its topics.
_BY_SLUG = (
    select(Newsletter)
    .where(Newsletter.closed_at.is_(None), Newsletter.slug == bindparam("slug"))
    .options(joinedload(Newsletter.topics))
)


def find_by_slug(session: Session, slug: str) -> Newsletter | None:
    """Return the open newsletter under this slug, with its topics; any text may be asked for."""
    if "\0" in slug:  # PostgreSQL refuses it in any text
        return None
    return session.scalars(_BY_SLUG, {"slug": slug}).unique().one_or_none()


def list_open(session: Session) -> list[Newsletter]:
    """Return every open newsletter, oldest first, with its topics."""
    statement = select(Newsletter).where(Newsletter.closed_at.is_(None))
    return list(session.scalars(statement.options(selectinload(Newsletter.topics)).order_by(Newsletter.id)))


def get(session: Session, newsletter_id: int) -> Newsletter:
    """Return the newsletter, open or closed.

    :raises NotFound: there is none with this id.
    """
    return _found(session.get(Newsletter, newsletter_id), "newsletter")


def list_all(session: Session) -> list[Newsletter]:
    """Return every newsletter with its topics, open ones first."""
    statement = select(Newsletter).options(selectinload(Newsletter.topics))
    return list(session.scalars(statement.order_by(Newsletter.closed_at.is_not(None), Newsletter.id)))


def merges(session: Session, newsletter_id: int) -> tuple[Merge, ...]:
    """Return the merges of a newsletter's topics, done ones too: equal answers mean that nothing moved."""
    rows = session.execute(
        select(Topic.id, Topic.merged_into_id, Topic.archived_at.is_(None))
        .where(Topic.newsletter_id == newsletter_id, Topic.merged_into_id.is_not(None))
        .order_by(Topic.id)
    )
    return tuple(Merge._make(row) for row in rows)


def get_topic(session: Session, topic_id: int) -> Topic:
    return _found(session.get(Topic, topic_id), "topic")


def find_offered(newsletter: Newsletter, slug: str) -> Topic | None:
    """Return the open topic of this name, or the one that it was merged into."""
    topics = {topic.id: topic for topic in newsletter.topics}
    found = next((topic for topic in newsletter.topics if topic.slug == slug), None)
    if found is not None and found.archived_at is not None:
        found = topics.get(found.merged_into_id or 0)
    return found if found is not None and found.archived_at is None else None


def get_sender(session: Session, sender_id: int) -> Sender:
    return _found(session.get(Sender, sender_id), "sender")


def list_senders(session: Session) -> list[Sender]:
    return list(session.scalars(select(Sender).order_by(Sender.id)))


def missing_for_sending(newsletter: Newsletter) -> list[str]:
    """Say in sentences what must be added before this newsletter may send anything; empty when ready."""
    missing = []
    if not newsletter.sender.email:
        missing.append("The sender has no e-mail address.")
    if not newsletter.sender.postal_address.strip():
        missing.append("The sender has no postal address; the law wants one in every mail.")
    if not newsletter.open_topics:
        missing.append("There is no topic that readers could choose.")
    return missing


def _found(row: Row | None, word: str) -> Row:
    if row is None:
        raise NotFound(f"There is no such {word}.")
    return row
