"""The articles a slice of readers may choose from, read in one query and narrowed per group in memory."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from service.articles.models import Article, ArticleTopic
from service.digests.selection import POPULAR_OBSERVED, Candidate
from service.popularity.models import ArticleScore

#: The newest so many (article, topic) pairs: a reader who comes back after a year gets the best of these.
LIMIT = 4_000


@dataclass(frozen=True, slots=True)
class Entry:
    """An article with its place in the sequence for each of its topics."""

    article_id: int
    seqs: tuple[tuple[int, int], ...]
    source_id: int
    author: str | None
    has_image: bool
    score: float
    sd: float
    observed: int


def load_window(
    session: Session,
    *,
    topic_ids: Collection[int],
    after_seq: int,
    until_seq: int,
    popular_since: datetime,
) -> list[Entry]:
    """Read what became eligible in the window, and what was popular lately before it."""
    popular = and_(
        # When it was published, not when we came to know it: a new source's archive is not this week's news.
        Article.published_at >= popular_since,
        ArticleScore.observed >= POPULAR_OBSERVED,
        ArticleScore.score > 0,
    )
    return _load(session, topic_ids, until_seq, or_(ArticleTopic.eligible_seq > after_seq, popular))


def load_recent(
    session: Session, *, topic_ids: Collection[int], until_seq: int, published_since: datetime
) -> list[Entry]:
    """Read what was published lately: for a reader who has had nothing yet."""
    return _load(session, topic_ids, until_seq, Article.published_at >= published_since)


def start_of(session: Session, newsletter_id: int, *, published_since: datetime, cutoff: int) -> int:
    """Return the watermark below everything that was published lately; the cut-off when there is nothing."""
    first = session.scalar(
        select(func.min(ArticleTopic.eligible_seq))
        .join(Article)
        .where(Article.newsletter_id == newsletter_id, Article.published_at >= published_since)
    )
    return cutoff if first is None else min(first - 1, cutoff)


def candidates(entries: Iterable[Entry], *, topic_ids: Collection[int], after_seq: int) -> list[Candidate]:
    """Narrow the entries to one group: its topics, and what is above its watermark as new."""
    chosen = frozenset(topic_ids)
    found = []
    for entry in entries:
        own = {topic_id: seq for topic_id, seq in entry.seqs if topic_id in chosen}
        if not own:
            continue
        fresh = {topic_id for topic_id, seq in own.items() if seq > after_seq}
        found.append(
            Candidate(
                article_id=entry.article_id,
                topic_ids=frozenset(fresh or own),
                source_id=entry.source_id,
                seq=max(own.values()),
                author=entry.author,
                score=entry.score,
                sd=entry.sd,
                observed=entry.observed,
                has_image=entry.has_image,
                fresh=bool(fresh),
            )
        )
    return found


def _load(
    session: Session, topic_ids: Collection[int], until_seq: int, which: ColumnElement[bool]
) -> list[Entry]:
    rows = session.execute(
        select(
            ArticleTopic.article_id,
            ArticleTopic.topic_id,
            ArticleTopic.eligible_seq,
            Article.source_id,
            Article.author,
            Article.image_url,
            func.coalesce(ArticleScore.score, 0.0),
            func.coalesce(ArticleScore.sd, 0.0),
            func.coalesce(ArticleScore.observed, 0),
        )
        .join(Article, Article.id == ArticleTopic.article_id)
        .outerjoin(ArticleScore, ArticleScore.article_id == ArticleTopic.article_id)
        .where(
            ArticleTopic.topic_id.in_(topic_ids),
            ArticleTopic.eligible_seq <= until_seq,
            Article.withdrawn_at.is_(None),
            which,
        )
        .order_by(ArticleTopic.eligible_seq.desc(), ArticleTopic.article_id)
        .limit(LIMIT)
    ).all()
    seqs: dict[int, list[tuple[int, int]]] = {}
    for row in rows:
        seqs.setdefault(row[0], []).append((row[1], row[2] or 0))
    firsts = {row[0]: row for row in reversed(rows)}
    return [
        Entry(article_id, tuple(pairs), row[3], row[4], bool(row[5]), row[6], row[7], row[8])
        for article_id, pairs in seqs.items()
        for row in (firsts[article_id],)
    ]
