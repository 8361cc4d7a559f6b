"""A feed that takes an article back withdraws it; what it still lists, or an operator restored, stays."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles import ingest, withdrawal
from service.articles.entries import Feed
from service.articles.models import Article, Source
from service.articles.tombstones import Tombstone
from service.digests import pulling
from tests.factories import make_article, make_newsletter, make_source


@pytest.fixture
def source(session: Session) -> Source:
    return make_source(session, make_newsletter(session))


def say_deleted(session: Session, source: Source, article: Article, *, at: datetime, now: datetime) -> bool:
    ingest.store(session, source, Feed("", (), deleted=(Tombstone(article.guid, at),)), now=now)
    session.refresh(article)
    return article.withdrawn_at is not None


def test_what_its_own_feed_deletes_is_withdrawn_and_pulled(
    session: Session, source: Source, now: datetime
) -> None:
    article = make_article(session, source, changed_at=now - timedelta(hours=5))
    other = make_source(session, make_newsletter(session))

    assert not say_deleted(session, other, article, at=now, now=now)
    assert say_deleted(session, source, article, at=now - timedelta(hours=1), now=now)
    assert session.scalar(select(pulling.is_due()))


def test_a_restored_article_is_not_taken_back_by_the_same_word(
    session: Session, source: Source, now: datetime
) -> None:
    article = make_article(session, source, changed_at=now - timedelta(days=1))
    said_at = now - timedelta(hours=5)
    assert say_deleted(session, source, article, at=said_at, now=now)
    withdrawal.restore(session, article.id, actor="operator 1", now=now)

    assert not say_deleted(session, source, article, at=said_at, now=now)
    assert say_deleted(session, source, article, at=now + timedelta(hours=2), now=now)
