"""The latest issue, to be read before anybody signs up and while the first mail is on its way."""

from service.newsletters.models import Newsletter


def latest_url(newsletter: Newsletter) -> str | None:
    """Return where the latest issue is; None while there is none to be read."""
    return None
