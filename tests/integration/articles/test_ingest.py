"""From a feed's values to rows: one per story, changes taken over, topics by mapping."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.articles import ingest, mapping, queries, settling, withdrawal
from service.articles.entries import Entry, Feed
from service.articles.ingest import Stored
from service.articles.models import Article, ArticleTopic, CategoryMapping, Source
from service.digests import pool
from service.errors import InvalidInput, NotFound
from service.newsletters.models import Newsletter, Rhythm
from tests.factories import make_article, make_newsletter, make_source


def entry(n: int, **values: object) -> Entry:
    return replace(
        Entry(
            guid=f"story-{n}",
            url=f"https://courier.example/{n}",
            title=f"Story {n}",
            summary_html="<p>It happened.</p>",
            summary="It happened.",
            author="Ada",
            image_url=None,
            image_alt="",
            language="en",
            categories=(),
            published_at=datetime(2026, 11, 24, 8, 0, tzinfo=UTC),
        ),
        **values,
    )


def feed(*entries: Entry) -> Feed:
    return Feed(title="The Courier", entries=entries)


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    return make_newsletter(session)


@pytest.fixture
def source(session: Session, newsletter: Newsletter) -> Source:
    return make_source(session, newsletter)


def only(session: Session) -> Article:
    return session.scalars(select(Article)).one()


def topics_of(session: Session, article: Article) -> set[int]:
    return set(session.scalars(select(ArticleTopic.topic_id).where(ArticleTopic.article_id == article.id)))


def test_the_same_feed_again_changes_nothing(session: Session, source: Source, now: datetime) -> None:
    one = feed(entry(1, categories=("Energy",)), entry(2))
    assert ingest.store(session, source, one, now=now) == Stored(new=2, changed=0)
    assert ingest.store(session, source, one, now=now + timedelta(hours=1)) == Stored(new=0, changed=0)
    assert {row.changed_at for row in session.scalars(select(Article))} == {now}


def test_a_corrected_piece_follows_its_feed(session: Session, source: Source, now: datetime) -> None:
    ingest.store(session, source, feed(entry(1)), now=now)
    later = now + timedelta(hours=1)
    corrected = entry(1, title="Corrected", summary="Now right.", url="https://courier.example/moved")
    assert ingest.store(session, source, feed(corrected), now=later) == Stored(new=0, changed=1)
    article = only(session)
    assert (article.title, article.summary, article.changed_at) == ("Corrected", "Now right.", later)
    assert article.canonical_url == "https://courier.example/moved"


def test_a_new_guid_at_the_same_address_is_the_same_story(
    session: Session, source: Source, now: datetime
) -> None:
    ingest.store(session, source, feed(entry(1)), now=now)
    again = entry(9, url="http://courier.example/1/?utm_source=x")
    assert ingest.store(session, source, feed(again), now=now).new == 0
    assert only(session).title == "Story 9"


def test_an_article_never_takes_the_address_of_another(
    session: Session, source: Source, now: datetime
) -> None:
    ingest.store(session, source, feed(entry(1), entry(2)), now=now)
    ingest.store(session, source, feed(entry(1, url="https://courier.example/2")), now=now)
    rows = session.execute(select(Article.guid, Article.url).order_by(Article.guid))
    assert [tuple(row) for row in rows] == [
        ("story-1", "https://courier.example/1"),
        ("story-2", "https://courier.example/2"),
    ]


def test_a_feed_that_repeats_itself_makes_one_article(
    session: Session, source: Source, now: datetime
) -> None:
    doubled = feed(entry(1), entry(1), entry(2, url="https://courier.example/1#comments"))
    assert ingest.store(session, source, doubled, now=now).new == 1


def test_a_story_in_two_feeds_is_one_article_with_the_topics_of_both(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    science, energy = newsletter.topics
    front = make_source(session, newsletter, default_topic_id=science.id)
    section = make_source(session, newsletter, default_topic_id=energy.id)
    ingest.store(session, front, feed(entry(1)), now=now)
    assert ingest.store(session, section, feed(entry(7, url="https://courier.example/1")), now=now) == Stored(
        0, 0
    )
    assert only(session).title == "Story 1"
    assert topics_of(session, only(session)) == {science.id, energy.id}


@pytest.mark.parametrize(
    ("written", "believed"),
    [
        (None, timedelta(0)),
        (datetime(1, 1, 1, tzinfo=UTC), timedelta(0)),
        (datetime(1970, 1, 1, tzinfo=UTC), timedelta(0)),
        (datetime(2099, 1, 1, tzinfo=UTC), timedelta(0)),
        (datetime(2026, 11, 24, 12, 0, tzinfo=UTC), timedelta(hours=3)),
        (datetime(2026, 11, 23, 9, 0, tzinfo=UTC), timedelta(days=-1)),
    ],
)
def test_dates_are_believed_within_reason(
    written: datetime | None, believed: timedelta, now: datetime
) -> None:
    assert ingest.held_date(written, now=now) == now + believed


def test_the_date_moves_until_readers_were_offered_the_article(
    session: Session, source: Source, newsletter: Newsletter, now: datetime
) -> None:
    source.default_topic_id = newsletter.topics[0].id
    embargo, moved = now + timedelta(days=1), now - timedelta(days=2)
    ingest.store(session, source, feed(entry(1, published_at=embargo)), now=now)
    assert settling.settle(session, settle_minutes=0, now=now) == 0
    ingest.store(session, source, feed(entry(1, published_at=moved)), now=now)
    assert only(session).published_at == moved
    assert settling.settle(session, settle_minutes=0, now=now) == 1
    ingest.store(session, source, feed(entry(1, published_at=now)), now=now)
    assert only(session).published_at == moved


def test_an_unknown_category_waits_for_an_operator_and_the_default_topic_serves(
    session: Session, source: Source, newsletter: Newsletter, now: datetime
) -> None:
    source.default_topic_id = newsletter.topics[0].id
    ingest.store(session, source, feed(entry(1, categories=("Wind Power",))), now=now)
    ingest.store(session, source, feed(entry(2, categories=("WIND  POWER", "Trams"))), now=now)
    found = [(row.category, row.articles) for row in mapping.unmapped(session, newsletter.id)]
    assert found == [("Wind Power", 2), ("Trams", 1)]
    assert queries.count_unmapped(session, newsletter.id) == 2
    assert {row.topic_id for row in session.scalars(select(ArticleTopic))} == {newsletter.topics[0].id}
    assert session.scalar(select(func.count()).where(ArticleTopic.eligible_seq.is_not(None))) == 0


def test_mapped_categories_lead_to_topics(
    session: Session, source: Source, newsletter: Newsletter, now: datetime
) -> None:
    science, energy = newsletter.topics
    names = ("Wind", "Lab", "Gossip")
    categories = mapping.learn_categories(session, newsletter.id, names, now=now)
    mapping.map_category(session, categories.by_key["wind"].id, energy.id, False, now=now)
    mapping.map_category(session, categories.by_key["lab"].id, science.id, False, now=now)
    mapping.map_category(session, categories.by_key["gossip"].id, None, True, now=now)
    ingest.store(session, source, feed(entry(1, categories=("WIND", "lab", "gossip"))), now=now)
    assert topics_of(session, only(session)) == {science.id, energy.id}
    assert only(session).categories == ["Wind", "Lab", "Gossip"]
    assert mapping.unmapped(session, newsletter.id) == []
    assert [row.category for row in mapping.list_mapped(session, newsletter.id)] == ["Gossip", "Lab", "Wind"]


def test_late_mapping_brings_past_articles_into_the_topic_with_a_later_number(
    session: Session, source: Source, newsletter: Newsletter, now: datetime
) -> None:
    science, energy = newsletter.topics
    source.default_topic_id = science.id
    ingest.store(session, source, feed(entry(1, categories=("Wind",)), entry(2)), now=now)
    settling.settle(session, settle_minutes=0, now=now)
    before = settling.cutoff(session)
    row = session.scalars(select(CategoryMapping)).one()
    assert mapping.map_category(session, row.id, energy.id, False, now=now) == 1
    assert settling.settle(session, settle_minutes=0, now=now) == 1
    late = session.scalars(select(ArticleTopic).where(ArticleTopic.eligible_seq > before)).one()
    assert (late.article.title, late.topic_id) == ("Story 1", energy.id)


def test_a_corrected_mapping_moves_articles_unless_something_else_keeps_them(
    session: Session, source: Source, newsletter: Newsletter, now: datetime
) -> None:
    science, energy = newsletter.topics
    both = entry(2, categories=("Wind", "Sun"))
    ingest.store(session, source, feed(entry(1, categories=("Wind",)), both), now=now)
    wind, sun = session.scalars(select(CategoryMapping).order_by(CategoryMapping.category.desc()))
    mapping.map_category(session, wind.id, energy.id, False, now=now)
    mapping.map_category(session, sun.id, energy.id, False, now=now)
    mapping.map_category(session, wind.id, science.id, False, now=now)
    one, two = session.scalars(select(Article).order_by(Article.guid))
    assert topics_of(session, one) == {science.id}
    assert topics_of(session, two) == {science.id, energy.id}


def test_a_category_cannot_lead_to_another_newsletters_topic(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    other = make_newsletter(session)
    categories = mapping.learn_categories(session, newsletter.id, ["Wind"], now=now)
    with pytest.raises(InvalidInput):
        mapping.map_category(session, categories.by_key["wind"].id, other.topics[0].id, False, now=now)
    with pytest.raises(NotFound):
        mapping.map_category(session, 999_999, None, False, now=now)


def test_a_withdrawn_article_is_in_no_pool_and_comes_back_restored(
    session: Session, source: Source, newsletter: Newsletter, now: datetime
) -> None:
    topic = newsletter.topics[0]
    article = make_article(session, source, topic, seq=5)
    waiting = make_article(session, source, topic)

    def on_offer() -> list[int]:
        found = pool.load_window(
            session, newsletter, rhythm=Rhythm.WEEKLY, after_seq=0, until_seq=99, seed="", now=now
        )
        return [entry.article_id for entry in found]

    assert on_offer() == [article.id]
    withdrawal.withdraw(session, article.id, actor="operator 1", now=now)
    withdrawal.withdraw(session, waiting.id, actor="operator 1", now=now)
    assert on_offer() == []
    assert settling.settle(session, settle_minutes=0, now=now) == 0
    withdrawal.restore(session, article.id, actor="operator 1", now=now)
    assert on_offer() == [article.id]
    with pytest.raises(NotFound):
        withdrawal.withdraw(session, 999_999, actor="operator 1", now=now)
