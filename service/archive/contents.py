"""Every public page of a newsletter, for the map that search engines read."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.archive.models import PublicEdition
from service.archive.shown import is_shown
from service.blasts.models import Blast, BlastState
from service.links import Links
from service.newsletters.models import Newsletter

#: Of editions and of blasts, the newest so many: a map may have 50,000 addresses.
MOST = 20_000


class Page(NamedTuple):
    """An address, and since when what it says is as it is."""

    url: str
    changed_at: datetime | None = None


def list_pages(session: Session, newsletter: Newsletter, *, links: Links) -> Iterator[Page]:
    """Yield the sign-up page, and the archive where it is public."""
    slug = newsletter.slug
    yield Page(links.newsletter(slug))
    if not newsletter.archive_public:
        return
    yield Page(links.archive(slug))
    yield Page(links.popular(slug))
    for topic in newsletter.open_topics:
        yield Page(links.topic(slug, topic=topic.slug))
    editions = (
        select(PublicEdition.period, PublicEdition.published_at)
        .where(PublicEdition.newsletter_id == newsletter.id, is_shown())
        .order_by(PublicEdition.slot_at.desc(), PublicEdition.id.desc())
        .limit(MOST)
    )
    for period, published_at in session.execute(editions):
        yield Page(links.edition(slug, period=period), published_at)
    blasts = (
        select(Blast.id, Blast.started_at)
        .where(Blast.newsletter_id == newsletter.id, Blast.in_archive, Blast.state == BlastState.SENT)
        .order_by(Blast.started_at.desc(), Blast.id.desc())
        .limit(MOST)
    )
    for blast_id, started_at in session.execute(blasts):
        yield Page(links.blast(slug, blast_id=blast_id), started_at)
