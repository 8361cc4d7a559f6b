"""The typefaces that pictures of editions are set in, and how each is set.

Latin, Greek and Cyrillic letters stand side by side. Arabic ones join, and run the other way, which takes a
shaping library (raqm) that Pillow's wheels bring along; where it is missing there are no such letters.
"""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import ImageDraw, ImageFont, features
from PIL.ImageFont import FreeTypeFont

_FOLDER = Path(__file__).with_name("typefaces")
#: Signs that are left out: pictographs, and marks that change how letters look.
_LEFT_OUT = frozenset({"So", "Cf", "Cs", "Mn", "Me", "Cc"})
#: Keeps two Persian letters from joining.
_NON_JOINER = "\u200c"


class Weight(StrEnum):
    REGULAR = "Regular"
    BOLD = "Bold"


@dataclass(frozen=True, slots=True)
class Face:
    """A typeface in one weight and size, and the way its lines run."""

    font: FreeTypeFont
    size: int
    is_arabic: bool
    #: Of the whole text: a line of an Arabic headline that begins with a Latin name begins at the right too.
    runs_left: bool

    def width(self, line: str) -> float:
        return float(self.font.getlength(line, **self._ways()))

    def write(self, pen: ImageDraw.ImageDraw, place: tuple[float, float], line: str, *, fill: str) -> None:
        """Set a line with its middle at a place."""
        pen.text(place, line, font=self.font, fill=fill, anchor="mm", **self._ways())

    def _ways(self) -> dict[str, Any]:
        # Plain setting knows one way, and refuses to hear of it.
        return {"direction": "rtl" if self.runs_left else "ltr"} if self.is_arabic else {}


def face_for(text: str, weight: Weight, size: int) -> Face:
    """Return the face in which all of a text can be set."""
    is_arabic = has_arabic(text)
    name = "NotoNaskhArabic" if is_arabic else "SourceSerifPro"
    font = _font(f"{name}-{weight}.ttf", size, is_arabic)
    return Face(font, size, is_arabic, runs_left=is_arabic and _begins_right(text))


def can_set(text: str) -> bool:
    """Say whether one face has letters for all of this."""
    is_arabic = has_arabic(text)
    if is_arabic and not features.check("raqm"):
        return False
    return all(_has(sign, is_arabic) for sign in plain(text))


def plain(line: str) -> str:
    """Leave out what has no place in print, and all after 300 signs."""
    is_arabic = has_arabic(line)
    kept = (
        sign
        for sign in line[:300]
        if unicodedata.category(sign) not in _LEFT_OUT or (is_arabic and sign == _NON_JOINER)
    )
    return " ".join("".join(kept).split())


def has_arabic(text: str) -> bool:
    return any(unicodedata.bidirectional(sign) == "AL" for sign in text)


def _begins_right(text: str) -> bool:
    """Say whether a text runs from the right: its first letter decides (UAX 9, rules P2 and P3)."""
    strong = (unicodedata.bidirectional(sign) for sign in text)
    return next((kind for kind in strong if kind in {"L", "R", "AL"}), "AL") != "L"


@lru_cache(maxsize=32)
def _font(name: str, size: int, is_arabic: bool) -> FreeTypeFont:
    engine = ImageFont.Layout.RAQM if is_arabic else ImageFont.Layout.BASIC
    return ImageFont.truetype(_FOLDER / name, size, layout_engine=engine)


@lru_cache(maxsize=4096)
def _has(sign: str, is_arabic: bool) -> bool:
    """Compare with the box that stands for what a font has not."""
    if sign.isspace() or sign == _NON_JOINER:
        return True
    name = "NotoNaskhArabic" if is_arabic else "SourceSerifPro"
    # One sign by itself needs no shaping.
    font = _font(f"{name}-{Weight.BOLD}.ttf", 54, False)
    return bytes(font.getmask(sign)) != bytes(font.getmask("\U0010ffff"))
