"""The picture of an edition, for headlines of every length and script."""

from io import BytesIO

import pytest
from PIL import Image, features

from service.archive.lettering import Weight, face_for
from service.archive.picture import HEIGHT, WIDTH, can_draw, draw

WORDS = {"name": "The Courier", "day": "Friday 27 November 2026", "accent": "#8a1c1c"}


def drawn(headline: str) -> Image.Image:
    with Image.open(BytesIO(draw(**WORDS, headline=headline))) as image:
        return image.convert("L")


@pytest.mark.parametrize(
    "headline",
    [
        "A",
        "",
        "Donaudampfschiff" * 20,
        "Many short words " * 30,
        "\x00\u202e",
        "الميناء يفتح مبكرا " * 15,
        "الميناء" * 30,
        "BBC: الميناء",
    ],
)
def test_nothing_is_drawn_over_the_edge(headline: str) -> None:
    image = drawn(headline)
    assert image.size == (WIDTH, HEIGHT)
    for left in (0, WIDTH - 40):
        assert min(image.crop((left, 20, left + 40, HEIGHT)).tobytes()) > 200


@pytest.mark.parametrize(
    "line",
    [
        "Straße, naïve façade",
        "Як навчила машину",
        "Ωδή",
        "Bread 🍞",
        "100 % – “so”",
        "نشرة الميناء",
        "لَيْلَة ٢٠٢٦: «غدًا»",
        "می‌خواهم",
        "الميناء BBC 24",
    ],
)
def test_our_letters_are_latin_greek_cyrillic_and_arabic(line: str) -> None:
    assert can_draw(line)


@pytest.mark.parametrize("line", ["港の新聞", "बंदरगाह", "Як الميناء"])
def test_other_scripts_are_not_drawn_as_boxes(line: str) -> None:
    assert not can_draw(line)


def test_arabic_letters_join_and_run_from_the_right() -> None:
    joined = face_for("ببب", Weight.BOLD, 96)
    alone = face_for("ب", Weight.BOLD, 96)
    # Joined, the letters in the middle lose the bowl that each has by itself.
    assert joined.width("ببب") < 2.5 * alone.width("ب")
    pictured = [drawn(headline).tobytes() for headline in ("الميناء (1)", "(1) الميناء")]
    assert pictured[0] != pictured[1]


def test_without_a_shaping_library_arabic_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "check", lambda _name: False)
    assert not can_draw("نشرة الميناء")
    assert can_draw("The Courier")
