"""What the archive of a newsletter holds: editions of some weeks, and an announcement."""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from service.archive.models import PublicEdition
from service.articles.models import Article
from service.blasts.models import Blast, BlastState
from service.newsletters.models import Newsletter, Rhythm
from tests.factories import make_article, make_source

_STORIES = json.loads((Path(__file__).parents[1] / "emails" / "stories.json").read_text(encoding="utf-8"))
_FIRST_FRIDAY = date(2026, 10, 2)
_WEEKS, _ITEMS = 4, 7


def fill(session: Session, newsletter: Newsletter) -> None:
    """Publish one edition a week, and one announcement."""
    source = make_source(session, newsletter, name="Harbour Post")
    moment = datetime.now(UTC)
    articles = [
        make_article(
            session,
            source,
            newsletter.topics[place % len(newsletter.topics)],
            seq=place + 1,
            title=story["title"],
            summary=story["summary"],
            author="Ines Marlowe" if place % 2 else None,
            published_at=moment - timedelta(hours=place),
        )
        for place, story in enumerate(_STORIES)
    ]
    for week in range(_WEEKS):
        session.add(_edition(newsletter, articles[week : week + _ITEMS], week=week))
    session.add(_announcement(newsletter))
    session.flush()


def _edition(newsletter: Newsletter, articles: list[Article], *, week: int) -> PublicEdition:
    day = _FIRST_FRIDAY + timedelta(weeks=week)
    at = datetime.combine(day, time(7), UTC)
    items = [
        {"article_id": article.id, "topic_id": newsletter.topics[place % len(newsletter.topics)].id}
        for place, article in enumerate(articles)
    ]
    return PublicEdition(
        newsletter_id=newsletter.id,
        rhythm=Rhythm.WEEKLY,
        period=f"2026-W{40 + week}",
        day=day,
        slot_at=at,
        published_at=at,
        cutoff_seq=len(_STORIES),
        article_ids=[article.id for article in articles],
        content={"sections": [{"key": "popular", "items": items[:3]}, {"key": "new", "items": items[3:]}]},
    )


def _announcement(newsletter: Newsletter) -> Blast:
    at = datetime.combine(_FIRST_FRIDAY, time(12), UTC)
    return Blast(
        newsletter_id=newsletter.id,
        subject="Come and see how the paper is made",
        body_markdown="On **Thursday** we open the printing hall.\n\n## What there is\n\n- A tour\n- Soup",
        topic_ids=[],
        state=BlastState.SENT,
        created_by=1,
        created_at=at,
        started_at=at,
        finished_at=at,
    )
