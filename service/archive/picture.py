"""The picture that stands for an edition where its address is shared: name, day and headline, set as print.

1200 by 630, as Open Graph asks. Our letters are Latin, Greek, Cyrillic and Arabic; for others there is no
picture, and the page names its lead article's own.
"""

from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw

from service.archive.lettering import Face, Weight, can_set, face_for, plain

WIDTH, HEIGHT = 1200, 630

_PAPER, _INK, _QUIET = "#fdfcf9", "#1a1a1a", "#5c574e"
_MARGIN = 84
#: A headline is set in the largest of these in which it fits, and cut in the smallest.
_SIZES = (96, 84, 72, 62, 54)
_NAME_SIZES = (64, 54, 44, 36)
_ROOM = 330
#: From line to line, in sizes: Arabic letters reach further above and below.
_STEP, _ARABIC_STEP = 1.1, 1.45


def can_draw(*lines: str) -> bool:
    """Say whether we have letters for all of this."""
    return all(can_set(line) for line in lines)


@lru_cache(maxsize=64)
def draw(*, name: str, day: str, headline: str, accent: str) -> bytes:
    """Return the picture as PNG; the same for the same words on every machine."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, WIDTH, 14), fill=accent)
    name, day = plain(name), plain(day)
    title = _fitting(name)
    title.write(pen, (WIDTH / 2, 86 if title.is_arabic else 92), _cut(name, title), fill=_INK)
    pen.line((_MARGIN, 146, WIDTH - _MARGIN, 146), fill=_INK, width=3)
    pen.line((_MARGIN, 153, WIDTH - _MARGIN, 153), fill=_INK, width=1)
    face_for(day, Weight.REGULAR, 30).write(pen, (WIDTH / 2, 186), day, fill=_QUIET)
    _headline(pen, plain(headline))
    pen.rectangle((WIDTH / 2 - 36, HEIGHT - 46, WIDTH / 2 + 36, HEIGHT - 40), fill=accent)
    written = BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


def _headline(pen: ImageDraw.ImageDraw, headline: str) -> None:
    lines, face = _set(headline)
    step = _step(face)
    top = 218 + (_ROOM - step * len(lines)) / 2
    for n, line in enumerate(lines):
        face.write(pen, (WIDTH / 2, top + step * (n + 0.5)), line, fill=_INK)


def _set(headline: str) -> tuple[list[str], Face]:
    """Break a headline into lines of about equal length, in the largest size that has room for them."""
    for size in _SIZES:
        face = face_for(headline, Weight.BOLD, size)
        lines = _balanced(headline, face)
        if _step(face) * len(lines) <= _ROOM and all(face.width(line) <= _measure() for line in lines):
            return lines, face
    most = int(_ROOM // _step(face))
    kept = lines[:most]
    if len(lines) > most:
        kept[-1] = f"{kept[-1]} …"
    return [_cut(line, face) for line in kept], face


def _step(face: Face) -> float:
    return face.size * (_ARABIC_STEP if face.is_arabic else _STEP)


def _balanced(text: str, face: Face) -> list[str]:
    lines = _broken(text, face, width=_measure())
    narrow, wide = _measure() / 2, float(_measure())
    while wide - narrow > 8:
        middle = (narrow + wide) / 2
        if len(_broken(text, face, width=middle)) > len(lines):
            narrow = middle
        else:
            wide = middle
    return _broken(text, face, width=wide)


def _broken(text: str, face: Face, *, width: float) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and face.width(f"{lines[-1]} {word}") <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines or [""]


def _fitting(line: str) -> Face:
    faces = [face_for(line, Weight.BOLD, size) for size in _NAME_SIZES]
    return next((face for face in faces if face.width(line) <= _measure()), faces[-1])


def _cut(line: str, face: Face) -> str:
    """Cut a line that has no room; an endless word is cut inside."""
    if face.width(line) <= _measure():
        return line
    while line and face.width(f"{line}…") > _measure():
        line = line[:-1]
    return f"{line.rstrip(' …')}…"


def _measure() -> int:
    return WIDTH - 2 * _MARGIN
