"""Which picture of an article a mail shows, and how large."""

from dataclasses import replace

import pytest

from service.emails.illustrating import LEAD, THUMB, alt_of, picture_of
from service.emails.layout import FULL_STORIES, Place, story_at
from service.emails.letters import Layout
from tests.emails.samples import item

ITEM = replace(item(1), image_url="https://img.example.org/a.jpg", image_alt="A ferry at night")


def test_a_picture_of_known_size_is_given_width_and_height() -> None:
    picture = picture_of(replace(ITEM, image_width=1200, image_height=630), LEAD)
    assert picture is not None
    assert (picture.width, picture.height) == (536, 281)


def test_a_picture_of_unknown_size_keeps_its_proportions() -> None:
    picture = picture_of(ITEM, LEAD)
    assert picture is not None
    assert (picture.width, picture.height) == (536, None)


def test_a_tall_picture_is_shown_whole_and_no_higher_than_its_place_allows() -> None:
    picture = picture_of(replace(ITEM, image_width=800, image_height=1200), LEAD)
    assert picture is not None
    assert (picture.width, picture.height, picture.fills) == (280, LEAD.most_height, False)


@pytest.mark.parametrize(
    "changes",
    [
        {"image_url": None},
        {"image_url": "ftp://img.example.org/a.jpg"},
        {"image_url": "data:image/png;base64,AAAA"},
        {"image_url": "https://img.example.org/logo.SVG?v=2"},
        {"image_url": "https://img.example.org/" + "a" * 700},
        {"image_width": 88, "image_height": 31},
        {"image_width": 400, "image_height": 4000},
    ],
)
def test_what_is_no_picture_for_a_mail_leaves_no_gap(changes: dict[str, object]) -> None:
    assert picture_of(replace(ITEM, **changes), LEAD) is None


@pytest.mark.parametrize(
    ("alt", "read"),
    [
        ("A ferry at night", "A ferry at night"),
        (ITEM.title.upper() + ".", ""),
        ("IMG_2044.jpeg", ""),
        ("photo 3", ""),
        ("", ""),
    ],
)
def test_what_is_read_out_says_something_new(alt: str, read: str) -> None:
    assert alt_of(replace(ITEM, image_alt=alt)) == read


@pytest.mark.parametrize(
    ("layout", "first", "second", "pictured"),
    [
        (Layout.LEAD, Place.LEAD, Place.ROW, True),
        (Layout.ROWS, Place.ROW, Place.ROW, True),
        (Layout.COMPACT, Place.BRIEF, Place.BRIEF, False),
        (Layout.TEXT, Place.LEAD, Place.ROW, False),
    ],
)
def test_a_layout_decides_the_places_and_long_digests_end_in_brief(
    layout: Layout, first: Place, second: Place, pictured: bool
) -> None:
    numbers = (1, 2, FULL_STORIES + 1)
    stories = [story_at(ITEM, number=number, layout=layout) for number in numbers]
    assert [story.place for story in stories] == [first, second, Place.BRIEF]
    assert [story.picture is not None for story in stories] == [pictured, pictured, False]
    if pictured and layout is Layout.ROWS:
        assert stories[0].picture == picture_of(ITEM, THUMB)
