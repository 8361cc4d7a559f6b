"""Newsletters as plain values, for mail in bulk: what their mails say about sender, list and topics."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

_FIND = text(
    """
    SELECT newsletters.id, slug, newsletters.name, senders.name, senders.email, senders.reply_to,
        offered.ids, offered.names
    FROM newsletters JOIN senders ON senders.id = sender_id
    CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(topics.id ORDER BY position, topics.id), '{}') AS ids,
            coalesce(array_agg(topics.name ORDER BY position, topics.id), '{}') AS names
        FROM topics WHERE newsletter_id = newsletters.id AND archived_at IS NULL
    ) AS offered
    WHERE newsletters.id = ANY(:newsletter_ids)
    """
)


class Offer(NamedTuple):
    """A newsletter with its sender and its open topics, in the order of the query."""

    id: int
    slug: str
    name: str
    sender_name: str
    sender_email: str
    #: Empty: the sender's own address.
    reply_to: str
    topic_ids: list[int]
    topic_names: list[str]

    @property
    def list_id(self) -> str:
        """The same as the newsletter's."""
        return f"{self.slug}.{self.sender_email.rpartition('@')[2]}"

    def names_of(self, topic_ids: Collection[int]) -> tuple[str, ...]:
        """Return the names of those of these topics that are still open, in the newsletter's order."""
        pairs = zip(self.topic_ids, self.topic_names, strict=True)
        return tuple([name for topic_id, name in pairs if topic_id in topic_ids])


def find(session: Session, newsletter_ids: Collection[int]) -> dict[int, Offer]:
    """Return the newsletters that there are among these ids."""
    rows = session.execute(_FIND, {"newsletter_ids": list(newsletter_ids)})
    return {row[0]: Offer(*row) for row in rows}
