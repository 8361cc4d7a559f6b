"""Everything a blast says, read once: what is sent, previewed, tested and checked is made from this."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from service.blasts import composition, emails, stories
from service.blasts.blocks import Block, read
from service.blasts.composition import Composed
from service.blasts.models import Blast
from service.emails import merging
from service.emails.letters import BlastLetter, DigestItem
from service.links import Links
from service.newsletters.letterhead import letterhead
from service.newsletters.models import Newsletter


@dataclass(frozen=True, slots=True)
class Content:
    """The words of a blast with the articles that its blocks name."""

    newsletter: Newsletter
    subject: str
    preheader: str
    markdown: str
    blocks: tuple[Block, ...]
    stories: Mapping[int, DigestItem]

    def composed(self, *, links: Links) -> Composed:
        """Render the body in the newsletter's language."""
        head = letterhead(self.newsletter, locale=self.newsletter.locale, links=links)
        return composition.compose(head, self.markdown, self.blocks, self.stories)

    def letter(self, *, subject: str, locale: str, links: Links) -> BlastLetter:
        """Build the letter under this subject."""
        return emails.blast_letter(
            self.newsletter,
            subject=subject,
            markdown=self.markdown,
            preheader=self.preheader,
            blocks=self.blocks,
            stories=self.stories,
            locale=locale,
            links=links,
        )

    def recipe(self, *, links: Links) -> dict[str, Any]:
        """Return what a recipe keeps of it: its articles as they are now, and its merge fields by slot."""
        kept: dict[str, Any] = {"markdown": self.markdown}
        if self.preheader:
            kept["first_line"] = self.preheader
        if self.blocks:
            kept["blocks"] = [_kept(block, self.stories) for block in self.blocks]
        merge = self.composed(links=links).merge
        return kept | ({"merge": [list(use) for use in merge]} if merge else {})


def of(session: Session, blast: Blast) -> Content:
    """Read what a blast says now."""
    blocks = read(blast.blocks)
    found = stories_of(session, blast.newsletter, blocks)
    return Content(blast.newsletter, blast.subject, blast.preheader, blast.body_markdown, blocks, found)


def stories_of(session: Session, newsletter: Newsletter, blocks: Iterable[Block]) -> dict[int, DigestItem]:
    """Return the articles that blocks name, but for those that were withdrawn."""
    wanted = {block.article_id for block in blocks if block.article_id is not None}
    return stories.find(session, newsletter, wanted)


def public_markdown(session: Session, blast: Blast) -> str:
    """Return its body for a public page: without blocks and fields that are a mail's."""
    content = of(session, blast)
    markdown = composition.whole_markdown(content.markdown, content.blocks, content.stories)
    return merging.without_readers(markdown, newsletter=content.newsletter.name)


def _kept(block: Block, found: Mapping[int, DigestItem]) -> list[str | int]:
    item = found.get(block.article_id or 0)
    story = [item.title, item.summary, item.url] if item else []
    return [block.kind.value, block.text, block.url, block.by, *story]
