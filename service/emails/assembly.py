"""A digest as a frame and the pieces that stand in it; put together here as text, elsewhere as bytes.

Whoever puts it together asks `piece_values` and `letter_values` what to write, so all do it alike.
"""

from dataclasses import dataclass

from service.emails import fragments, sizes, splice
from service.emails.fragments import Fragment
from service.emails.layout import Column, Story, lay_out
from service.emails.letters import DigestLetter, EmailContent, Letterhead
from service.emails.sanitising import header_text, running_text, single_line
from service.emails.splice import LetterSlot, StorySlot, defuse, escape
from service.emails.templates import web_link
from service.emails.wrapping import wrap

Values = dict[str, str]


@dataclass(frozen=True, slots=True)
class Piece:
    """A fragment in its place; a heading has nothing to fill in."""

    fragment: Fragment
    number: str = ""
    url: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything a digest is made from but the reader's own values, which are placeholders in the frame."""

    subject: str
    preheader: str
    frame: Fragment
    pieces: tuple[Piece, ...]

    def whole(self) -> EmailContent:
        """Put it together."""
        return put_together(self.subject, self.preheader, self.frame, self.pieces)


def assemble(letter: DigestLetter) -> Assembly:
    """Find the parts of a digest; each is rendered only if nobody asked for it lately.

    :raises ValueError: a story's link is no web address.
    """
    return Assembly(
        subject=header_text(defuse(running_text(letter.subject))),
        preheader=single_line(defuse(running_text(letter.preheader))),
        frame=fragments.frame(
            letter.letterhead,
            issue_date=letter.issue_date,
            first=letter.first,
            links=letter.links,
            trap_url=letter.trap_url,
        ),
        pieces=tuple(
            piece
            for place, column in enumerate(lay_out(letter.sections, letter.letterhead.layout))
            for piece in _pieces(column, first=place == 0, head=letter.letterhead)
        ),
    )


def put_together(subject: str, preheader: str, frame: Fragment, pieces: tuple[Piece, ...]) -> EmailContent:
    """Put a digest together; the reader's placeholders stay."""
    texts, htmls = [], []
    for piece in pieces:
        in_text, in_html = piece_values(piece.number, piece.url, piece.reason)
        texts.append(splice.fill(piece.fragment.text, in_text))
        htmls.append(splice.fill(piece.fragment.html, in_html))
    in_text, in_html = letter_values(subject, preheader)
    stories = LetterSlot.STORIES.value
    return EmailContent(
        subject=subject,
        text=splice.fill(frame.text, {**in_text, stories: "\n".join(texts)}),
        html=splice.fill(frame.html, {**in_html, stories: "\n".join(htmls)}),
    )


def piece_values(number: str, url: str, reason: str) -> tuple[Values, Values]:
    """Return what a story's slots hold, in the text and in the HTML."""
    (text, html), (text_url, html_url) = place_values(number, reason), url_values(number, url)
    return text | {StorySlot.URL.value: text_url}, html | {StorySlot.URL.value: html_url}


def place_values(number: str, reason: str) -> tuple[Values, Values]:
    """Return the same but the link: few places make up many digests."""
    line = sizes.within(single_line(defuse(running_text(reason))), sizes.REASON)
    indent = " " * len(number)
    return (
        {
            StorySlot.NUMBER.value: number,
            StorySlot.REASON.value: wrap(line, first=indent, rest=indent),
        },
        {StorySlot.REASON.value: escape(line)},
    )


def url_values(number: str, url: str) -> tuple[str, str]:
    """Return how the link of a story is written in the text and in the HTML."""
    return " " * len(number) + url, escape(url)


def letter_values(subject: str, preheader: str) -> tuple[Values, Values]:
    """Return what a frame's own slots hold, in the text and in the HTML."""
    return (
        {LetterSlot.PREHEADER.value: wrap(preheader)},
        {LetterSlot.TITLE.value: escape(subject), LetterSlot.PREHEADER.value: escape(preheader)},
    )


def heading_piece(heading: str, *, first: bool, head: Letterhead) -> Piece:
    """Print the heading of a section; the first follows the masthead."""
    return Piece(fragments.heading(heading, first=first, head=head))


def story_piece(story: Story, *, opening: bool, head: Letterhead) -> Piece:
    """Print a story in its place; `opening` is the first of its section.

    :raises ValueError: its link is no web address.
    """
    number = f"{story.number}. "
    fragment = fragments.story(story, opening=opening, width=len(number), head=head)
    return Piece(fragment, number, web_link(story.item.url), story.item.reason)


def _pieces(column: Column, *, first: bool, head: Letterhead) -> list[Piece]:
    return [
        heading_piece(column.heading, first=first, head=head),
        *(story_piece(story, opening=place == 0, head=head) for place, story in enumerate(column.stories)),
    ]
