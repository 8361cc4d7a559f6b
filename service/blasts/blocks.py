"""What follows the opening text of a blast: an ordered list of blocks, kept as versioned JSON."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from service.emails.sanitising import typed_line
from service.errors import InvalidInput

VERSION = 1
MOST = 40
TEXT_LENGTH = 20_000
#: Of all blocks together: more could never be sent, and keeps the machine busy for many seconds.
WHOLE_LENGTH = 50_000
LINE_LENGTH = 300
URL_LENGTH = 2_000
#: The one field that may be a link.
PREFERENCES = "{{ preferences_url }}"


class Kind(StrEnum):
    """What a block shows."""

    TEXT = "text"
    ARTICLE = "article"
    BUTTON = "button"
    IMAGE = "image"
    QUOTE = "quote"
    DIVIDER = "divider"


#: Kinds whose words run over several lines; those of the others are one line.
RUNNING = frozenset({Kind.TEXT, Kind.QUOTE})
LINKED = frozenset({Kind.BUTTON, Kind.IMAGE})


@dataclass(frozen=True, slots=True)
class Block:
    """One block; fields that its kind does not have are empty."""

    kind: Kind
    #: Markdown of a text, the words of a quote, the label of a button, the alternative text of an image.
    text: str = ""
    #: Where a button leads, where an image is.
    url: str = ""
    #: Who said a quote.
    by: str = ""
    article_id: int | None = None

    @property
    def is_empty(self) -> bool:
        return self.kind is not Kind.DIVIDER and not (self.text or self.url or self.article_id)


def read(stored: Mapping[str, Any]) -> tuple[Block, ...]:
    """Return the blocks of a blast as it is kept."""
    return tuple(Block(**{**each, "kind": Kind(each["kind"])}) for each in stored.get("blocks", ()))


def write(blocks: Iterable[Block]) -> dict[str, Any]:
    """Return what is kept of blocks; fields that are empty are left out."""
    return {"version": VERSION, "blocks": [_written(block) for block in blocks]}


def _written(block: Block) -> dict[str, Any]:
    values = {"text": block.text, "url": block.url, "by": block.by, "article_id": block.article_id}
    return {"kind": block.kind.value, **{name: value for name, value in values.items() if value}}


def tidied(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Return blocks as they are kept: cleaned, and without those in which nothing was written.

    :raises InvalidInput: too many, too long, or a link that is no web address.
    """
    clean = tuple(each for each in map(_tidy, blocks) if not each.is_empty)
    if len(clean) > MOST:
        raise InvalidInput(f"A blast has at most {MOST} blocks.", field="body_markdown")
    whole = sum(len(block.text) + len(block.by) for block in clean)
    if whole > WHOLE_LENGTH:
        raise InvalidInput(
            f"The blocks have {whole:,} characters together; {WHOLE_LENGTH:,} are the most.",
            field="body_markdown",
        )
    for number, block in enumerate(clean, 1):
        _check(block, number)
    return clean


def _tidy(block: Block) -> Block:
    running = block.kind in RUNNING
    text = block.text.replace("\r\n", "\n").replace("\x00", "").strip() if running else typed_line(block.text)
    url = typed_line(block.url) if block.kind in LINKED else ""
    by = typed_line(block.by) if block.kind is Kind.QUOTE else ""
    return Block(block.kind, text, url, by, block.article_id if block.kind is Kind.ARTICLE else None)


def _check(block: Block, number: int) -> None:
    most = TEXT_LENGTH if block.kind in RUNNING else LINE_LENGTH
    if len(block.text) > most or len(block.by) > LINE_LENGTH:
        raise InvalidInput(
            f"Block {number} ({block.kind}): the text is too long; {most} characters are the most.",
            field="body_markdown",
        )
    if block.url and not _is_link(block):
        raise InvalidInput(
            f"Block {number} ({block.kind}): “{block.url[:60]}” is no web address. "
            "It begins with https:// and has no spaces.",
            field="body_markdown",
        )


def _is_link(block: Block) -> bool:
    if block.url == PREFERENCES:
        return block.kind is Kind.BUTTON
    is_web = block.url.startswith(("https://", "http://"))
    return is_web and len(block.url) <= URL_LENGTH and not set(' "<>{}') & set(block.url)
