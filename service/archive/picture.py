"""The picture that stands for an edition where its address is shared: name, day and headline, set as print.

1200 by 630, as Open Graph asks. Our letters are Latin, Greek and Cyrillic; for others there is no picture,
and the page names its lead article's own.
"""

import unicodedata
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont

WIDTH, HEIGHT = 1200, 630

_TYPEFACES = Path(__file__).with_name("typefaces")
_BOLD, _REGULAR = "SourceSerifPro-Bold.ttf", "SourceSerifPro-Regular.ttf"
_PAPER, _INK, _QUIET = "#fdfcf9", "#1a1a1a", "#5c574e"
_MARGIN = 84
#: A headline is set in the largest of these in which it fits, and cut in the smallest.
_SIZES = (96, 84, 72, 62, 54)
_ROOM = 330


def can_draw(*lines: str) -> bool:
    """Say whether we have letters for all of this."""
    return all(_has(sign) for line in lines for sign in _plain(line))


@lru_cache(maxsize=64)
def draw(*, name: str, day: str, headline: str, accent: str) -> bytes:
    """Return the picture as PNG; the same for the same words on every machine."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, WIDTH, 14), fill=accent)
    name_font = _fitting(_plain(name), sizes=(64, 54, 44, 36), width=WIDTH - 2 * _MARGIN)
    pen.text((WIDTH / 2, 92), _cut(_plain(name), name_font), font=name_font, fill=_INK, anchor="mm")
    pen.line((_MARGIN, 146, WIDTH - _MARGIN, 146), fill=_INK, width=3)
    pen.line((_MARGIN, 153, WIDTH - _MARGIN, 153), fill=_INK, width=1)
    pen.text((WIDTH / 2, 186), _plain(day), font=_font(_REGULAR, 30), fill=_QUIET, anchor="mm")
    _headline(pen, _plain(headline))
    pen.rectangle((WIDTH / 2 - 36, HEIGHT - 46, WIDTH / 2 + 36, HEIGHT - 40), fill=accent)
    written = BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def _headline(pen: ImageDraw.ImageDraw, headline: str) -> None:
    lines, font = _set(headline)
    step = font.size * 1.1
    top = 218 + (_ROOM - step * len(lines)) / 2
    for n, line in enumerate(lines):
        pen.text((WIDTH / 2, top + step * (n + 0.5)), line, font=font, fill=_INK, anchor="mm")


def _set(headline: str) -> tuple[list[str], FreeTypeFont]:
    """Break a headline into lines of about equal length, in the largest size that has room for them."""
    for size in _SIZES:
        font = _font(_BOLD, size)
        lines = _balanced(headline, font)
        if size * 1.1 * len(lines) <= _ROOM and all(_width(line, font) <= _measure() for line in lines):
            return lines, font
    most = int(_ROOM // (font.size * 1.1))
    kept = lines[:most]
    if len(lines) > most:
        kept[-1] = f"{kept[-1]} …"
    return [_cut(line, font) for line in kept], font


def _balanced(text: str, font: FreeTypeFont) -> list[str]:
    lines = _broken(text, font, width=_measure())
    narrow, wide = _measure() / 2, float(_measure())
    while wide - narrow > 8:
        middle = (narrow + wide) / 2
        if len(_broken(text, font, width=middle)) > len(lines):
            narrow = middle
        else:
            wide = middle
    return _broken(text, font, width=wide)


def _broken(text: str, font: FreeTypeFont, *, width: float) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and _width(f"{lines[-1]} {word}", font) <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines or [""]


def _fitting(line: str, *, sizes: tuple[int, ...], width: int) -> FreeTypeFont:
    fonts = [_font(_BOLD, size) for size in sizes]
    return next((font for font in fonts if _width(line, font) <= width), fonts[-1])


def _cut(line: str, font: FreeTypeFont) -> str:
    """Cut a line that has no room; an endless word is cut inside."""
    if _width(line, font) <= _measure():
        return line
    while line and _width(f"{line}…", font) > _measure():
        line = line[:-1]
    return f"{line.rstrip(' …')}…"


def _measure() -> int:
    return WIDTH - 2 * _MARGIN


def _width(line: str, font: FreeTypeFont) -> float:
    return float(font.getlength(line))


@lru_cache(maxsize=16)
def _font(name: str, size: int) -> FreeTypeFont:
    # Plain layout: the shaping library is not on every machine, and our letters need none.
    return ImageFont.truetype(_TYPEFACES / name, size, layout_engine=ImageFont.Layout.BASIC)


def _plain(line: str) -> str:
    """Leave out pictographs and marks that change how letters look, and at most 300 signs of the rest."""
    kept = (
        sign for sign in line[:300] if unicodedata.category(sign) not in {"So", "Cf", "Cs", "Mn", "Me", "Cc"}
    )
    return " ".join("".join(kept).split())


@lru_cache(maxsize=4096)
def _has(sign: str) -> bool:
    """Compare with the box that stands for what a font has not."""
    if sign.isspace():
        return True
    font = _font(_BOLD, 54)
    return bytes(font.getmask(sign)) != bytes(font.getmask("\U0010ffff"))
