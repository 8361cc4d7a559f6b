"""What editors want of a story: pinned, raised or lowered, or left out; with an end and a reason."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from service import audit
from service.articles.models import Article
from service.digests.folding import StoryCuration
from service.digests.models import Curation, CurationKind
from service.digests.selection.values import EVERYWHERE
from service.errors import Conflict, InvalidInput, NotFound
from service.newsletters import checks
from service.newsletters.models import Topic
from service.recipes.queries import MEMORY

#: What is still wanted after so long can be made again.
LONGEST = timedelta(days=92)
#: In units of the log-lift: 2 makes an average article count like one with seven times the clicks.
STRONGEST = 2.0
LONGEST_REASON = 200


def curate(
    session: Session,
    article_id: int,
    kind: CurationKind,
    *,
    topic_id: int | None = None,
    boost: float = 0.0,
    reason: str,
    expires_at: datetime,
    actor: str,
    now: datetime,
) -> Curation:
    """Write a curation down; one of its kind that holds for the same readers is replaced by it.

    :raises InvalidInput: no reason, no end within three months, a strange boost or topic, a pin of something
        that readers may have had and nobody remembers.
    :raises NotFound: there is no such article.
    """
    article = session.get(Article, article_id, with_for_update={"key_share": True})
    if article is None:
        raise NotFound("There is no such article.")
    _check(session, article, topic_id=topic_id, expires_at=expires_at, now=now)
    clean = checks.line(
        reason,
        field="reason",
        longest=LONGEST_REASON,
        required="Say why, in a few words: colleagues will read it.",
    )
    if kind is CurationKind.PIN and article.fetched_at < now - MEMORY:
        raise InvalidInput(
            "This article is older than 13 weeks, for which we remember who had it; it cannot be pinned.",
            field="wanted",
        )
    if kind is CurationKind.BOOST and not 0 < abs(boost) <= STRONGEST:
        raise InvalidInput(f"Choose a boost between -{STRONGEST:g} and {STRONGEST:g}, not 0.", field="boost")
    for old in _in_force(session, article.newsletter_id, now=now):
        if (old.article_id, old.kind, old.topic_id) == (article_id, kind, topic_id):
            _end(session, old, actor=actor, now=now)
    row = Curation(
        newsletter_id=article.newsletter_id,
        article_id=article_id,
        topic_id=topic_id,
        kind=kind,
        boost=boost if kind is CurationKind.BOOST else 0.0,
        reason=clean,
        made_by=actor,
        made_at=now,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="curation.made",
        subject=f"article {article_id}",
        now=now,
        after=_described(row),
    )
    return row


def end(session: Session, curation_id: int, *, actor: str, now: datetime) -> Curation:
    """End a curation before its time.

    :raises NotFound: there is no such curation.
    :raises Conflict: it has ended already.
    """
    row = session.get(Curation, curation_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("There is no such curation.")
    if row.ended_at is not None or row.expires_at <= now:
        raise Conflict("This curation has ended already.")
    _end(session, row, actor=actor, now=now)
    return row


def in_force(session: Session, newsletter_id: int, *, now: datetime) -> list[Curation]:
    """Return what holds now, with articles and topics; what ends first comes first."""
    return _in_force(session, newsletter_id, now=now)


def of_article(session: Session, article_id: int) -> list[Curation]:
    """Return everything that was ever wanted of an article, the latest first."""
    rows = session.scalars(
        select(Curation)
        .where(Curation.article_id == article_id)
        .options(joinedload(Curation.topic))
        .order_by(Curation.id.desc())
    )
    return list(rows)


def of_stories(session: Session, newsletter_id: int, *, now: datetime) -> list[StoryCuration]:
    """Return what holds now, by story, as planning needs it."""
    rows = session.execute(
        select(
            func.coalesce(Article.story_id, Article.id),
            Curation.article_id,
            Curation.kind,
            func.coalesce(Curation.topic_id, EVERYWHERE),
            Curation.boost,
        )
        .join(Article, Article.id == Curation.article_id)
        .where(
            Curation.newsletter_id == newsletter_id,
            Curation.expires_at > now,
            Curation.ended_at.is_(None),
        )
        .order_by(Curation.id)
    )
    return [StoryCuration(*row) for row in rows]


def _check(
    session: Session,
    article: Article,
    *,
    topic_id: int | None,
    expires_at: datetime,
    now: datetime,
) -> None:
    if not now < expires_at <= now + LONGEST:
        raise InvalidInput("Choose an end after now and within three months.", field="expires_at")
    if topic_id is not None:
        topic = session.get(Topic, topic_id)
        if topic is None or topic.newsletter_id != article.newsletter_id:
            raise InvalidInput("Choose a topic of this newsletter.", field="topic_id")


def _in_force(session: Session, newsletter_id: int, *, now: datetime) -> list[Curation]:
    rows = session.scalars(
        select(Curation)
        .where(
            Curation.newsletter_id == newsletter_id,
            Curation.expires_at > now,
            Curation.ended_at.is_(None),
        )
        .options(joinedload(Curation.article), joinedload(Curation.topic))
        .order_by(Curation.expires_at, Curation.id)
    )
    return list(rows)


def _end(session: Session, row: Curation, *, actor: str, now: datetime) -> None:
    row.ended_at, row.ended_by = now, actor
    audit.record(
        session,
        actor=actor,
        action="curation.ended",
        subject=f"article {row.article_id}",
        now=now,
        before=_described(row),
    )


def _described(row: Curation) -> dict[str, object]:
    return {
        "kind": row.kind.value,
        "topic_id": row.topic_id,
        "boost": row.boost,
        "reason": row.reason,
        "expires_at": row.expires_at.isoformat(),
    }
