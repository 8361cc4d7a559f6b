"""No-repeat across stories that people split and merge: by article always, by story as it is told by now."""

import random
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles import deciding
from service.articles.models import Article
from service.db import Sessions
from service.digests import planning
from service.subscribers.models import Subscription
from tests.factories import make_article, make_newsletter, make_source
from tests.integration.digests.worlds import LINKS, NOW, articles_of, make_due


@pytest.mark.parametrize("seed", range(3))
def test_weeks_of_splits_and_merges_bring_nothing_twice(
    session: Session, sessions: Sessions, seed: int
) -> None:
    luck = random.Random(seed)
    newsletter = make_newsletter(session, min_items=1)
    source = make_source(session, newsletter)
    readers = [make_due(session, newsletter, watermark=0) for _ in range(3)]
    articles: list[Article] = []
    sent: dict[int, set[int]] = {reader.id: set() for reader in readers}
    for week in range(8):
        now = NOW + timedelta(weeks=week)
        for n in range(9):
            topic = luck.choice(newsletter.topics)
            articles.append(
                make_article(session, source, topic, seq=week * 9 + n + 1, published_at=now, fetched_at=now)
            )
        for _ in range(4):
            decide(session, luck, articles[-30:])
        session.commit()
        planning.plan_due(sessions, links=LINKS, now=now)
        session.expire_all()
        for reader in readers:
            had = {story_of(session, article_id) for article_id in sent[reader.id]}
            *_, latest = articles_of(session, reader)
            got = [story_of(session, article_id) for article_id in latest]
            assert not had & set(got), "a story that was had, as it is told by now"
            assert max(Counter(got).values()) == 1
            sent[reader.id].update(latest)
    assert all(len(articles_of(session, reader)) == 8 for reader in readers)
    assert all(count == 1 for reader in readers for count in times_sent(session, reader).values())


def decide(session: Session, luck: random.Random, articles: list[Article]) -> None:
    one, other = luck.sample(articles, 2)
    session.expire_all()
    values = {"reason": "So it is", "actor": "operator 1", "now": NOW}
    if (one.story_id or one.id) != (other.story_id or other.id):
        deciding.merge(session, one.id, other.id, **values)  # type: ignore[arg-type]  # shared by both
    else:
        deciding.split(session, one.id, [other.id], **values)  # type: ignore[arg-type]  # shared by both


def story_of(session: Session, article_id: int) -> int:
    found = session.scalar(select(Article.story_id).where(Article.id == article_id))
    return found or article_id


def times_sent(session: Session, reader: Subscription) -> Counter[int]:
    return Counter(article_id for digest in articles_of(session, reader) for article_id in digest)
