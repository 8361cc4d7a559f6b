"""The demo's past editions: the archive looks as if the newsletter had come out for some weeks."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service.archive import publishing
from service.archive.house import latest_slot
from service.newsletters.models import Newsletter, Rhythm

WEEKS = 4


def publish(session: Session, newsletter: Newsletter, *, now: datetime) -> int:
    """Publish the weekly editions of the last weeks, oldest first; those that are there stay."""
    published = 0
    for weeks_ago in reversed(range(WEEKS)):
        slot = latest_slot(newsletter, rhythm=Rhythm.WEEKLY, now=now - timedelta(weeks=weeks_ago))
        published += publishing.publish(session, newsletter, slot, now=slot.at)
    return published
