import struct
import zlib

import pytest

from service.demo.pictures import HEIGHT, WIDTH, draw_picture
from service.demo.publication import load_publication
from service.demo.scenes import SCENES
from service.errors import NotFound

SEEDS = [article.picture.seed for article in load_publication().articles if article.picture]


def read_png(file: bytes) -> tuple[tuple[int, ...], list[bytes], bytes]:
    """Take a PNG apart strictly: its header, its palette and its pixels, all sums checked."""
    assert file.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(file):
        (length,) = struct.unpack_from(">I", file, at)
        kind, body = file[at + 4 : at + 8], file[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", file, at + 8 + length) == (zlib.crc32(kind + body),)
        chunks[kind] = body
        at += length + 12
    assert list(chunks) == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    palette = [chunks[b"PLTE"][at : at + 3] for at in range(0, len(chunks[b"PLTE"]), 3)]
    return struct.unpack(">IIBBBBB", chunks[b"IHDR"]), palette, zlib.decompress(chunks[b"IDAT"])


@pytest.mark.parametrize("seed", SEEDS)
def test_every_picture_is_a_small_valid_png(seed: str) -> None:
    file = draw_picture(seed)
    header, palette, pixels = read_png(file)
    assert header == (WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    assert len(pixels) == HEIGHT * (WIDTH + 1)
    assert len(palette) <= 256
    assert max(pixels) < len(palette)
    assert len(file) < 25_000


@pytest.mark.parametrize("scene", SCENES)
def test_a_scene_shows_several_large_shapes_and_no_noise(scene: str) -> None:
    _, _, pixels = read_png(draw_picture(f"{scene}-sample"))
    shares = sorted((pixels.count(index) / len(pixels) for index in set(pixels)), reverse=True)
    assert shares[0] < 0.9
    assert sum(share > 0.002 for share in shares) >= 4
    assert sum(shares[:24]) > 0.9


def test_a_seed_draws_the_same_picture_again_and_another_seed_another() -> None:
    first = draw_picture("coast-one")
    draw_picture.cache_clear()
    assert draw_picture("coast-one") == first
    assert draw_picture("coast-two") != first


def test_an_unknown_scene_is_refused_with_a_sentence() -> None:
    with pytest.raises(NotFound, match="no scene"):
        draw_picture("volcano-1")
