"""Sets a run's digests in one language: a story is printed once per place, and recipes name it there."""

import hashlib
import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from sqlalchemy.orm import Session

from service.articles.models import Article
from service.digests import content, emails
from service.digests.content import Issue
from service.digests.selection import telling
from service.digests.selection.sections import in_runs, pick_of
from service.digests.selection.telling import Heading
from service.digests.selection.values import Reader, Taken
from service.emails import assembly, fragments
from service.emails.assembly import Piece
from service.emails.layout import story_at
from service.emails.sanitising import header_text, running_text
from service.emails.splice import defuse
from service.languages import speech
from service.links import Links
from service.newsletters.letterhead import letterhead
from service.newsletters.models import Newsletter
from service.recipes import bulk, keeping, pieces
from service.recipes.bulk import NewRecipe, Sheet
from service.recipes.composing import PLACEHOLDERS
from service.recipes.models import RecipeKind
from service.recipes.pieces import Written

#: A text as JSON: setting up an encoder for each digest took longer.
_quote = json.JSONEncoder(ensure_ascii=False).encode


class Press:
    """Remembers what it printed; `keep` writes down what is new, to be committed before a recipe is used.

    Holds no session: entities are read before it is made.
    """

    def __init__(
        self, newsletter: Newsletter, issue: Issue, *, articles: Mapping[int, Article], links: Links
    ) -> None:
        self._newsletter, self._issue, self._articles, self._links = newsletter, issue, articles, links
        self._head = letterhead(newsletter, locale=issue.locale, links=links)
        with speech.speaking(issue.locale):
            self._also = content.also()
        self._titles = {key: content.title(article) for key, article in articles.items()}
        frame = fragments.frame(
            self._head,
            issue_date=issue.day,
            first=issue.first,
            links=PLACEHOLDERS,
            trap_url=emails.trap_url(issue.mailing_id, links),
        )
        self._parts = {keeping.hash_of(part): part for part in (frame.html, frame.text)}
        self.sheet = Sheet(
            kind=RecipeKind.DIGEST,
            newsletter_id=newsletter.id,
            mailing_id=issue.mailing_id,
            locale=issue.locale,
            html_hash=keeping.hash_of(frame.html),
            text_hash=keeping.hash_of(frame.text),
        )
        self._prefix = repr((self.sheet, issue.day, issue.first)).encode()
        about = json.dumps({"issue_date": issue.day.isoformat(), "first": issue.first})
        self._about = about.removesuffix("}")
        self._stories: dict[tuple[object, ...], int] = {}
        self._headings: dict[tuple[str, Heading, bool], int] = {}
        self._written: list[Written] = []

    def recipe(self, taken: Sequence[Taken], *, reader: Reader, names: Mapping[int, str]) -> NewRecipe:
        """Set one digest; equal choices give the same hash in every process."""
        piece_ids: list[int] = []
        article_ids: list[int] = []
        follows, span = bool(reader.topics), reader.span
        for key, heading, run in in_runs(taken, reader=reader, names=names):
            piece_ids.append(self._heading(key, heading, first=not piece_ids))
            opening = True
            for one in run:
                candidate, place = one.candidate, one.place
                article_ids.append(candidate.article_id)
                place_of = (
                    len(article_ids),
                    candidate.article_id,
                    place.topic_id,
                    key,
                    opening,
                    follows,
                    span,
                )
                piece_id = self._stories.get(place_of)
                if piece_id is None:
                    piece_id = self._print(one, len(article_ids), opening=opening, reader=reader, names=names)
                    self._stories[place_of] = piece_id
                piece_ids.append(piece_id)
                opening = False
        packed = struct.pack(f"{len(piece_ids)}q", *piece_ids)
        return NewRecipe(
            content_hash=hashlib.sha256(self._prefix + packed).digest(),
            article_ids=article_ids,
            piece_ids=piece_ids,
            subject=_subject(self._titles[article_ids[0]], len(article_ids), self._issue.locale),
            content=self._content(article_ids),
        )

    def keep(self, session: Session, recipes: Iterable[NewRecipe], *, now: datetime) -> dict[bytes, int]:
        """Write down what is new, and return the ids of these recipes by their hashes."""
        keeping.keep(session, self._parts.values(), now=now)
        keeping.keep_pieces(session, self._written, now=now)
        return bulk.put(session, recipes, sheet=self.sheet, now=now)

    def kept(self) -> None:
        """Say that what `keep` wrote is committed."""
        self._parts.clear()
        self._written.clear()

    def _content(self, article_ids: Sequence[int]) -> str:
        titles = [self._titles[key] for key in article_ids[:4]]
        preheader = content.preheader(titles, also=self._also)
        return f'{self._about}, "preheader": {_quote(preheader)}}}'

    def _heading(self, key: str, heading: Heading, *, first: bool) -> int:
        found = self._headings.get((key, heading, first))
        if found is None:
            with speech.speaking(self._issue.locale):
                said = telling.heading(heading)
            piece = assembly.heading_piece(said, first=first, head=self._head)
            found = self._write(piece, {"key": key, "heading": said})
            self._headings[key, heading, first] = found
        return found

    def _print(
        self, taken: Taken, number: int, *, opening: bool, reader: Reader, names: Mapping[int, str]
    ) -> int:
        with speech.speaking(self._issue.locale):
            pick = pick_of(taken, slot=number, names=names, reader=reader)
        item = emails.digest_item(
            self._articles[pick.article_id],
            topic=names.get(pick.topic_id, ""),
            reason=pick.reason,
            url=self._links.click(
                article_id=pick.article_id, mailing_id=self._issue.mailing_id, slot=pick.slot
            ),
            newsletter=self._newsletter,
        )
        piece = assembly.story_piece(
            story_at(item, number=number, layout=self._head.layout), opening=opening, head=self._head
        )
        return self._write(piece, content.item(pick))

    def _write(self, piece: Piece, details: Mapping[str, object]) -> int:
        printed = pieces.write_fragment(piece.fragment)
        fragment_hash = keeping.hash_of(printed)
        self._parts[fragment_hash] = printed
        written = pieces.write(piece, fragment_hash=fragment_hash, details=details)
        self._written.append(written)
        return written.id


@lru_cache(maxsize=4096)
def _subject(lead: str, count: int, locale: str) -> str:
    with speech.speaking(locale):
        return header_text(defuse(running_text(content.subject([lead] * count))))
