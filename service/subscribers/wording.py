"""The words of consent: what the page shows beside a button is what the log keeps."""

from service.languages.words import _
from service.newsletters.models import Newsletter


def sign_up(newsletter: Newsletter) -> str:
    """What pressing the sign-up button means."""
    return _(
        "By signing up I ask %(sender)s to send %(newsletter)s to this address: articles from the topics "
        "chosen above, as often as chosen above. I can change this, or leave with one click, in every mail.",
        sender=newsletter.sender.name,
        newsletter=newsletter.name,
    )


def announcements(newsletter: Newsletter) -> str:
    """What ticking the second, separate box means."""
    return _("Also send me the occasional announcement from %(newsletter)s.", newsletter=newsletter.name)


def consented(newsletter: Newsletter, *, with_announcements: bool) -> str:
    """Everything that was declared with one press of the button."""
    lines = [sign_up(newsletter)]
    if with_announcements:
        lines.append(announcements(newsletter))
    if newsletter.privacy_url:
        lines.append(_("Privacy notice: %(url)s", url=newsletter.privacy_url))
    return "\n".join(lines)
