"""A blast as a letter, and the last check whether its reader still wants it."""

from datetime import datetime
from typing import Protocol

from service.emails import sizes, templates
from service.emails.inlining import inline_fragment
from service.emails.letters import BlastLetter, SubscriberLinks
from service.emails.looks import Look
from service.emails.markdown import render_markdown
from service.emails.splice import defuse
from service.links import Links
from service.newsletters.letterhead import letterhead
from service.newsletters.models import Newsletter
from service.recipes.composing import PLACEHOLDERS
from service.subscribers import emails as subscribers
from service.subscribers import reach

TEST_PREFIX = "[Test] "


def blast_letter(
    newsletter: Newsletter, *, subject: str, markdown: str, locale: str, links: Links
) -> BlastLetter:
    """Build the letter that a recipe is rendered from; reader links are placeholders.

    What the operator wrote stays; `locale` (BCP 47) is the language of the words around it.
    """
    prose = render_markdown(defuse(markdown))
    return BlastLetter(
        letterhead=letterhead(newsletter, locale=locale, links=links),
        subject=subject,
        html=prose.html,
        text=prose.text,
        links=PLACEHOLDERS,
    )


def prose_size(newsletter: Newsletter, markdown: str) -> int:
    """Return how many bytes the text takes as it goes out in HTML."""
    look = Look(newsletter.locale, newsletter.accent, newsletter.typeface)
    html = f'<div class="prose">{render_markdown(markdown).html}</div>'
    return sizes.encoded(inline_fragment(html, templates.style_sheet(look)))


def sample_links(newsletter: Newsletter, *, links: Links) -> SubscriberLinks:
    """Return what stands in for a reader's links in previews and tests: they must not act on anybody."""
    page = links.newsletter(newsletter.slug)
    return SubscriberLinks(
        unsubscribe_url=page,
        preferences_url=page,
        view_url=page,
        reason=subscribers.asked_reason(newsletter.name, locale=newsletter.locale),
    )


class Standing(reach.Standing, Protocol):
    """The same, and the consent that blasts need."""

    @property
    def announcements(self) -> bool: ...


def why_not(subscription: Standing | None, *, now: datetime) -> str | None:
    """Say in one stable word why a planned blast must not go to this reader any more; None when it may."""
    reason = reach.why_not(subscription, now=now)
    if subscription is None or reason == "unsubscribed" or subscription.announcements:
        return reason
    return "no_announcements"
