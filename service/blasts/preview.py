"""A blast as its readers will see it, before anybody gets it."""

from service.blasts import emails
from service.blasts.models import Blast
from service.emails import rendering
from service.emails.letters import EmailContent
from service.emails.splice import splice
from service.links import Links
from service.recipes.composing import reader_values


def preview(blast: Blast, *, links: Links) -> EmailContent:
    """Render subject, text and HTML with links that act on nobody."""
    letter = emails.blast_letter(
        blast.newsletter,
        subject=blast.subject or "(no subject yet)",
        markdown=blast.body_markdown,
        locale=blast.newsletter.locale,
        links=links,
    )
    sample = emails.sample_links(blast.newsletter, links=links)
    return splice(rendering.render(letter), reader_values(sample))
