"""Looks a blast over before it is sent: what is wrong, where, and what to do about it.

Nothing here asks another server; `link_checks` does.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.blasts import composition, content, emails, link_rules, subject_rules
from service.blasts.blocks import Block, Kind
from service.blasts.content import Content
from service.blasts.findings import Finding, Level, error, warning
from service.blasts.link_rules import Link
from service.blasts.models import Blast
from service.emails import merging, rendering, sizes
from service.emails.colours import AA, PAPER, Accent, contrast
from service.emails.letters import EmailContent
from service.emails.splice import Slot, placeholder, splice
from service.errors import InvalidInput
from service.links import Links
from service.newsletters.queries import missing_for_sending
from service.recipes.composing import reader_values

#: Of a whole mail in HTML: above the first it is long, above the second Gmail is near to cutting it off.
LONG, MOST = 60_000, sizes.MOST


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found, errors first, and what was measured."""

    findings: tuple[Finding, ...]
    links: tuple[Link, ...]
    #: Bytes of the HTML part as it goes out.
    size: int

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.level is Level.ERROR)


def check(session: Session, blast: Blast, *, links: Links) -> Report:
    """Look over a blast as it stands."""
    said = content.of(session, blast)
    try:
        body = said.composed(links=links)
        mail = rendering.render(
            said.letter(subject=said.subject or "-", locale=said.newsletter.locale, links=links)
        )
    except InvalidInput as refusal:
        finding = error("Text", str(refusal), "Change the text; it cannot be put together as it is.")
        return Report((finding,), (), 0)
    found = link_rules.found(body.html)
    size = sizes.encoded(splice(mail, _longest(said, links), merging.values_of(body.merge, {})).html)
    findings = [
        *subject_rules.of_subject(said.subject),
        *subject_rules.of_first_line(said.preheader),
        *_text(said, emails.prose_size(said.newsletter, body.html)),
        *_blocks(said),
        *(finding for link in found for finding in link_rules.of_link(link)),
        *_way_out(mail),
        *_size(size),
        *_colours(said.newsletter.accent),
        *(error("Newsletter", sentence, "Settings → Newsletters and senders.") for sentence in _house(said)),
    ]
    order = [Level.ERROR, Level.WARNING]
    return Report(tuple(sorted(findings, key=lambda each: order.index(each.level))), found, size)


def distrusted_words(session: Session, blast: Blast) -> list[Finding]:
    """Return the words that some filters count against a mail; looked for only when asked."""
    said = content.of(session, blast)
    whole = composition.whole_markdown(said.markdown, said.blocks, said.stories)
    return subject_rules.distrusted_words(f"{said.subject} {said.preheader}", whole)


def _text(said: Content, prose_size: int) -> list[Finding]:
    if not said.markdown.strip() and not said.blocks:
        return [error("Text", "The blast has no text.", "Write something, or add a block.")]
    if prose_size > sizes.MOST_PROSE:
        sentence = "The text is too long: Gmail would cut it off, and the way to unsubscribe with it."
        return [error("Text", sentence, "Shorten it, or link to a page with the rest.")]
    return []


def _blocks(said: Content) -> list[Finding]:
    return [
        finding
        for number, block in enumerate(said.blocks, 1)
        for finding in _block(block, f"Block {number} ({block.kind})", said)
    ]


def _block(block: Block, place: str, said: Content) -> list[Finding]:
    found = []
    if block.kind is Kind.BUTTON and not (block.url and block.text):
        found.append(error(place, "The button is not complete.", "Give it a label and a link, or remove it."))
    if block.kind is Kind.IMAGE and not block.url:
        found.append(error(place, "The image has no address.", "Give its address, or remove the block."))
    if block.kind is Kind.ARTICLE and block.article_id not in said.stories:
        found.append(
            error(place, "The article was withdrawn, and would be left out.", "Remove it, or pick another.")
        )
    return found


def _way_out(mail: EmailContent) -> list[Finding]:
    slot = placeholder(Slot.UNSUBSCRIBE_URL)
    if slot in mail.html and slot in mail.text:
        return []
    return [error("The mail", "It has no link to unsubscribe.", "The template is damaged; restore it.")]


def _size(size: int) -> list[Finding]:
    kilobytes = f"The mail has {size / 1000:.0f} KB"
    if size > MOST:
        return [error("Size", f"{kilobytes}; Gmail cuts off at about 100.", "Shorten it.")]
    if size > LONG:
        return [warning("Size", f"{kilobytes}, which is long.", "Above 95 KB it cannot be sent.")]
    return []


def _colours(accent: str) -> list[Finding]:
    shade = Accent.of(accent)
    if contrast(shade.light, PAPER) >= AA and contrast(shade.on_light, shade.light) >= AA:
        return []
    return [error("Colours", "Links cannot be read well on paper.", "Choose a darker accent in Branding.")]


def _house(said: Content) -> list[str]:
    closed = ["The newsletter is closed."] if said.newsletter.closed_at is not None else []
    return closed + missing_for_sending(said.newsletter)


def _longest(said: Content, links: Links) -> dict[Slot, str]:
    return reader_values(emails.sample_links(said.newsletter, links=links))
