"""Lays a digest out: which story leads, which get a picture, which are in brief (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from service.emails.letters import DigestItem, DigestSection

#: Later stories come without summary and picture, so that a long digest can still be scanned.
FULL_STORIES = 9


class Place(StrEnum):
    """How a story is shown."""

    LEAD = "lead"
    ROW = "row"
    BRIEF = "brief"


@dataclass(frozen=True, slots=True)
class Story:
    """An item with its number in the digest and its place; `picture` is a URL that may be shown, or None."""

    number: int
    place: Place
    item: DigestItem
    picture: str | None


@dataclass(frozen=True, slots=True)
class Column:
    """A section as it is printed."""

    heading: str
    stories: tuple[Story, ...]


def lay_out(sections: Sequence[DigestSection]) -> tuple[Column, ...]:
    """Number the stories from 1 and give each its place; empty sections are left out."""
    columns, number = [], 0
    for section in sections:
        stories = []
        for item in section.items:
            number += 1
            stories.append(story_at(item, number=number))
        if stories:
            columns.append(Column(heading=section.heading, stories=tuple(stories)))
    return tuple(columns)


def story_at(item: DigestItem, *, number: int) -> Story:
    """Give a story its place; it depends on nothing but its number."""
    place = Place.LEAD if number == 1 else Place.ROW if number <= FULL_STORIES else Place.BRIEF
    url = (item.image_url or "").strip()
    shown = place is not Place.BRIEF and url.lower().startswith(("https://", "http://"))
    return Story(number=number, place=place, item=item, picture=url if shown else None)
