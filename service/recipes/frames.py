"""Frames of digests and blasts, laid out once: which chunk holds what the recipe or the reader puts in."""

from dataclasses import dataclass

from service.delivery import quoted
from service.delivery.quoted import Stencil
from service.emails.splice import LetterSlot

_STORIES = LetterSlot.STORIES.value
LETTER_SLOTS = frozenset(slot.value for slot in LetterSlot)


@dataclass(frozen=True, slots=True)
class Laid:
    """Both parts of a frame as chunks, with what is put where: (place, name of the blank)."""

    chunks: list[bytes]
    #: The place between the parts.
    middle: int
    #: Blanks of the recipe, in the text and in the HTML.
    in_text: list[tuple[int, str]]
    in_html: list[tuple[int, str]]
    #: Blanks of the reader.
    texts: list[tuple[int, str]]
    htmls: list[tuple[int, str]]
    #: Whether stories stand in it.
    stories: bool


def lay_out(text: Stencil, html: Stencil) -> Laid:
    """Lay a frame out; the places of the envelope are the first, the middle and the last."""
    chunks = [b""]
    texts = _lay(chunks, text)
    middle = len(chunks)
    chunks.append(b"")
    htmls = _lay(chunks, html)
    chunks.append(b"")
    if (_STORIES in text.blanks) is not (_STORIES in html.blanks):
        raise ValueError("A frame has a place for stories in one of its parts only.")
    return Laid(
        chunks,
        middle,
        in_text=[each for each in texts if each[1] in LETTER_SLOTS],
        in_html=[each for each in htmls if each[1] in LETTER_SLOTS],
        texts=[each for each in texts if each[1] not in LETTER_SLOTS],
        htmls=[each for each in htmls if each[1] not in LETTER_SLOTS],
        stories=_STORIES in text.blanks,
    )


def _lay(chunks: list[bytes], stencil: Stencil) -> list[tuple[int, str]]:
    """Add a part to the chunks; return where values will stand."""
    blanks = []
    chunks.append(stencil.literals[0])
    for name, literal in zip(stencil.blanks, stencil.literals[1:], strict=True):
        blanks.append((len(chunks), name))
        chunks += (quoted.OPEN, literal)
    return blanks
