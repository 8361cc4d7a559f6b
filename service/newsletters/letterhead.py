"""What every mail of a newsletter carries at its head and foot."""

from service.emails.letters import Letterhead
from service.links import Links
from service.newsletters.branding import fit
from service.newsletters.models import Newsletter

#: What a logo may take in a mail, in CSS pixels: width, height.
LARGEST_LOGO = (280, 72)


def letterhead(newsletter: Newsletter, *, locale: str, links: Links) -> Letterhead:
    """Return the letterhead of a newsletter, for a mail in this language (BCP 47)."""
    logo = newsletter.logo
    width, height = fit(logo, *LARGEST_LOGO) if logo else (0, 0)
    return Letterhead(
        newsletter=newsletter.name,
        tagline=newsletter.tagline,
        accent=newsletter.accent,
        home_url=newsletter.home_url,
        sender_name=newsletter.sender.name,
        postal_address=newsletter.sender.postal_address,
        locale=locale,
        layout=newsletter.layout,
        popular_url=links.popular(newsletter.slug) if newsletter.archive_public else "",
        typeface=newsletter.typeface,
        logo_url=links.logo(logo.file_name) if logo else "",
        logo_width=width,
        logo_height=height,
        logo_plate=logo.see_through if logo else False,
    )
