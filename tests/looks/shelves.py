"""What stands in the archive of a newsletter that is looked at."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from service.archive.models import PublicEdition
from service.blasts.models import Blast, BlastState
from service.newsletters.models import Newsletter, Rhythm
from service.popularity.models import ArticleScore
from tests.factories import make_article, make_source

#: Long and short, with and without a picture, three of each topic.
_PICTURES = (None, "https://saltmere.example/1.jpg", "https://elsewhere.example/2.jpg")
_TITLES = {
    "en": ("What a thousand hours of whale song taught one machine, and what it got wrong", "Bread falls"),
    "ar": ("ماذا علّمت ألف ساعة من غناء الحيتان آلة واحدة، وأين أخطأت", "انخفاض سعر الخبز"),
}
_SUMMARIES = {
    "en": "The model can tell three families apart by accent. It also insisted that the ferry was a whale.",
    "ar": "يستطيع النموذج أن يميز ثلاث عائلات من لهجاتها، لكنه أصرّ أيضا على أن العبّارة حوت.",
}
_LETTER = {
    "en": "# Come and see\n\nThe newsroom **moves**. [How](https://saltmere.example/x).\n\n- Tea\n\n> Ink",
    "ar": "# تعالوا وانظروا\n\nالغرفة **تنتقل**. [كيف](https://saltmere.example/x).\n\n- شاي\n\n> حبر",
}


def fill(session: Session, newsletter: Newsletter, *, locale: str) -> None:
    """Add editions, articles with scores, and an announcement."""
    now, source = datetime.now(UTC), make_source(session, newsletter, name="The Lantern")
    articles = [
        make_article(
            session,
            source,
            newsletter.topics[n // 3],
            seq=n + 1,
            title=_TITLES[locale][n % 2],
            summary=_SUMMARIES[locale] if n % 4 else "",
            author="Rafiq Mansouri-Lane" if n % 3 else None,
            image_url=_PICTURES[n % 3],
            published_at=now - timedelta(hours=n),
        )
        for n in range(12)
    ]
    session.add_all(
        ArticleScore(article_id=one.id, score=n / 6, sd=0.1, observed=99, explanation="", computed_at=now)
        for n, one in enumerate(articles)
    )
    for week in range(3):
        at = datetime(2026, 11, 20, 7, tzinfo=UTC) - timedelta(weeks=week)
        items = [
            {"article_id": one.id, "topic_id": newsletter.topics[n // 3].id} for n, one in enumerate(articles)
        ]
        parts = (("popular", items[:4]), ("new", items[4:7]), ("explore", items[7:8]), ("missed", items[8:]))
        session.add(
            PublicEdition(
                newsletter_id=newsletter.id,
                rhythm=Rhythm.WEEKLY,
                period=f"2026-W{47 - week}",
                day=at.date(),
                slot_at=at,
                published_at=at,
                cutoff_seq=12,
                article_ids=[one.id for one in articles],
                content={"sections": [{"key": key, "items": own} for key, own in parts]},
            )
        )
    session.add(
        Blast(
            newsletter_id=newsletter.id,
            subject=_TITLES[locale][1],
            body_markdown=_LETTER[locale],
            topic_ids=[],
            state=BlastState.SENT,
            created_by=1,
            created_at=now,
            started_at=now,
        )
    )
    session.flush()
