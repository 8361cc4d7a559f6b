"""Seeing before sending: one reader's digest, and the dry run of a whole edition, are what planning makes."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.db import Sessions
from service.delivery.models import Message
from service.digests import foreseeing, planning, rehearsal, sampling
from service.digests.models import Edition
from service.errors import NotFound
from service.newsletters.models import Rhythm
from service.popularity.models import ArticleScore
from service.recipes import reading
from service.recipes.models import Recipe
from service.subscribers.models import SubscriptionState
from tests.factories import make_article, make_newsletter, make_source
from tests.integration.digests.worlds import LINKS, NOW, articles_of, make_due, make_stories, make_world


def test_what_is_foreseen_is_what_is_sent(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session, stories=8)
    science, energy = newsletter.topics[:2]
    readers = [make_due(session, newsletter, topic_ids=[each.id]) for each in (science, energy)]
    readers.append(make_due(session, newsletter, topic_ids=[science.id, energy.id], max_items=3))
    session.commit()

    foreseen = [
        foreseeing.foresee(session, one, links=LINKS, now=NOW - timedelta(minutes=5)) for one in readers
    ]
    assert session.scalar(select(func.count()).select_from(Message)) == 0
    assert planning.plan_due(sessions, links=LINKS, now=NOW).planned == 3

    for reader, seen in zip(readers, foreseen, strict=True):
        assert [item.article_id for item in seen.items] == articles_of(session, reader)[0]
        recipe = session.scalars(
            select(Recipe)
            .join(Message, Message.recipe_id == Recipe.id)
            .where(Message.subscription_id == reader.id)
        ).one()
        assert seen.subject == recipe.subject
        assert [item.reason for item in seen.items] == [
            item["reason"] for section in reading.sections(session, recipe) for item in section["items"]
        ]
        assert seen.content is not None
        assert seen.items[0].title in seen.content.html
        assert seen.slot_at == NOW


def test_who_else_is_due_changes_nothing_of_what_was_foreseen(session: Session, sessions: Sessions) -> None:
    """A popular story of six weeks ago comes to one who has been away since, and to nobody else as missed."""
    newsletter = make_world(session, stories=8)
    source = make_source(session, newsletter)
    old = make_article(session, source, *newsletter.topics, seq=9, published_at=NOW - timedelta(days=42))
    session.add(
        ArticleScore(article_id=old.id, score=1.0, sd=0.1, observed=90, explanation="", computed_at=NOW)
    )
    make_stories(session, newsletter, count=8, first_seq=10)
    away, here = make_due(session, newsletter), make_due(session, newsletter, watermark=9)
    session.commit()
    before = NOW - timedelta(minutes=5)
    foreseen = [foreseeing.foresee(session, one, links=LINKS, now=before) for one in (away, here)]

    planning.plan_due(sessions, links=LINKS, now=NOW)

    for reader, seen in zip((away, here), foreseen, strict=True):
        assert [item.article_id for item in seen.items] == articles_of(session, reader)[0]
    assert old.id in articles_of(session, away)[0]
    assert old.id not in articles_of(session, here)[0]


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"state": SubscriptionState.UNSUBSCRIBED}, "unsubscribed"),
        ({"first_digest_pending": True}, "first_digest_pending"),
        ({"paused_until": (NOW + timedelta(days=9)).date()}, "paused"),
        ({"last_digest_on": NOW.date()}, "already_today"),
        ({"watermark": 8}, "too_few"),
    ],
)
def test_who_gets_none_is_told_why(session: Session, values: dict[str, object], word: str) -> None:
    newsletter = make_world(session, stories=8)
    reader = make_due(session, newsletter, **values)
    seen = foreseeing.foresee(session, reader, links=LINKS, now=NOW)
    assert (seen.why_not, seen.items, seen.content) == (word, (), None)


def test_readers_are_found_by_address_and_by_number(session: Session) -> None:
    reader = make_due(session, make_world(session))
    assert list(foreseeing.find(session, f"  {reader.subscriber.email.upper()} ")) == [reader]
    assert list(foreseeing.find(session, str(reader.id))) == [reader]
    with pytest.raises(NotFound):
        foreseeing.find(session, "nobody@example.org")


def test_a_dry_run_counts_what_planning_would_write(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session, stories=8)
    science, energy = newsletter.topics[:2]
    for topic_ids in ([science.id], [energy.id], [science.id, energy.id], [science.id, energy.id]):
        make_due(session, newsletter, topic_ids=topic_ids)
    make_due(session, newsletter, watermark=8)
    make_due(session, newsletter, paused_until=(NOW + timedelta(days=30)).date())
    make_due(session, newsletter, rhythm=Rhythm.DAILY)
    session.commit()

    seen = rehearsal.rehearse(session, newsletter, rhythm=Rhythm.WEEKLY, now=NOW)
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Message)) == 0
    assert (seen.readers, seen.looked_at, seen.planned) == (6, 6, 4)
    assert seen.skipped == {"too_few": 1, "paused": 1}
    assert seen.recipes == 3
    assert seen.biggest[0][2] == 2

    planning.plan_due(sessions, links=LINKS, now=NOW)
    sizes = session.scalars(
        select(func.cardinality(Recipe.article_ids))
        .join(Message, Message.recipe_id == Recipe.id)
        .join(Edition, Edition.mailing_id == Message.mailing_id)
        .where(Edition.rhythm == Rhythm.WEEKLY)
    ).all()
    assert sorted(sizes) == sorted(seen.by_items.elements())


def test_a_dry_run_of_a_few_is_spread_over_all(session: Session) -> None:
    newsletter = make_world(session, stories=8)
    for _ in range(40):
        make_due(session, newsletter)
    seen = rehearsal.rehearse(session, newsletter, rhythm=Rhythm.WEEKLY, now=NOW, most=10)
    assert seen.readers == 40
    assert 8 <= seen.looked_at <= 10


def test_a_dry_run_that_may_not_take_long_says_how_few_it_looked_at(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "PORTION", 5)
    newsletter = make_world(session, stories=8)
    for _ in range(20):
        make_due(session, newsletter)
    seen = rehearsal.rehearse(session, newsletter, rhythm=Rhythm.WEEKLY, now=NOW, most=20, seconds=0)
    assert (seen.readers, seen.looked_at, seen.is_exact) == (20, 5, False)
    assert seen.of_all(seen.planned) == 4 * seen.planned


def test_topics_with_little_new_are_named(session: Session) -> None:
    newsletter = make_newsletter(session, topics=("Science", "Law"))
    make_stories(session, newsletter, count=5, topic=newsletter.topics[0])
    make_due(session, newsletter, topic_ids=[newsletter.topics[0].id])
    seen = rehearsal.rehearse(session, newsletter, rhythm=Rhythm.WEEKLY, now=NOW)
    assert seen.thin_topics == [("Law", 0)]


def test_an_edition_of_nobody_is_no_error(session: Session) -> None:
    seen = rehearsal.rehearse(session, make_newsletter(session), rhythm=Rhythm.MONTHLY, now=NOW)
    assert (seen.readers, seen.planned, seen.recipes, seen.seconds) == (0, 0, 0, None)
