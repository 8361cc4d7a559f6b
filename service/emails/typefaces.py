"""The typefaces of newsletters: those that readers' machines have already, so that nothing is fetched."""

from dataclasses import dataclass
from enum import StrEnum


class Typeface(StrEnum):
    """What an operator chooses; each is a pair of faces, one for the name and headlines, one for text."""

    NEWSPAPER = "newspaper"
    BOOK = "book"
    MODERN = "modern"
    PLAIN = "plain"
    HUMANIST = "humanist"


@dataclass(frozen=True, slots=True)
class Faces:
    """CSS font stacks. Single quotes, since mails carry them in style attributes."""

    #: The name of the newsletter and headlines.
    display: str
    #: Running text.
    text: str
    #: Labels, bylines, buttons, forms.
    small: str


#: Arabic and Cyrillic come from the generic name at the end: none of these faces is sure to have them.
_SERIF = "Charter,'Bitstream Charter','Iowan Old Style',Georgia,Cambria,'Times New Roman',serif"
_BOOK = "'Iowan Old Style','Palatino Linotype',Palatino,'URW Palladio L',P052,'Book Antiqua',Georgia,serif"
_MODERN = "Didot,'Bodoni 72','Bodoni MT','Noto Serif Display','Libre Bodoni','Times New Roman',serif"
_PLAIN = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
_HUMANIST = "Seravek,'Gill Sans Nova','Gill Sans',Ubuntu,Calibri,Candara,'Noto Sans','DejaVu Sans',sans-serif"

FACES = {
    Typeface.NEWSPAPER: Faces(display=_SERIF, text=_SERIF, small=_PLAIN),
    Typeface.BOOK: Faces(display=_BOOK, text=_BOOK, small=_HUMANIST),
    # Hairlines that are fine in a headline are not there at text size.
    Typeface.MODERN: Faces(display=_MODERN, text=_SERIF, small=_PLAIN),
    Typeface.PLAIN: Faces(display=_PLAIN, text=_PLAIN, small=_PLAIN),
    Typeface.HUMANIST: Faces(display=_HUMANIST, text=_HUMANIST, small=_HUMANIST),
}
