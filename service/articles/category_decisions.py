"""What operators decide about feed categories: one or many together, and taken back together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import audit
from service.articles import mapping
from service.articles.locking import lock_newsletter
from service.articles.models import CategoryMapping
from service.errors import Conflict, NotFound
from service.newsletters.models import Topic

#: So many decisions are shown to be taken back.
RECENT = 5


class Meaning(NamedTuple):
    """What a category stands for: a topic, nothing at all, or nothing yet."""

    topic_id: int | None = None
    ignored: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Categories that were decided together, and by whom."""

    at: datetime
    by: str
    #: (category, topic) in alphabetical order; None where it was ignored, or let wait.
    categories: tuple[tuple[str, str | None], ...]


def decide(
    session: Session,
    wanted: Mapping[int, Meaning],
    *,
    seen: Mapping[int, Meaning] | None = None,
    actor: str,
    now: datetime,
) -> int:
    """Say what categories mean, by their mappings; return how many articles gained a topic.

    `seen` is what the page showed where the decision was made; what was decided so already is left alone.

    :raises Conflict: somebody has decided otherwise since; nothing may be committed then.
    :raises NotFound: one of them is not there.
    :raises InvalidInput: one shall mean a topic of another newsletter.
    """
    gained = 0
    for mapping_id, meaning in sorted(wanted.items()):
        if seen is not None and _is_settled(session, mapping_id, meaning, seen=seen.get(mapping_id)):
            continue
        before, articles = _apply(session, mapping_id, meaning, now=now)
        gained += articles
        row = session.get_one(CategoryMapping, mapping_id)
        row.decided_at, row.decided_by = now, actor
        row.was_topic_id, row.was_ignored = before
        _note(session, "category.mapped", row, before, actor=actor, now=now)
    session.flush()
    return gained


def undo(session: Session, newsletter_id: int, *, at: datetime, actor: str, now: datetime) -> int:
    """Let everything that was decided together mean what it meant before; return how many there were.

    What somebody has decided anew since stays as it is.

    :raises Conflict: nothing is left of that decision.
    """
    lock_newsletter(session, newsletter_id)
    rows = session.scalars(
        select(CategoryMapping)
        .where(CategoryMapping.newsletter_id == newsletter_id, CategoryMapping.decided_at == at)
        .order_by(CategoryMapping.id)
        .execution_options(populate_existing=True)
    ).all()
    if not rows:
        raise Conflict("This was undone already, or decided anew since.")
    for row in rows:
        before, _ = _apply(session, row.id, _earlier(session, row), now=now)
        row.decided_at = row.decided_by = row.was_topic_id = None
        row.was_ignored = False
        _note(session, "category.undone", row, before, actor=actor, now=now)
    session.flush()
    return len(rows)


def recent(session: Session, newsletter_id: int) -> list[Decision]:
    """Return the latest decisions that can be taken back, the newest first."""
    instants = session.scalars(
        select(CategoryMapping.decided_at)
        .where(CategoryMapping.newsletter_id == newsletter_id, CategoryMapping.decided_at.is_not(None))
        .group_by(CategoryMapping.decided_at)
        .order_by(CategoryMapping.decided_at.desc())
        .limit(RECENT)
    ).all()
    rows = session.execute(
        select(
            CategoryMapping.decided_at,
            func.coalesce(CategoryMapping.decided_by, ""),
            CategoryMapping.category,
            Topic.name,
        )
        .outerjoin(Topic, Topic.id == CategoryMapping.topic_id)
        .where(CategoryMapping.newsletter_id == newsletter_id, CategoryMapping.decided_at.in_(instants))
        .order_by(CategoryMapping.decided_at.desc(), CategoryMapping.category_key)
    )
    found: dict[tuple[datetime, str], list[tuple[str, str | None]]] = {}
    for at, by, category, topic in rows:
        if at is not None:
            found.setdefault((at, by), []).append((category, topic))
    return [Decision(at, by, tuple(categories)) for (at, by), categories in found.items()]


def names(session: Session, mapping_ids: Iterable[int]) -> list[str]:
    """Return what these categories are called, in alphabetical order."""
    rows = session.scalars(
        select(CategoryMapping.category)
        .where(CategoryMapping.id.in_(list(mapping_ids)))
        .order_by(CategoryMapping.category_key)
    )
    return list(rows)


def _earlier(session: Session, row: CategoryMapping) -> Meaning:
    """What it meant before, unless that topic is offered no longer: then it waits for a person."""
    topic = session.get(Topic, row.was_topic_id) if row.was_topic_id is not None else None
    open_topic_id = topic.id if topic is not None and topic.archived_at is None else None
    return Meaning(open_topic_id, row.was_ignored)


def _is_settled(session: Session, mapping_id: int, meaning: Meaning, *, seen: Meaning | None) -> bool:
    """Say whether a category means this already, which a second press of a button finds.

    :raises Conflict: it means something else than the page showed.
    """
    row = _locked(session, mapping_id)
    there = Meaning(row.topic_id, row.ignored)
    if seen is None or there == seen:
        return False
    if there == meaning:
        return True
    means = _topic(session, there.topic_id)
    what = f"means {means}" if means else "is ignored" if there.ignored else "waits for a topic"
    raise Conflict(
        f"“{row.category}” {what} by now: somebody decided it while your page was open. Nothing was changed; "
        "look again, and decide anew if you know better."
    )


def _locked(session: Session, mapping_id: int) -> CategoryMapping:
    """Return a mapping as it is once nobody else changes the newsletter's categories."""
    row = session.get(CategoryMapping, mapping_id)
    if row is None:
        raise NotFound("There is no such category.")
    lock_newsletter(session, row.newsletter_id)
    session.refresh(row)
    return row


def _apply(session: Session, mapping_id: int, meaning: Meaning, *, now: datetime) -> tuple[Meaning, int]:
    row = _locked(session, mapping_id)
    before = Meaning(row.topic_id, row.ignored)
    return before, mapping.map_category(session, mapping_id, meaning.topic_id, meaning.ignored, now=now)


def _note(
    session: Session, action: str, row: CategoryMapping, before: Meaning, *, actor: str, now: datetime
) -> None:
    audit.record(
        session,
        actor=actor,
        action=action,
        subject=f"category {row.id}",
        now=now,
        before={
            "category": row.category,
            "topic": _topic(session, before.topic_id),
            "ignored": before.ignored,
        },
        after={"category": row.category, "topic": _topic(session, row.topic_id), "ignored": row.ignored},
    )


def _topic(session: Session, topic_id: int | None) -> str | None:
    return session.get_one(Topic, topic_id).name if topic_id is not None else None
