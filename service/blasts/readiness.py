"""Whether a blast may leave: what is missing, in sentences."""

from service.blasts import emails
from service.blasts.models import Blast
from service.emails import sizes
from service.errors import Conflict
from service.newsletters.queries import missing_for_sending


def missing(blast: Blast) -> list[str]:
    """Say what must be added before the blast can be sent; empty when it is ready."""
    sentences = []
    if not blast.subject:
        sentences.append("The blast has no subject.")
    if not blast.body_markdown.strip():
        sentences.append("The blast has no text.")
    elif emails.prose_size(blast.newsletter, blast.body_markdown) > sizes.MOST_PROSE:
        sentences.append("The text is too long: Gmail would cut it off, and the way to unsubscribe with it.")
    if blast.newsletter.closed_at is not None:
        sentences.append("The newsletter is closed.")
    return sentences + missing_for_sending(blast.newsletter)


def check(blast: Blast) -> None:
    """:raises Conflict: when something is missing."""
    sentences = missing(blast)
    if sentences:
        raise Conflict(" ".join(sentences))
