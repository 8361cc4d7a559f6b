"""A blast as its readers will see it, before anybody gets it."""

from sqlalchemy.orm import Session

from service.blasts import content, emails
from service.blasts.models import Blast
from service.emails import merging, rendering
from service.emails.letters import EmailContent
from service.emails.splice import splice
from service.links import Links
from service.recipes.composing import reader_values
from service.subscribers import merge_fields
from service.subscribers.models import Subscription


def preview(
    session: Session, blast: Blast, *, links: Links, reader: Subscription | None = None
) -> EmailContent:
    """Render subject, text and HTML, as one reader gets them or as nobody's; its links act on nobody."""
    said = content.of(session, blast)
    locale = reader.locale if reader else blast.newsletter.locale
    letter = said.letter(subject=blast.subject or "(no subject yet)", locale=locale, links=links)
    sample = emails.sample_links(blast.newsletter, links=links)
    fields = merge_fields.of(reader) if reader else {}
    merged = merging.values_of(said.composed(links=links).merge, fields)
    return splice(rendering.render(letter), reader_values(sample), merged)
