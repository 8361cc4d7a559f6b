"""The picture of an edition, for headlines of every length and script."""

from io import BytesIO

import pytest
from PIL import Image

from service.archive.picture import HEIGHT, WIDTH, can_draw, draw

WORDS = {"name": "The Courier", "day": "Friday 27 November 2026", "accent": "#8a1c1c"}


def drawn(headline: str) -> Image.Image:
    with Image.open(BytesIO(draw(**WORDS, headline=headline))) as image:
        return image.convert("L")


@pytest.mark.parametrize(
    "headline", ["A", "", "Donaudampfschiff" * 20, "Many short words " * 30, "\x00\u202e"]
)
def test_nothing_is_drawn_over_the_edge(headline: str) -> None:
    image = drawn(headline)
    assert image.size == (WIDTH, HEIGHT)
    for left in (0, WIDTH - 40):
        assert min(image.crop((left, 20, left + 40, HEIGHT)).tobytes()) > 200


@pytest.mark.parametrize(
    "line", ["Straße, naïve façade", "Як навчила машину", "Ωδή", "Bread 🍞", "100 % – “so”"]
)
def test_our_letters_are_latin_greek_and_cyrillic(line: str) -> None:
    assert can_draw(line)


@pytest.mark.parametrize("line", ["نشرة الميناء", "港の新聞", "बंदरगाह"])
def test_other_scripts_are_not_drawn_as_boxes(line: str) -> None:
    assert not can_draw(line)
