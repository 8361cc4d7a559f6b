"""What the style of a mail depends on: language, accent and typeface."""

from typing import NamedTuple

from service.emails.letters import Letterhead
from service.emails.typefaces import Faces, Typeface


class Look(NamedTuple):
    """Equal looks have one style sheet."""

    locale: str
    accent: str
    typeface: Typeface


# Shorter than those of pages, since each cell of a mail repeats them, and each begins with a face that
# Outlook for Windows has: it takes Times where it does not know the first.
_SERIF = "Georgia,'Times New Roman',serif"
_PALATINO = "'Palatino Linotype',Palatino,'Book Antiqua',Georgia,serif"
_CAMBRIA = "Cambria,Didot,'Bodoni MT','Times New Roman',serif"
_SANS = "'Segoe UI',-apple-system,Roboto,Helvetica,Arial,sans-serif"
_ARIAL = "Arial,'Helvetica Neue',Helvetica,sans-serif"
_CALIBRI = "Calibri,Seravek,'Gill Sans',Candara,sans-serif"

FACES = {
    Typeface.NEWSPAPER: Faces(display=_SERIF, text=_SERIF, small=_SANS),
    Typeface.BOOK: Faces(display=_PALATINO, text=_PALATINO, small=_CALIBRI),
    Typeface.MODERN: Faces(display=_CAMBRIA, text=_SERIF, small=_SANS),
    Typeface.PLAIN: Faces(display=_ARIAL, text=_ARIAL, small=_ARIAL),
    Typeface.HUMANIST: Faces(display=_CALIBRI, text=_CALIBRI, small=_CALIBRI),
}


def look_of(head: Letterhead) -> Look:
    """Return the look of a letterhead."""
    return Look(head.locale, head.accent, head.typeface)
