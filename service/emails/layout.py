"""Lays a digest out: which story leads, which get a picture, which are in brief (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from service.emails import illustrating
from service.emails.illustrating import Picture
from service.emails.letters import DigestItem, DigestSection, Layout

#: Later stories come without summary and picture, so that a long digest can still be scanned.
FULL_STORIES = 9


class Place(StrEnum):
    """How a story is shown."""

    LEAD = "lead"
    ROW = "row"
    BRIEF = "brief"


#: Where a story stands that is among the first.
_OPENING = {
    Layout.LEAD: Place.LEAD,
    Layout.ROWS: Place.ROW,
    Layout.COMPACT: Place.BRIEF,
    Layout.TEXT: Place.LEAD,
}
_FULL = {
    Layout.LEAD: Place.ROW,
    Layout.ROWS: Place.ROW,
    Layout.COMPACT: Place.BRIEF,
    Layout.TEXT: Place.ROW,
}
_PICTURED = {Layout.LEAD, Layout.ROWS}


@dataclass(frozen=True, slots=True)
class Story:
    """An item with its number in the digest and its place."""

    number: int
    place: Place
    item: DigestItem
    picture: Picture | None


@dataclass(frozen=True, slots=True)
class Column:
    """A section as it is printed."""

    heading: str
    stories: tuple[Story, ...]


def lay_out(sections: Sequence[DigestSection], layout: Layout) -> tuple[Column, ...]:
    """Number the stories from 1 and give each its place; empty sections are left out."""
    columns, number = [], 0
    for section in sections:
        stories = []
        for item in section.items:
            number += 1
            stories.append(story_at(item, number=number, layout=layout))
        if stories:
            columns.append(Column(heading=section.heading, stories=tuple(stories)))
    return tuple(columns)


def story_at(item: DigestItem, *, number: int, layout: Layout) -> Story:
    """Give a story its place; it depends on nothing but its number and the layout."""
    place = _OPENING[layout] if number == 1 else _FULL[layout] if number <= FULL_STORIES else Place.BRIEF
    shown = layout in _PICTURED and place is not Place.BRIEF
    if not shown:
        return Story(number, place, item, None)
    frame = illustrating.LEAD if place is Place.LEAD else illustrating.THUMB
    return Story(number, place, item, illustrating.picture_of(item, frame))
