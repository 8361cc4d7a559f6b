"""Subjects and first lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.digests.content import PREHEADER_LENGTH, SUBJECT_LENGTH, also, preheader, shorten, subject

LONG = "The harbour opens two weeks early because the winter was the mildest since records began"


@pytest.mark.parametrize(
    ("titles", "line"),
    [
        (["Harbour opens"], "Harbour opens"),
        (["Harbour opens", "Tide"], "Harbour opens and 1 more"),
        ([LONG] + ["x"] * 9, "The harbour opens two weeks early because the winter was… and 9 more"),
    ],
)
def test_the_subject_is_the_lead_and_how_many_more(titles: list[str], line: str) -> None:
    assert subject(titles) == line


@given(st.text(max_size=200), st.integers(10, 90))
def test_a_shortened_line_fits(line: str, length: int) -> None:
    short = shorten(line, length)
    assert len(short) <= length
    assert short == line or short.endswith("…")


@given(st.lists(st.text(min_size=1, max_size=120), min_size=1, max_size=14))
def test_subject_and_first_line_fit_whatever_the_titles(titles: list[str]) -> None:
    assert len(subject(titles)) <= SUBJECT_LENGTH + len(" and 13 more")
    assert len(preheader(titles, also=also())) <= PREHEADER_LENGTH


def test_the_first_line_names_the_next_stories() -> None:
    assert preheader(["One", "Two", "Three", "Four", "Five"], also=also()) == "Also: Two · Three · Four"
