"""What is kept of an uploaded picture, and what is refused."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import InvalidInput
from service.newsletters import rasters
from tests.pictures import JPEG, PNG, chunk, png


def test_a_png_keeps_its_pixels_and_loses_everything_else() -> None:
    raster = rasters.clean(
        png(400, 80, between=chunk(b"tEXt", b"Comment\0<script>alert(1)</script>")) + b"<script>"
    )
    assert raster.content == png(400, 80)
    assert (raster.media_type, raster.width, raster.height, raster.see_through) == (
        "image/png",
        400,
        80,
        False,
    )


def test_a_png_with_transparent_parts_is_known_as_such() -> None:
    assert rasters.clean(png(see_through=True)).see_through


def test_a_jpeg_loses_where_and_by_whom_it_was_made() -> None:
    raster = rasters.clean(JPEG + b"<script>")
    assert (raster.media_type, raster.width, raster.height) == ("image/jpeg", 40, 24)
    assert b"script" not in raster.content
    assert b"Exif" not in raster.content
    assert b"a comment" not in raster.content
    assert raster.content.startswith(b"\xff\xd8")
    assert raster.content.endswith(b"\xff\xd9")


def test_what_is_clean_stays_as_it_is() -> None:
    for upload in (png(), JPEG):
        once = rasters.clean(upload)
        assert rasters.clean(once.content) == once


@pytest.mark.parametrize(
    ("upload", "why"),
    [
        (b"", "Choose a file"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', "PNG or a JPEG"),
        (b"GIF89a" + bytes(100), "PNG or a JPEG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(rasters.LARGEST_BYTES), "at most 256 KB"),
        (png(rasters.LONGEST_SIDE + 1, 20), "Make it smaller"),
        (png(400, 8), "Make it larger"),
        (png()[:-20], "damaged"),
        (png().replace(b"IDAT", b"IDAX"), "damaged"),
        (PNG + chunk(b"IEND", b""), "damaged"),
        (JPEG[:200], "damaged"),
        (JPEG[:2] + b"\xff\xd9", "damaged"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_what_to_do(upload: bytes, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as refused:
        rasters.clean(upload)
    assert refused.value.field == "logo"


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    header = struct.pack(">IIBBBBB", 100, 100, 8, 2, 0, 0, 0)
    bomb = chunk(b"IDAT", zlib.compress(bytes(50_000_000), 9))
    with pytest.raises(InvalidInput, match="damaged"):
        rasters.clean(PNG + chunk(b"IHDR", header) + bomb + chunk(b"IEND", b""))


@given(st.binary(max_size=300), st.sampled_from([PNG, b"\xff\xd8\xff", png(20, 20)[:60], JPEG[:300]]))
def test_rubbish_is_refused_and_never_a_failure(rest: bytes, beginning: bytes) -> None:
    with pytest.raises(InvalidInput):
        rasters.clean(beginning + rest)
