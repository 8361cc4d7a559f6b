"""What stands behind one message: its articles with why each was chosen, its run, and what its reader did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles.models import Article
from service.delivery.models import Message
from service.digests.models import Edition
from service.recipes import reading
from service.recipes.models import Recipe
from service.subscribers.models import ConsentEvent, ConsentKind

#: What readers do because of a mail; everything else is no answer to it.
_ANSWERS = (ConsentKind.UNSUBSCRIBED, ConsentKind.NEVER_AGAIN, ConsentKind.ANNOUNCEMENTS_OFF)


@dataclass(frozen=True, slots=True)
class Chosen:
    """One article of a mail; "" where a blast or an old digest kept no reason."""

    article_id: int
    title: str
    section: str
    reason: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What the reader did after this mail, and by which way."""

    kind: ConsentKind
    at: datetime
    channel: str


@dataclass(frozen=True, slots=True)
class Told:
    """Where a message came from, and what came of it beyond delivery."""

    edition_id: int | None = None
    recipe_id: int | None = None
    locale: str = ""
    composed_at: datetime | None = None
    #: The reader's own hour, where its planner noted it.
    slot_at: datetime | None = None
    articles: tuple[Chosen, ...] = ()
    answers: tuple[Answer, ...] = ()


def read(session: Session, mailing_id: int, message_id: int) -> Told:
    """Return what stands behind a message that there is."""
    message = session.get_one(Message, (mailing_id, message_id))
    recipe = session.get(Recipe, message.recipe_id) if message.recipe_id is not None else None
    slot = message.details.get("slot_at")
    return Told(
        edition_id=session.scalar(select(Edition.id).where(Edition.mailing_id == mailing_id)),
        recipe_id=recipe.id if recipe else None,
        locale=recipe.locale if recipe else "",
        composed_at=recipe.created_at if recipe else None,
        slot_at=datetime.fromisoformat(slot) if isinstance(slot, str) else None,
        articles=_articles(session, recipe) if recipe else (),
        answers=_answers(session, message),
    )


def _articles(session: Session, recipe: Recipe) -> tuple[Chosen, ...]:
    known = {
        row.id: row
        for row in session.execute(
            select(Article.id, Article.title, Article.published_at).where(Article.id.in_(recipe.article_ids))
        )
    }
    said: dict[int, tuple[str, str]] = {}
    for section in reading.sections(session, recipe):
        for item in section["items"]:
            said[item["article_id"]] = (str(section.get("heading") or ""), str(item.get("reason") or ""))
    return tuple(
        Chosen(key, known[key].title, *said.get(key, ("", "")), known[key].published_at)
        for key in recipe.article_ids
        if key in known
    )


def _answers(session: Session, message: Message) -> tuple[Answer, ...]:
    if message.subscription_id is None or message.sent_at is None:
        return ()
    rows: Sequence[ConsentEvent] = session.scalars(
        select(ConsentEvent)
        .where(
            ConsentEvent.subscription_id == message.subscription_id,
            ConsentEvent.kind.in_(_ANSWERS),
            ConsentEvent.at >= message.sent_at,
        )
        .order_by(ConsentEvent.id)
    ).all()
    named = [row for row in rows if row.details.get("mailing") == message.mailing_id]
    return tuple(Answer(row.kind, row.at, row.channel) for row in named)
