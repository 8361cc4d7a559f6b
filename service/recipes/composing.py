"""A recipe as text for one reader, for whoever shows it; `bodies` makes the same as bytes, for sending."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from service.emails import merging
from service.emails.assembly import Piece, put_together
from service.emails.fragments import Fragment
from service.emails.letters import EmailContent, SubscriberLinks
from service.emails.splice import Slot, placeholder, splice
from service.recipes import keeping, pieces
from service.recipes.models import Recipe

#: What a letter carries while it is rendered for many.
PLACEHOLDERS = SubscriberLinks(
    unsubscribe_url=placeholder(Slot.UNSUBSCRIBE_URL),
    preferences_url=placeholder(Slot.PREFERENCES_URL),
    reason=placeholder(Slot.REASON),
    view_url=placeholder(Slot.VIEW_URL),
)


def reader_values(links: SubscriberLinks) -> dict[Slot, str]:
    """Say what stands in each slot for one reader."""
    return {
        Slot.UNSUBSCRIBE_URL: links.unsubscribe_url,
        Slot.PREFERENCES_URL: links.preferences_url,
        Slot.REASON: links.reason,
        Slot.VIEW_URL: links.view_url,
    }


def merged(recipe: Recipe, fields: Mapping[str, str] | None = None) -> dict[str, str]:
    """Say what stands in the slots of a blast's merge fields; without a reader their fallbacks."""
    return merging.values_of(recipe.content.get("merge", ()), fields or {})


def compose(session: Session, recipe: Recipe, values: Mapping[Slot, str]) -> EmailContent:
    """Return one reader's mail from the recipe's kept parts; merge fields show their fallbacks.

    :raises ValueError: when a slot has no value, or a value no slot.
    """
    return splice(whole(session, recipe), values, merged(recipe))


def whole(session: Session, recipe: Recipe) -> EmailContent:
    """Put a recipe together; the reader's placeholders stay."""
    written = keeping.written(session, recipe.piece_ids)
    placed = [pieces.read(written[piece_id]) for piece_id in recipe.piece_ids]
    kept = keeping.contents(
        session, {recipe.html_hash, recipe.text_hash, *(each.fragment_hash for each in placed)}
    )
    return put_together(
        recipe.subject,
        recipe.content.get("preheader", ""),
        Fragment(text=kept[recipe.text_hash], html=kept[recipe.html_hash]),
        tuple(
            Piece(pieces.read_fragment(kept[each.fragment_hash]), each.number, each.url, each.reason)
            for each in placed
        ),
    )
