"""The stories that the readers of a run may be given: read once per run, equal for all of them."""

from collections.abc import Collection
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from service.articles.models import Article, ArticleTopic
from service.digests import curations
from service.digests.folding import Member, fold
from service.digests.selection.drawing import UNKNOWN_SD
from service.digests.selection.values import POPULAR_OBSERVED, Candidate
from service.newsletters.models import Newsletter, Rhythm
from service.popularity.models import ArticleScore
from service.recipes.queries import MEMORY

#: The newest so many (article, topic) pairs: a reader who comes back after a year gets the best of these.
LIMIT = 4_000
#: Of what was popular lately, the best so many.
POPULAR_LIMIT = 500
#: How long a story that many read may still come to a reader who has not had it.
MISSED_FOR = {
    Rhythm.DAILY: timedelta(days=14),
    Rhythm.WEEKDAYS: timedelta(days=14),
    Rhythm.MONTHLY: timedelta(days=60),
}
_MISSED_FOR = timedelta(days=28)

_STORY = func.coalesce(Article.story_id, Article.id)


def load_window(
    session: Session,
    newsletter: Newsletter,
    *,
    rhythm: Rhythm,
    after_seq: int,
    until_seq: int,
    seed: str,
    now: datetime,
) -> list[Candidate]:
    """Read what became eligible in the window, what was popular in the weeks before it, and what is pinned.

    `after_seq` is the smallest watermark among the readers, `until_seq` the run's cut-off.
    """
    new = (
        _places(newsletter, until_seq=until_seq)
        .where(ArticleTopic.eligible_seq > after_seq)
        .order_by(ArticleTopic.eligible_seq.desc(), ArticleTopic.article_id)
        .limit(LIMIT)
    )
    popular = (
        _places(newsletter, until_seq=until_seq)
        .join(ArticleScore, ArticleScore.article_id == Article.id)
        .where(
            # When it was published, not when we came to know it: a new source's archive is not this week's.
            Article.published_at >= now - MISSED_FOR.get(rhythm, _MISSED_FOR),
            ArticleScore.observed >= POPULAR_OBSERVED,
            ArticleScore.score > 0,
        )
        .order_by(ArticleScore.score.desc(), Article.id)
        .limit(POPULAR_LIMIT)
    )
    missable = set(session.scalars(popular))
    return _candidates(
        session,
        newsletter,
        missable.union(session.scalars(new)),
        # Not what is only here because another reader has been away for longer.
        missable=missable,
        until_seq=until_seq,
        seed=seed,
        now=now,
    )


def load_recent(
    session: Session,
    newsletter: Newsletter,
    *,
    until_seq: int,
    published_since: datetime,
    seed: str,
    now: datetime,
) -> list[Candidate]:
    """Read what was published lately: for a reader who has had nothing yet."""
    recent = (
        _places(newsletter, until_seq=until_seq)
        .where(Article.published_at >= published_since)
        .order_by(ArticleTopic.eligible_seq.desc(), ArticleTopic.article_id)
        .limit(LIMIT)
    )
    return _candidates(
        session, newsletter, set(session.scalars(recent)), until_seq=until_seq, seed=seed, now=now
    )


def start_of(session: Session, newsletter_id: int, *, published_since: datetime, cutoff: int) -> int:
    """Return the watermark below everything that was published lately; the cut-off when there is nothing."""
    first = session.scalar(
        select(func.min(ArticleTopic.eligible_seq))
        .join(Article)
        .where(Article.newsletter_id == newsletter_id, Article.published_at >= published_since)
    )
    return cutoff if first is None else min(first - 1, cutoff)


def _places(newsletter: Newsletter, *, until_seq: int) -> Select[int]:
    """Select the story of every place that a digest may take one from."""
    return (
        select(_STORY)
        .join(ArticleTopic, ArticleTopic.article_id == Article.id)
        .where(
            ArticleTopic.topic_id.in_([topic.id for topic in newsletter.open_topics]),
            ArticleTopic.eligible_seq <= until_seq,
            Article.withdrawn_at.is_(None),
        )
    )


def _candidates(
    session: Session,
    newsletter: Newsletter,
    stories: Collection[int],
    *,
    missable: Collection[int] | None = None,
    until_seq: int,
    seed: str,
    now: datetime,
) -> list[Candidate]:
    wanted = curations.of_stories(session, newsletter.id, now=now)
    story_ids = {*stories, *(one.story_id for one in wanted)}
    members = _members(session, newsletter, story_ids, until_seq=until_seq, settled_since=now - MEMORY)
    return fold(members, curations=wanted, seed=seed, missable=missable)


def _members(
    session: Session,
    newsletter: Newsletter,
    stories: Collection[int],
    *,
    until_seq: int,
    settled_since: datetime,
) -> list[Member]:
    """Read every article of these stories with all its topics: the whole story decides where it stands.

    A story that could be sent before `settled_since` is left out, for nobody remembers who has had it: old
    articles that are mapped to one more topic, pinned, or in a feed again.
    """
    of_story: ColumnElement[bool] = or_(Article.id.in_(stories), Article.story_id.in_(stories))
    topics: dict[int, list[tuple[int, int | None]]] = {}
    forgotten = set()
    for story_id, article_id, topic_id, seq, settled_at in session.execute(
        select(
            _STORY,
            ArticleTopic.article_id,
            ArticleTopic.topic_id,
            ArticleTopic.eligible_seq,
            ArticleTopic.settled_at,
        )
        .join(Article, Article.id == ArticleTopic.article_id)
        .where(of_story)
    ):
        topics.setdefault(article_id, []).append((topic_id, seq))
        if settled_at is not None and settled_at < settled_since:
            forgotten.add(story_id)
    rows = session.execute(
        select(
            Article.id,
            _STORY,
            Article.source_id,
            Article.published_at,
            Article.author,
            Article.has_picture,
            Article.url,
            func.length(Article.title) + func.length(Article.summary),
            func.coalesce(ArticleScore.score, 0.0),
            func.coalesce(ArticleScore.sd, UNKNOWN_SD),
            func.coalesce(ArticleScore.observed, 0),
        )
        .outerjoin(ArticleScore, ArticleScore.article_id == Article.id)
        .where(of_story, Article.withdrawn_at.is_(None))
    )
    offered = {topic.id for topic in newsletter.open_topics}
    home = _host(newsletter.home_url)
    return [
        Member(
            article_id=row[0],
            story_id=row[1],
            source_id=row[2],
            published_at=row[3],
            topic_ids=frozenset(topic_id for topic_id, _ in topics.get(row[0], ())),
            seqs=tuple(
                (topic_id, seq)
                for topic_id, seq in topics.get(row[0], ())
                if seq is not None and seq <= until_seq and topic_id in offered
            ),
            author=row[4],
            has_image=bool(row[5]),
            own=bool(home) and _host(row[6]) == home,
            length=row[7],
            score=row[8],
            sd=row[9],
            observed=row[10],
        )
        for row in rows
        if row[1] not in forgotten
    ]


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")
