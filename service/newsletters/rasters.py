"""Takes an uploaded picture apart and keeps nothing but its pixels: no metadata, nothing after its end.

PNG and JPEG only. An SVG is a document that can run code and fetch things, and mail programs do not show it.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from service.errors import InvalidInput

LARGEST_BYTES = 256 * 1024
#: Pixels on the longer side: four times what the widest screen shows of it.
LONGEST_SIDE = 2400
SHORTEST_SIDE = 16

_FIELD = "logo"
_PNG = b"\x89PNG\r\n\x1a\n"
#: What is needed to draw it. Colour profiles, texts, times and EXIF are left out.
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"sRGB", b"gAMA", b"IDAT", b"IEND"})
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_JPEG_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
#: Tables, frames, scans, restart intervals, and the two marks that say how colours are meant (JFIF, Adobe).
_JPEG_KEPT = _JPEG_FRAMES | {0xC4, 0xDA, 0xDB, 0xDD, 0xE0, 0xEE}


@dataclass(frozen=True, slots=True)
class Raster:
    """A picture that is nothing but a picture."""

    media_type: str
    content: bytes
    width: int
    height: int
    see_through: bool


def clean(upload: bytes) -> Raster:
    """Return the picture without anything else that was in the file.

    :raises InvalidInput: it is no PNG or JPEG, too large, or broken; the sentence says what to do.
    """
    if not upload:
        raise _refused("Choose a file.")
    if len(upload) > LARGEST_BYTES:
        raise _refused(
            f"Use a file of at most {LARGEST_BYTES // 1024} KB; this one has {_kilobytes(upload)} KB."
        )
    try:
        if upload.startswith(_PNG):
            raster = _png(upload)
        elif upload.startswith(b"\xff\xd8\xff"):
            raster = _jpeg(upload)
        else:
            raise _refused(
                "Use a PNG or a JPEG. Other kinds, SVG among them, are not shown by mail programs."
            )
    except (struct.error, IndexError, zlib.error):
        raise _refused("This file is damaged. Save the picture again, and upload the new file.") from None
    _check_sides(raster.width, raster.height)
    return raster


def _png(upload: bytes) -> Raster:
    kept, pixels, ended = [_PNG], [], False
    width = height = depth = colour = 0
    see_through = False
    for kind, body, whole in _chunks(upload):
        if not kept[1:] and kind != b"IHDR":
            raise zlib.error("no header")
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack_from(">IIBB", body)
            _check_sides(width, height)
        see_through = see_through or kind == b"tRNS" or colour in {4, 6}
        if kind == b"IDAT":
            pixels.append(body)
        if kind in _PNG_KEPT:
            kept.append(whole)
        ended = kind == b"IEND"
    if not ended or colour not in _PNG_CHANNELS:
        raise zlib.error("no end")
    _check_pixels(b"".join(pixels), width * depth * _PNG_CHANNELS[colour], height)
    return Raster("image/png", b"".join(kept), width, height, see_through)


def _chunks(upload: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    at = len(_PNG)
    while at < len(upload):
        (length,) = struct.unpack_from(">I", upload, at)
        end = at + 12 + length
        whole = upload[at:end]
        (checksum,) = struct.unpack_from(">I", upload, end - 4)
        if zlib.crc32(whole[4:-4]) != checksum:
            raise zlib.error("checksum")
        yield whole[4:8], whole[8:-4], whole
        if whole[4:8] == b"IEND":
            return
        at = end


def _check_pixels(packed: bytes, bits_a_line: int, lines: int) -> None:
    """Unpack no more than such a picture can have: a bomb is refused before it goes off in a browser."""
    # Interlaced pictures have up to as many lines again, and each line a byte more and one begun.
    most = ((bits_a_line + 7) // 8 + 2) * lines * 2 + 64
    unpacking = zlib.decompressobj()
    found = len(unpacking.decompress(packed, most))
    if not unpacking.eof or found < bits_a_line * lines // 8:
        raise zlib.error("pixels")


def _jpeg(upload: bytes) -> Raster:
    kept, sides, at = [b"\xff\xd8"], None, 2
    while True:
        while upload[at] == 0xFF and upload[at + 1] == 0xFF:
            at += 1
        if upload[at] != 0xFF:
            raise IndexError
        marker = upload[at + 1]
        if marker == 0xD9:
            break
        (length,) = struct.unpack_from(">H", upload, at + 2)
        end = at + 2 + length
        if marker in _JPEG_FRAMES:
            precision, height, width, components = struct.unpack_from(">BHHB", upload, at + 4)
            if precision != 8 or components not in {1, 3}:
                raise _refused(
                    "Save the JPEG in RGB, with 8 bits a channel: browsers show no other kind alike."
                )
            sides = (width, height)
        if marker == 0xDA:
            end = _end_of_scan(upload, end)
        if marker in _JPEG_KEPT:
            kept.append(upload[at:end])
        elif 0xC0 <= marker <= 0xCF:
            raise _refused("This kind of JPEG is not shown everywhere. Save it as an ordinary one.")
        at = end
    if sides is None:
        raise IndexError
    return Raster("image/jpeg", b"".join([*kept, b"\xff\xd9"]), *sides, see_through=False)


def _end_of_scan(upload: bytes, at: int) -> int:
    """Find the marker after the packed pixels: there a 0xFF is followed by zero or a restart mark."""
    while True:
        at = upload.index(b"\xff", at) if b"\xff" in upload[at:] else len(upload)
        if upload[at + 1] not in {0x00, *range(0xD0, 0xD8)}:
            return at
        at += 2


def _check_sides(width: int, height: int) -> None:
    if max(width, height) > LONGEST_SIDE:
        raise _refused(f"Make it smaller: at most {LONGEST_SIDE} pixels a side; this is {width} by {height}.")
    if min(width, height) < SHORTEST_SIDE:
        raise _refused(
            f"Make it larger: at least {SHORTEST_SIDE} pixels a side; this is {width} by {height}."
        )


def _kilobytes(upload: bytes) -> int:
    return -(-len(upload) // 1024)


def _refused(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, field=_FIELD)
