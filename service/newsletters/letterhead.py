"""What every mail of a newsletter carries at its head and foot."""

from service.emails.letters import Letterhead
from service.newsletters.models import Newsletter


def letterhead(newsletter: Newsletter) -> Letterhead:
    """Return the letterhead of a newsletter."""
    return Letterhead(
        newsletter=newsletter.name,
        tagline=newsletter.tagline,
        accent=newsletter.accent,
        home_url=newsletter.home_url,
        sender_name=newsletter.sender.name,
        postal_address=newsletter.sender.postal_address,
        locale=newsletter.locale,
        layout=newsletter.layout,
    )
