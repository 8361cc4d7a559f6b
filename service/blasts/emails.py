"""A blast as a letter, and the last check whether its reader still wants it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from service.blasts import composition
from service.blasts.blocks import Block
from service.emails import sizes, templates
from service.emails.inlining import inline_fragment
from service.emails.letters import BlastLetter, DigestItem, SubscriberLinks
from service.emails.looks import Look
from service.links import Links
from service.newsletters.letterhead import letterhead
from service.newsletters.models import Newsletter
from service.recipes.composing import PLACEHOLDERS
from service.subscribers import emails as subscribers
from service.subscribers import reach

TEST_PREFIX = "[Test] "


def blast_letter(
    newsletter: Newsletter,
    *,
    subject: str,
    markdown: str,
    preheader: str = "",
    blocks: Sequence[Block] = (),
    stories: Mapping[int, DigestItem] | None = None,
    locale: str,
    links: Links,
) -> BlastLetter:
    """Build the letter that a recipe is rendered from; what is the reader's own are placeholders.

    What the operator wrote stays; `locale` (BCP 47) is the language of the words around it.
    """
    head = letterhead(newsletter, locale=locale, links=links)
    body = composition.compose(head, markdown, blocks, stories or {})
    return BlastLetter(
        letterhead=head,
        subject=subject,
        html=body.html,
        text=body.text,
        links=PLACEHOLDERS,
        preheader=preheader,
    )


def prose_size(newsletter: Newsletter, html: str) -> int:
    """Return how many bytes a composed body takes as it goes out."""
    look = Look(newsletter.locale, newsletter.accent, newsletter.typeface)
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
