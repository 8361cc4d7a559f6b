"""Which articles tell one story, by what they say."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from service.articles import likeness, minhash
from service.articles.likeness import Text

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
WORDS = [f"word{n}" for n in range(3_000)]
LUCK = random.Random(7)

HARBOUR = (
    "The harbour authority has opened the eastern basin two weeks early after the mildest winter on record."
)
THAI = "ท่าเรือเปิดก่อนกำหนดสองสัปดาห์หลังฤดูหนาวที่อบอุ่นที่สุด"
JAPANESE = "記録的な暖冬のため、港は二週間早く開港した。市長は式典で感謝を述べた。"


@pytest.fixture(autouse=True)
def same_luck() -> None:
    LUCK.seed(7)


def text(summary: str, *, title: str = "", hours: float = 0, article_id: int = 1, source_id: int = 1) -> Text:
    return likeness.text(article_id, source_id, NOW + timedelta(hours=hours), title=title, summary=summary)


def alike(one: Text, other: Text, *, rare: bool = False) -> float:
    return likeness.alike(one, other, is_rare=lambda _word: rare)


def prose(count: int) -> list[str]:
    return LUCK.choices(WORDS, k=count)


def edited(words: list[str], *, part: float, tail: int = 0) -> str:
    changed = [LUCK.choice(WORDS) if LUCK.random() < part else word for word in words]
    return " ".join(changed + prose(tail))


@pytest.mark.parametrize(
    ("count", "part", "tail", "at_least"),
    # digests.md 3.1, the column of the bigram Jaccard index at .5
    [(40, 0.02, 0, 0.97), (40, 0.05, 10, 0.9), (40, 0.15, 0, 0.7), (120, 0.05, 10, 0.97)],
)
def test_an_edited_text_is_found_and_known_again(count: int, part: float, tail: int, at_least: float) -> None:
    found = 0
    for _ in range(100):
        words = prose(count)
        one, other = text(" ".join(words)), text(edited(words, part=part, tail=tail))
        shares_a_band = set(minhash.keys(one)) & set(minhash.keys(other))
        found += bool(shares_a_band) and alike(one, other) >= likeness.DUPLICATE
    assert found >= at_least * 100


def test_different_texts_are_never_alike_and_seldom_compared() -> None:
    texts = [text(" ".join(prose(60)), article_id=n) for n in range(120)]
    pairs = [(one, other) for one in texts for other in texts if one.article_id < other.article_id]

    assert not any(alike(one, other, rare=True) for one, other in pairs)
    keys = {one.article_id: set(minhash.keys(one)) for one in texts}
    compared = sum(bool(keys[one.article_id] & keys[other.article_id]) for one, other in pairs)
    assert compared < 0.02 * len(pairs)


def test_the_case_the_punctuation_and_the_width_of_letters_do_not_matter() -> None:
    assert alike(text(HARBOUR), text(HARBOUR.upper().replace(".", " !"))) == 1.0
    assert alike(text("ＡＢＣ one two three four"), text("abc one two three four")) == 1.0


def test_related_texts_are_one_story_with_a_rare_word_and_a_moment_in_common() -> None:
    words = prose(60)
    retold = " ".join(word if n % 4 else "otherwise" for n, word in enumerate(words))
    one = text(" ".join(words), title="Mayor Okonkwo resigns")
    other = text(retold, title="Okonkwo is gone", hours=20, source_id=2)
    likely = likeness.jaccard(one.shingles, other.shingles)

    assert likeness.RELATED <= likely < likeness.DUPLICATE
    assert alike(one, other, rare=True) == likely
    assert alike(one, other, rare=False) == 0.0
    later = text(retold, title="Okonkwo is gone", hours=60, source_id=2)
    assert alike(one, later, rare=True) == 0.0


def test_two_houses_with_one_title_on_one_day_report_one_thing() -> None:
    title = "Harbour opens two weeks early"
    one = text("A short line.", title=title)

    assert alike(one, text(" ".join(prose(40)), title=title, hours=5, source_id=2))
    assert not alike(one, text(" ".join(prose(40)), title=title, hours=5, source_id=1)), "a column"
    assert not alike(one, text(" ".join(prose(40)), title=title, hours=72, source_id=2))
    assert not alike(text("A line.", title="Opinion"), text("Another.", title="Opinion", source_id=2))


def test_a_duplicate_months_later_is_one_only_word_for_word() -> None:
    words = prose(60)
    one = text(" ".join(words))

    assert alike(one, text(" ".join(words), hours=24 * 60)) == 1.0
    corrected = " ".join(word if n % 15 else "otherwise" for n, word in enumerate(words))
    assert alike(one, text(corrected, hours=24)) >= likeness.DUPLICATE
    assert alike(one, text(corrected, hours=24 * 60)) == 0.0


def test_titles_alone_can_be_told_apart() -> None:
    assert alike(text("", title="Tide"), text("", title="Tide", hours=3)) == 1.0
    assert alike(text("", title="Tide"), text("", title="Tide", hours=72)) == 0.0
    assert alike(text("", title=""), text("", title="")) == 0.0


@pytest.mark.parametrize("line", [THAI, JAPANESE])
def test_languages_without_spaces_are_compared_by_characters(line: str) -> None:
    one, other = text(line), text(line[3:] + "ครับ")

    assert len(one.shingles) > 20
    assert alike(one, other) >= likeness.DUPLICATE
    assert set(minhash.keys(one)) & set(minhash.keys(other))
    assert alike(text(THAI), text(JAPANESE)) == 0.0


def test_bands_are_the_same_on_every_machine() -> None:
    # Stored for months: a change of these numbers would make every old article unfindable.
    assert minhash.keys(text(HARBOUR))[:3] == [4435692932279823641, 1974462177398718445, 2304223345317933115]
    assert len(minhash.keys(text(HARBOUR, title="Harbour opens two weeks early"))) == minhash.BANDS + 1
    assert all(0 <= key < 2**63 for key in minhash.keys(text(HARBOUR)))
