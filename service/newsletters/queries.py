"""Reading newsletters: for pages, mails, and the check whether one may send."""

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from service.newsletters.models import Newsletter


def find_by_slug(session: Session, slug: str) -> Newsletter | None:
    """Return the open newsletter under this slug, with its topics."""
    return session.scalars(_open().where(Newsletter.slug == slug)).one_or_none()


def list_open(session: Session) -> list[Newsletter]:
    """Return every open newsletter, oldest first, with its topics."""
    return list(session.scalars(_open().order_by(Newsletter.id)))


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


def _open() -> Select[tuple[Newsletter]]:
    return select(Newsletter).where(Newsletter.closed_at.is_(None)).options(selectinload(Newsletter.topics))
