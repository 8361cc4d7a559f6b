"""Reading scores, for selection and for pages."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.articles.models import Article
from service.popularity.models import ArticleScore, Click, Verdict


@dataclass(frozen=True, slots=True)
class ClickSplit:
    """What came of the clicks of a mailing: people, repeats of people, machines."""

    human: int
    repeat: int
    scanner: int


def scores(session: Session, article_ids: Collection[int]) -> dict[int, ArticleScore]:
    """Return the scores of these articles; one without a score is average."""
    rows = session.scalars(select(ArticleScore).where(ArticleScore.article_id.in_(article_ids)))
    return {row.article_id: row for row in rows}


def most_popular(
    session: Session, newsletter_id: int, *, published_since: datetime, limit: int = 10
) -> list[tuple[Article, ArticleScore]]:
    """Return the articles of a newsletter with the highest scores, best first, nothing withdrawn."""
    rows = session.execute(
        select(Article, ArticleScore)
        .join(ArticleScore, ArticleScore.article_id == Article.id)
        .where(
            Article.newsletter_id == newsletter_id,
            Article.published_at >= published_since,
            Article.withdrawn_at.is_(None),
        )
        .order_by(ArticleScore.score.desc(), Article.id.desc())
        .limit(limit)
    )
    return [(article, score) for article, score in rows]


def click_split(session: Session, mailing_id: int) -> ClickSplit:
    """Count the clicks of a mailing by what they were taken for."""
    rows = session.execute(
        select(Click.verdict, func.count()).where(Click.mailing_id == mailing_id).group_by(Click.verdict)
    )
    counts = {row[0]: row[1] for row in rows}
    return ClickSplit(
        human=counts.get(Verdict.HUMAN, 0),
        repeat=counts.get(Verdict.REPEAT, 0),
        scanner=counts.get(Verdict.SCANNER, 0),
    )
