"""What readers who left have said of it, as counts."""

from sqlalchemy.orm import Session

from service.newsletters.models import Newsletter
from service.subscribers import returning
from service.web.readers.left import REASONS


def counts(session: Session, newsletter: Newsletter) -> list[tuple[str, int]]:
    """Return every reason with how often it was named, the most frequent first."""
    counted = returning.count_reasons(session, newsletter.id)
    return sorted(((REASONS[reason], n) for reason, n in counted.items()), key=lambda row: (-row[1], row[0]))
