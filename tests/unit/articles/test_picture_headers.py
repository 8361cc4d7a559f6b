"""What a picture is, told from its first bytes."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from service.articles.picture_headers import Header, read


def made(kind: str, **options: object) -> bytes:
    written = BytesIO()
    Image.effect_noise((640, 360), 90).convert("RGB").save(written, kind, **options)
    return written.getvalue()


@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {}), ("PNG", {}), ("GIF", {}), ("WEBP", {}), ("WEBP", {"lossless": True})],
)
def test_the_beginning_of_a_file_tells_kind_and_size(kind: str, options: dict[str, object]) -> None:
    whole = made(kind, **options)
    assert len(whole) > 9000
    assert read(whole[:9000]) == Header(kind, 640, 360)


def test_a_webp_with_more_than_pixels_in_it_is_read() -> None:
    assert read(made("WEBP", exif=b"Exif\x00\x00MM\x00*")[:64]) == Header("WEBP", 640, 360)


def test_a_portrait_that_a_camera_stored_on_its_side_is_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read(made("JPEG", exif=exif)) == Header("JPEG", 360, 640)


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"<!doctype html><title>Not here</title>",
        b"<svg xmlns='x'/>",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"RIFF\x00\x00\x00\x00WEBPVP8X",
        b"RIFF\x00\x00\x00\x00WEBPVP8 ".ljust(60, b"\x00"),
    ],
)
def test_what_is_no_picture_is_none(beginning: bytes) -> None:
    assert read(beginning) is None


def test_kinds_that_mail_programs_do_not_show_are_none() -> None:
    assert read(made("BMP")) is None
    assert read(made("TIFF")) is None


def test_a_header_that_promises_too_many_pixels_is_told_from_a_picture() -> None:
    whole = bytearray(made("PNG"))
    whole[16:24] = struct.pack(">II", 60_000, 60_000)
    whole[29:33] = struct.pack(">I", zlib.crc32(whole[12:29]))
    header = read(bytes(whole))
    assert header is not None
    assert header.width > 6000


def test_no_pixel_is_unpacked_to_look_for_what_comes_behind_them(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bytearray(made("PNG"))
    # Allowed by the number of its pixels, and half a gigabyte once it is unpacked.
    whole[16:24] = struct.pack(">II", 13_000, 13_000)
    whole[29:33] = struct.pack(">I", zlib.crc32(whole[12:29]))
    unpacked: list[object] = []
    monkeypatch.setattr(PngImageFile, "load", unpacked.append)
    assert read(bytes(whole)) == Header("PNG", 13_000, 13_000)
    assert unpacked == []


def test_a_png_that_says_before_its_pixels_how_it_stands_is_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert read(made("PNG", exif=exif)) == Header("PNG", 360, 640)
