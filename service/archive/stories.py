"""Articles as archive pages and feeds show them; what was withdrawn is not among them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from service.articles.models import Article
from service.newsletters.models import Newsletter
from service.subscribers import schedule


@dataclass(frozen=True, slots=True)
class Story:
    """One article, in plain text."""

    article_id: int
    title: str
    #: On the publisher's site; always http or https.
    url: str
    summary: str
    source: str
    author: str | None
    published_at: datetime
    #: Its day in the newsletter's zone.
    day: date
    #: Of a later correction, or of the first fetch.
    changed_at: datetime
    #: Only where the newsletter's own site serves it: a page of ours sends nobody to a third party.
    picture: str | None
    picture_alt: str


def find(session: Session, article_ids: Collection[int], *, newsletter: Newsletter) -> dict[int, Story]:
    """Return those of these articles that may be read."""
    rows = session.scalars(
        select(Article)
        .where(
            Article.id.in_(article_ids),
            Article.newsletter_id == newsletter.id,
            Article.withdrawn_at.is_(None),
        )
        .options(joinedload(Article.source))
    )
    return {row.id: of_article(row, newsletter=newsletter) for row in rows if is_web_address(row.url)}


def last_withdrawal(session: Session, newsletter: Newsletter) -> datetime | None:
    """Return when an article was last taken back: pages changed then, though nothing on them is newer."""
    return session.scalar(
        select(func.max(Article.withdrawn_at)).where(
            Article.newsletter_id == newsletter.id, Article.withdrawn_at.is_not(None)
        )
    )


def of_article(article: Article, *, newsletter: Newsletter) -> Story:
    return Story(
        article_id=article.id,
        title=article.title,
        url=article.url,
        summary=article.summary,
        source=article.source.name,
        author=article.author,
        published_at=article.published_at,
        day=schedule.local_date(article.published_at, time_zone=newsletter.time_zone),
        changed_at=article.changed_at,
        picture=article.picture_url if _is_own(article.picture_url, newsletter.home_url) else None,
        picture_alt=article.image_alt,
    )


def is_web_address(url: str) -> bool:
    """Say whether a link may stand on a page: feeds can write anything."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and url.isprintable()


def _is_own(picture: str | None, home: str) -> bool:
    if picture is None or not home or not is_web_address(picture):
        return False
    host, own = _host(picture), _host(home)
    return bool(own) and (host == own or host.endswith(f".{own}"))


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")
