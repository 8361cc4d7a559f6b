"""Recipes as bytes: encoded parts are remembered, joined per recipe, and spliced per reader.

An article's fragment is encoded once, and once more for each place it stands in; a recipe is a join of those.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType

from sqlalchemy.orm import Session

from service.delivery import mime, quoted
from service.delivery.ports import Body
from service.delivery.quoted import Stencil
from service.emails import assembly, merging, splice
from service.emails.letters import SubscriberLinks
from service.emails.sanitising import running_text
from service.emails.splice import LetterSlot, Slot, StorySlot
from service.recipes import keeping, pieces, queries
from service.recipes.cache import ByteCache
from service.recipes.frames import LETTER_SLOTS, Laid, lay_out
from service.recipes.pieces import Placed
from service.recipes.queries import RecipeRow

NO_FIELDS: Mapping[str, str] = MappingProxyType({})
#: Encoded text and encoded HTML.
Pair = tuple[bytes, bytes]

_STORIES, _TITLE = LetterSlot.STORIES.value, LetterSlot.TITLE.value
_STORY_URL = StorySlot.URL.value
_UNSUBSCRIBE, _PREFERENCES, _REASON, _VIEW = (
    slot.value for slot in (Slot.UNSUBSCRIBE_URL, Slot.PREFERENCES_URL, Slot.REASON, Slot.VIEW_URL)
)
#: Stories name their reader's preference page: one blank, which is found and filled in one pass over them.
_OWN_PAGE = {_PREFERENCES: quoted.OPEN}
#: Editions that are sent at the same time, and more.
_MOST_FRAMES = 64


@dataclass(frozen=True, slots=True)
class RecipeBody:
    """One recipe, joined; `texts` and `htmls` say in which chunk which of the reader's values stands."""

    newsletter_id: int
    subject: str
    #: Holds an article that was withdrawn, and must not go out as it is.
    withdrawn: bool
    #: The Date of every mail made from it.
    created_at: datetime
    boundary: bytes
    chunks: list[bytes]
    texts: list[tuple[int, str]]
    htmls: list[tuple[int, str]]
    #: Where the text ends: the place between the parts.
    middle: int
    #: Name and fallback of each merge field, in the order of its slots.
    merge: list[tuple[str, str]]
    #: Where the stories stand in the HTML, with the reader's preference page open in them; 0 where none do.
    stories: int

    def splice(self, links: SubscriberLinks, fields: Mapping[str, str] = NO_FIELDS) -> Body:
        """Put one reader's own values in; `fields` are those of merge fields, by name."""
        values = {
            _UNSUBSCRIBE: _encoded_url(links.unsubscribe_url),
            _PREFERENCES: _encoded_url(links.preferences_url),
            _REASON: _encoded_reason(links.reason),
            _VIEW: _encoded_url(links.view_url),
        }
        if self.merge:
            merged = merging.values_of(self.merge, fields)
            values |= {slot: _encoded_merge(value) for slot, value in merged.items()}
        chunks = self.chunks.copy()
        if self.stories:
            chunks[self.stories] = chunks[self.stories].replace(quoted.OPEN, values[_PREFERENCES][1])
        for place, name in self.texts:
            chunks[place] = values[name][0]
        for place, name in self.htmls:
            chunks[place] = values[name][1]
        return Body(self.boundary, tuple(chunks), canonical=True)

    def splice_text(self, links: SubscriberLinks, fields: Mapping[str, str] = NO_FIELDS) -> Body:
        """Do the same for a reader who wants no HTML."""
        body = self.splice(links, fields)
        return Body(b"", body.chunks[1 : self.middle], canonical=True)


class Bodies:
    """Joins recipes, and remembers the encoded parts of the latest; one per process is enough."""

    def __init__(self, limit: int = 16_000_000) -> None:
        self._placed: ByteCache[str, Pair] = ByteCache(limit * 3 // 4)
        self._parts: ByteCache[bytes, tuple[Stencil, ...]] = ByteCache(limit // 4)
        #: Of the frames in `_parts`; an edition has one.
        self._laid: dict[tuple[bytes, bytes], Laid] = {}

    def load(self, session: Session, recipe_ids: Collection[int]) -> dict[int, RecipeBody]:
        """Return the recipes that there are among these ids."""
        rows = queries.for_sending(session, recipe_ids)
        lists = [row.piece_ids.split() for row in rows]
        wanted = {piece_id for each in lists for piece_id in each}
        placed = self._placed.find(wanted)
        new = _read(session, wanted - placed.keys())
        parts = self._load_parts(
            session,
            fragments={each.fragment_hash for each in new.values()},
            frames={part for row in rows for part in (row.text_hash, row.html_hash)},
        )
        for piece_id, each in new.items():
            pair = placed[piece_id] = _placed(each, parts[each.fragment_hash])
            self._placed.put(piece_id, pair, size=len(pair[0]) + len(pair[1]))
        laid = {
            frame: self._lay_out(frame, parts) for frame in {(row.text_hash, row.html_hash) for row in rows}
        }
        return {
            row.id: _joined(row, [placed[piece_id] for piece_id in each], laid[row.text_hash, row.html_hash])
            for row, each in zip(rows, lists, strict=True)
        }

    def _lay_out(self, frame: tuple[bytes, bytes], parts: dict[bytes, tuple[Stencil, ...]]) -> Laid:
        found = self._laid.get(frame)
        if found is None:
            (text,), (html,) = parts[frame[0]], parts[frame[1]]
            if len(self._laid) >= _MOST_FRAMES:
                self._laid.clear()
            found = self._laid[frame] = lay_out(text, html)
        return found

    def _load_parts(
        self, session: Session, *, fragments: set[bytes], frames: set[bytes]
    ) -> dict[bytes, tuple[Stencil, ...]]:
        """Return fragments as (text, HTML), and each part of a frame by itself."""
        parts = self._parts.find(fragments | frames)
        missing = (fragments | frames) - parts.keys()
        if missing:
            for part_hash, content in keeping.contents(session, missing).items():
                stencils = _fragment(content) if part_hash in fragments else _frame(content)
                parts[part_hash] = stencils
                self._parts.put(part_hash, stencils, size=sum(each.size for each in stencils))
        return parts


#: Parts and pieces are known by their own hash, so every database that a process meets can share it.
SHARED = Bodies()


def _read(session: Session, piece_ids: set[str]) -> dict[str, Placed]:
    """Return pieces by their ids as recipes write them, which is how they are remembered."""
    if not piece_ids:
        return {}
    written = keeping.written(session, [int(piece_id) for piece_id in piece_ids])
    return {str(piece_id): pieces.read(text) for piece_id, text in written.items()}


def _fragment(content: str) -> tuple[Stencil, ...]:
    fragment = pieces.read_fragment(content)
    return _stencil(fragment.text), _stencil(fragment.html)


def _frame(content: str) -> tuple[Stencil, ...]:
    frame = _stencil(content)
    splice.check_slots(set(frame.blanks) - LETTER_SLOTS, part="text or HTML")
    return (frame,)


def _placed(piece: Placed, stencils: tuple[Stencil, ...]) -> Pair:
    """Put a fragment into its place."""
    in_text, in_html = _encoded_place(piece.number, piece.reason)
    text_url, html_url = assembly.url_values(piece.number, piece.url)
    text, html = stencils
    return (
        text.fill({**in_text, _STORY_URL: quoted.encode(text_url)}),
        html.fill({**in_html, **_OWN_PAGE, _STORY_URL: quoted.encode(html_url)}),
    )


@lru_cache(maxsize=1024)
def _encoded_place(number: str, reason: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
    in_text, in_html = assembly.place_values(number, reason)
    return _encoded(in_text), _encoded(in_html)


def _stencil(content: str) -> Stencil:
    parts = splice.parts(running_text(content))
    if any(splice.MARK in literal for literal in parts[::2]):
        raise ValueError("A part of a mail holds something like a placeholder; it cannot be sent.")
    return quoted.stencil(parts)


def _joined(row: RecipeRow, pairs: list[Pair], laid: Laid) -> RecipeBody:
    if bool(pairs) is not laid.stories:
        raise ValueError("A recipe's frame has no place for its stories, or no stories for the place.")
    in_text, in_html = _letter_values(row.subject, row.preheader or "")
    boundary = mime.boundary_of(row.content_hash)
    chunks = laid.chunks.copy()
    chunks[0], chunks[laid.middle], chunks[-1] = mime.envelope(boundary)
    in_text[_STORIES] = b"\r\n".join([pair[0] for pair in pairs])
    in_html[_STORIES] = b"\r\n".join([pair[1] for pair in pairs])
    for place, name in laid.in_text:
        chunks[place] = in_text[name]
    for place, name in laid.in_html:
        chunks[place] = in_html[name]
    return RecipeBody(
        row.newsletter_id,
        row.subject,
        row.withdrawn,
        row.created_at,
        boundary,
        chunks,
        laid.texts,
        laid.htmls,
        laid.middle,
        row.merge or [],
        next((place for place, name in laid.in_html if name == _STORIES), 0),
    )


def _letter_values(subject: str, preheader: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return what a frame's own slots hold, encoded; many recipes have one lead, and so one subject."""
    in_text, in_html = assembly.letter_values("", preheader)
    return _encoded(in_text), _encoded(in_html) | _encoded_subject(subject)


@lru_cache(maxsize=1024)
def _encoded_subject(subject: str) -> dict[str, bytes]:
    _, in_html = assembly.letter_values(subject, "")
    return {_TITLE: mime.encoded(in_html[_TITLE])}


def _encoded(values: dict[str, str]) -> dict[str, bytes]:
    return {name: mime.encoded(value) for name, value in values.items()}


def _encoded_url(url: str) -> Pair:
    encoded = quoted.encode(url)
    escaped = splice.escape(url)
    return encoded, encoded if escaped == url else quoted.encode(escaped)


@lru_cache(maxsize=4096)
def _encoded_merge(value: str) -> Pair:
    in_text, in_html = splice.merge_value(value)
    return mime.encoded(in_text), mime.encoded(in_html)


@lru_cache(maxsize=4096)
def _encoded_reason(reason: str) -> Pair:
    in_text, in_html = splice.reader_values({Slot.REASON: reason})
    return mime.encoded(in_text[_REASON]), mime.encoded(in_html[_REASON])
