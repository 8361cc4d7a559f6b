"""The latest issue, to be read before anybody signs up and while the first mail is on its way."""

from service.archive import issues
from service.newsletters.models import Newsletter
from service.web.context import runtime


def latest_url(newsletter: Newsletter) -> str | None:
    """Return where the latest issue is; None while there is none that everybody may read."""
    if not newsletter.archive_public:
        return None
    with runtime().sessions() as session:
        is_there = issues.find_latest(session, newsletter) is not None
    return runtime().links.latest(newsletter.slug) if is_there else None
