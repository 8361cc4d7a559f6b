"""One at a time: whoever changes which articles a newsletter has, or what its categories mean."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

#: First half of the advisory lock's key; the second is the newsletter.
_LOCK = 0x41525449


def lock_newsletter(session: Session, newsletter_id: int) -> None:
    """Wait until nobody else changes this newsletter's articles, and keep them until the commit."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCK, newsletter_id)))
