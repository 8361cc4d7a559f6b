"""Folds near duplicates into stories: the same piece in five feeds comes to a reader once.

Incremental: what is new or was corrected is compared with those neighbours that share a MinHash band or the
very text. Stories only ever grow together, so a reader who had one of them has had them all.
"""

import time
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.articles import deciding, likeness, minhash
from service.articles.likeness import Text
from service.articles.locking import lock_newsletter
from service.articles.merging import Heap
from service.articles.models import Article, StorySignature
from service.db import Sessions, transaction

#: Articles in one transaction; the next call takes the rest.
AT_MOST = 500
#: A pass begins no batch after so many seconds; the next tick wakes the next pass.
PASS_SECONDS = 30.0
#: How long the very same text is recognised: a feed may give everything a new GUID once a year.
REMEMBERED = timedelta(days=366)
#: A word of a title is rare if so few titles of the window have it, or so small a part.
_RARE, _RARE_PART = 3, 0.01
_TITLES = 5_000
_STORY = func.coalesce(Article.story_id, Article.id)

# By equal keys, which a hash join finds: overlapping arrays, even with an index, were compared one by one.
_NEIGHBOURS = text(
    """
    WITH fresh AS MATERIALIZED (
        SELECT s.article_id, s.bands, s.text_key, a.published_at
        FROM story_signatures AS s JOIN articles AS a ON a.id = s.article_id
        WHERE s.article_id = ANY(:article_ids)
    ), known AS MATERIALIZED (
        SELECT s.article_id, unnest(s.bands) AS band, a.published_at
        FROM story_signatures AS s JOIN articles AS a ON a.id = s.article_id
        WHERE s.newsletter_id = :newsletter_id AND a.newsletter_id = :newsletter_id
          AND a.published_at BETWEEN (SELECT min(published_at) FROM fresh) - CAST(:window AS interval)
              AND (SELECT max(published_at) FROM fresh) + CAST(:window AS interval)
    )
    SELECT DISTINCT each.article_id, known.article_id
    FROM (SELECT article_id, published_at, unnest(bands) AS band FROM fresh) AS each
    JOIN known ON known.band = each.band AND known.article_id <> each.article_id
        AND known.published_at BETWEEN each.published_at - CAST(:window AS interval)
            AND each.published_at + CAST(:window AS interval)
    UNION
    SELECT fresh.article_id, same.article_id
    FROM fresh
    JOIN story_signatures AS same ON same.text_key = fresh.text_key
        AND same.newsletter_id = :newsletter_id AND same.article_id <> fresh.article_id
    JOIN articles AS a ON a.id = same.article_id AND a.fetched_at >= :remembered
    """
)


def fold_waiting(sessions: Sessions, *, now: datetime, seconds: float = PASS_SECONDS) -> int:
    """Compare batch after batch until nothing waits or time is up; each batch is one transaction."""
    ends = time.monotonic() + seconds
    looked_at = 0
    while time.monotonic() < ends:
        with transaction(sessions) as session:
            batch = fold_new(session, now=now)
        looked_at += batch
        if not batch:
            break
    return looked_at


def fold_new(session: Session, *, now: datetime) -> int:
    """Compare what is new or was corrected; return how many articles were looked at (at most 500)."""
    newsletter_id = session.scalar(_waiting(Article.newsletter_id).limit(1))
    if newsletter_id is None:
        return 0
    # Ingests change the same rows; whoever comes second waits.
    lock_newsletter(session, newsletter_id)
    rows = session.execute(
        _waiting(
            Article.id,
            Article.source_id,
            Article.published_at,
            Article.title,
            Article.summary,
        )
        .where(Article.newsletter_id == newsletter_id)
        .limit(AT_MOST)
    ).all()
    fresh = [likeness.text(row[0], row[1], row[2], title=row[3], summary=row[4]) for row in rows]
    if not fresh:
        return 0
    _sign(session, newsletter_id, fresh)
    _fold(session, newsletter_id, fresh, now=now)
    return len(rows)


def _waiting(*columns: Any) -> Select[Any]:
    return select(*columns).where(Article.story_due).order_by(Article.newsletter_id, Article.id)


def _sign(session: Session, newsletter_id: int, fresh: Sequence[Text]) -> None:
    statement = insert(StorySignature)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["article_id"],
            set_={name: statement.excluded[name] for name in ("bands", "text_key")},
        ),
        [
            {
                "article_id": one.article_id,
                "newsletter_id": newsletter_id,
                "bands": minhash.keys(one),
                "text_key": minhash.text_key(one),
            }
            for one in fresh
        ],
    )
    session.execute(
        update(Article)
        .where(Article.id.in_([one.article_id for one in fresh]))
        .values(story_due=False)
        .execution_options(synchronize_session=False)
    )


def _fold(session: Session, newsletter_id: int, fresh: Sequence[Text], *, now: datetime) -> None:
    ids = [one.article_id for one in fresh]
    pairs = session.execute(
        _NEIGHBOURS,
        {
            "article_ids": ids,
            "newsletter_id": newsletter_id,
            "remembered": now - REMEMBERED,
            "window": likeness.WINDOW,
        },
    )
    found = sorted({(min(one, other), max(one, other)) for one, other in pairs})
    if not found:
        return
    involved = {article_id for pair in found for article_id in pair}
    texts = {one.article_id: one for one in fresh}
    texts |= _texts(session, involved - texts.keys())
    apart = deciding.kept_apart(session, newsletter_id)
    heap = Heap(*_stories(session, involved.union(*apart)), apart=apart)
    is_rare = _Rarity(session, newsletter_id, since=min(one.published_at for one in fresh))
    for one, other in found:
        found_likeness = likeness.alike(texts[one], texts[other], is_rare=is_rare)
        if found_likeness:
            heap.join(one, other, same_text=found_likeness >= likeness.SAME_TEXT)
    _write(session, heap)


def _texts(session: Session, article_ids: Collection[int]) -> dict[int, Text]:
    rows = session.execute(
        select(Article.id, Article.source_id, Article.published_at, Article.title, Article.summary).where(
            Article.id.in_(article_ids)
        )
    )
    return {row[0]: likeness.text(row[0], row[1], row[2], title=row[3], summary=row[4]) for row in rows}


def _stories(session: Session, article_ids: Collection[int]) -> tuple[dict[int, int], dict[int, datetime]]:
    """Return the story of each article, and when the first of each story was published."""
    rows = session.execute(select(Article.id, _STORY).where(Article.id.in_(article_ids)))
    story_of = dict(rows.all())
    firsts = session.execute(
        select(_STORY, func.min(Article.published_at))
        .where(or_(Article.id.in_(story_of.values()), Article.story_id.in_(story_of.values())))
        .group_by(_STORY)
    )
    return story_of, dict(firsts.all())


def _write(session: Session, heap: Heap) -> None:
    for root, merged in sorted(heap.grown().items()):
        session.execute(
            update(Article)
            .where(or_(Article.id.in_(merged), Article.story_id.in_(merged)))
            .values(story_id=root)
            .execution_options(synchronize_session=False)
        )
    session.expire_all()


class _Rarity:
    """Says which words few titles of the last days have; reads the titles when first asked."""

    def __init__(self, session: Session, newsletter_id: int, *, since: datetime) -> None:
        self._titles = (
            select(Article.title)
            .where(Article.newsletter_id == newsletter_id, Article.published_at >= since - likeness.WINDOW)
            .order_by(Article.published_at.desc())
            .limit(_TITLES)
        )
        self._session = session
        self._counts: Counter[str] | None = None
        self._most = 0.0

    def __call__(self, word: str) -> bool:
        if self._counts is None:
            titles = self._session.scalars(self._titles).all()
            self._counts = Counter(word for title in titles for word in set(likeness.title_words(title)))
            self._most = max(_RARE, _RARE_PART * len(titles))
        return self._counts[word] <= self._most


def story_of(session: Session, article_ids: Collection[int]) -> dict[int, int]:
    """Return the stories of those articles that are one of several; any other is a story by itself."""
    if not article_ids:
        return {}
    rows = session.execute(
        select(Article.id, Article.story_id).where(Article.id.in_(article_ids), Article.story_id.is_not(None))
    )
    return {article_id: story_id for article_id, story_id in rows if story_id is not None}


class StoryMember(NamedTuple):
    """An article, the story that it is of by now, and an instant before which nobody was sent it."""

    article_id: int
    story_id: int
    known_at: datetime


def members(session: Session, story_ids: Collection[int]) -> list[StoryMember]:
    """Return every article of these stories, withdrawn ones too."""
    rows = session.execute(
        select(Article.id, _STORY, func.least(Article.fetched_at, Article.published_at)).where(
            or_(Article.id.in_(story_ids), Article.story_id.in_(story_ids))
        )
    )
    wanted = set(story_ids)
    return [StoryMember(*row) for row in rows if row[1] in wanted]


def others_of(session: Session, article: Article) -> list[Article]:
    """Return the other articles of its story, the earliest first."""
    if article.story_id is None:
        return []
    rows = session.scalars(
        select(Article)
        .where(Article.story_id == article.story_id, Article.id != article.id)
        .order_by(Article.published_at, Article.id)
    )
    return list(rows)
