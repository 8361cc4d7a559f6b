"""Reads what a picture is from its first bytes: kind, width and height (pure)."""

import struct
import warnings
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, UnidentifiedImageError

#: What mail programs show.
_KINDS = ("JPEG", "PNG", "GIF")


@dataclass(frozen=True, slots=True)
class Header:
    """In pixels, as the picture is stored."""

    kind: str
    width: int
    height: int


def read(beginning: bytes) -> Header | None:
    """Return what a file begins as; None for no picture, and for kinds that mail programs do not show."""
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP":
        return _webp(beginning)
    try:
        # Only the header is read, and so nothing can be unpacked that is larger than it looks.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(BytesIO(beginning), formats=_KINDS) as image:
                return Header(image.format or "", *_upright(image))
    except Image.DecompressionBombError:
        # So many pixels that no mail should load them; how many is of no matter.
        return Header("huge", 100_000, 100_000)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, struct.error):
        return None


def _upright(image: Image.Image) -> tuple[int, int]:
    """Cameras store a portrait on its side, and say so; mail programs turn it."""
    if image.format == "PNG" and "exif" not in image.info:
        # Pillow would unpack the whole picture to look behind it: of a few kilobytes, half a gigabyte.
        return image.width, image.height
    try:
        turned = image.getexif().get(0x0112, 1) in {5, 6, 7, 8}
    except (OSError, ValueError, SyntaxError, struct.error):
        turned = False
    return (image.height, image.width) if turned else (image.width, image.height)


def _webp(beginning: bytes) -> Header | None:
    """Read the three kinds of first chunk (RFC 9649, 2.5 to 2.7); Pillow would want the whole file."""
    chunk, body = beginning[12:16], beginning[20:30]
    if len(body) < 10:
        return None
    if chunk == b"VP8X":
        return Header("WEBP", 1 + _three(body[4:7]), 1 + _three(body[7:10]))
    if chunk == b"VP8L" and body[0] == 0x2F:
        (bits,) = struct.unpack("<I", body[1:5])
        return Header("WEBP", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    if chunk == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", body[6:10])
        return Header("WEBP", width & 0x3FFF, height & 0x3FFF)
    return None


def _three(number: bytes) -> int:
    return int.from_bytes(number, "little")
