"""One's own mail in the browser: as it was sent, but harmless in anybody's hands.

A mail is forwarded, and its link with it. So nothing in the page acts on the reader or names them: links to
settings are plain words, links to articles are not counted, and why it was sent is not said. What was
withdrawn since is left out: a page of ours must not go on saying what had to be taken back.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles.models import Article
from service.delivery.models import Message
from service.digests.content import NO_MAILING
from service.emails.assembly import Piece, put_together
from service.emails.fragments import Fragment
from service.emails.letters import EmailContent, SubscriberLinks
from service.emails.splice import splice
from service.errors import BadToken
from service.languages.words import _
from service.links import Links
from service.newsletters.models import Newsletter
from service.recipes import composing, keeping, pieces
from service.recipes.models import KeptPiece, Recipe, RecipeKind
from service.tokens import Purpose

_KINDS = ("digest", "blast")
#: Stands where a reader's own link stood, until the link is taken away. `.invalid` is nobody's (RFC 2606).
_INERT = "https://inert.invalid/"
_INERT_LINK = re.compile(
    rf'<a\b[^>]*?\bhref="{re.escape(_INERT)}[^"]*"[^>]*>(.*?)</a>', re.DOTALL | re.IGNORECASE
)
_INERT_LEFT = re.compile(rf"{re.escape(_INERT)}[^\s\"<>]*")
_CLICK = re.compile(r"https?://[^\s\"'<>]+?/r/([A-Za-z0-9_.\-]+)")


@dataclass(frozen=True, slots=True)
class OwnMail:
    """What is shown of a mail."""

    newsletter: Newsletter
    content: EmailContent


def find(session: Session, *, mailing_id: int, message_id: int) -> Recipe | None:
    """Return what a mail was made from; None once the ledger has let go of it."""
    return session.scalars(
        select(Recipe)
        .join(Message, Message.recipe_id == Recipe.id)
        .where(Message.mailing_id == mailing_id, Message.id == message_id, Message.kind.in_(_KINDS))
    ).one_or_none()


def show(session: Session, recipe: Recipe, *, links: Links, now: datetime) -> OwnMail:
    """Put a mail together again for whoever holds its link."""
    newsletter = session.get_one(Newsletter, recipe.newsletter_id)
    inert = SubscriberLinks(
        unsubscribe_url=_INERT,
        preferences_url=_INERT,
        view_url=_INERT,
        reason=_(
            "This is a copy for reading. To change or end what you get, use the links in the mail itself."
        ),
    )
    whole = _digest(session, recipe) if recipe.kind is RecipeKind.DIGEST else composing.whole(session, recipe)
    mail = splice(whole, composing.reader_values(inert), composing.merged(recipe))
    return OwnMail(
        newsletter,
        EmailContent(
            subject=mail.subject,
            text=_uncounted(_INERT_LEFT.sub("—", mail.text), links=links, now=now),
            html=_uncounted(_without_links(mail.html), links=links, now=now),
        ),
    )


def _digest(session: Session, recipe: Recipe) -> EmailContent:
    withdrawn = set(
        session.scalars(
            select(Article.id).where(Article.id.in_(recipe.article_ids), Article.withdrawn_at.is_not(None))
        )
    )
    if not withdrawn:
        return composing.whole(session, recipe)
    kept = keeping.pieces(session, recipe.piece_ids)
    shown = _without(withdrawn, [kept[piece_id] for piece_id in recipe.piece_ids])
    placed = [pieces.read(each.written) for each in shown]
    parts = keeping.contents(
        session, {recipe.html_hash, recipe.text_hash, *(each.fragment_hash for each in placed)}
    )
    return put_together(
        # Both name headlines.
        session.get_one(Newsletter, recipe.newsletter_id).name,
        "",
        Fragment(text=parts[recipe.text_hash], html=parts[recipe.html_hash]),
        tuple(
            Piece(pieces.read_fragment(parts[each.fragment_hash]), each.number, each.url, each.reason)
            for each in placed
        ),
    )


def _without(withdrawn: set[int], kept: Sequence[KeptPiece]) -> list[KeptPiece]:
    """Leave out stories that were withdrawn, and headings that no story follows."""
    left = [piece for piece in kept if piece.details.get("article_id") not in withdrawn]
    return [
        piece
        for piece, following in zip(left, [*left[1:], None], strict=True)
        if not _is_heading(piece) or (following is not None and not _is_heading(following))
    ]


def _is_heading(piece: KeptPiece) -> bool:
    return "heading" in piece.details


def _without_links(html: str) -> str:
    return _INERT_LEFT.sub("#", _INERT_LINK.sub(r"<span>\1</span>", html))


def _uncounted(part: str, *, links: Links, now: datetime) -> str:
    """Lead to the same articles by links that count nothing."""

    def plain(match: re.Match[str]) -> str:
        try:
            _mailing_id, article_id, slot, *_rest = links.tokens.read(Purpose.CLICK, match[1], now=now)
        except (BadToken, ValueError):
            return match[0]
        return links.click(article_id=article_id, mailing_id=NO_MAILING, slot=slot)

    return _CLICK.sub(plain, part)
