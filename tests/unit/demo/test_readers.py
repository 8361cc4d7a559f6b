from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

from email_validator import validate_email

from service.demo.clicks import SLOTS, plan_clicks
from service.demo.publication import load_publication
from service.demo.readers import RESERVED_DOMAINS, invent_readers
from service.newsletters.models import Rhythm

TOPICS = [topic.slug for topic in load_publication().topics]
AGES = [article.age for article in load_publication().articles]
READERS = invent_readers(TOPICS)
CLICKS = plan_clicks(AGES)


def test_readers_live_at_reserved_domains_only_and_have_valid_addresses() -> None:
    assert set(RESERVED_DOMAINS) == {"example.org", "example.com", "example.net"}
    for reader in READERS:
        assert reader.address.rpartition("@")[2] in RESERVED_DOMAINS
        assert validate_email(reader.address, check_deliverability=False).normalized == reader.address


def test_nobody_is_invented_twice() -> None:
    many = invent_readers(TOPICS, count=2_000, seed=7)
    assert len({reader.address.casefold() for reader in many}) == 2_000


def test_every_reader_asked_for_something_that_exists() -> None:
    for reader in READERS:
        assert reader.topics
        assert set(reader.topics) <= set(TOPICS)
        assert len(set(reader.topics)) == len(reader.topics)
        assert 1 <= reader.weekday <= 7
        assert 0 <= reader.hour <= 23
        assert ZoneInfo(reader.time_zone)


def test_readers_differ_as_readers_do() -> None:
    liked = Counter(topic for reader in READERS for topic in reader.topics)
    rhythms = Counter(reader.rhythm for reader in READERS)
    assert len(READERS) == 300
    assert liked[TOPICS[0]] > 2 * liked[TOPICS[-1]] > 0
    assert rhythms[Rhythm.WEEKLY] > rhythms[Rhythm.DAILY] > rhythms[Rhythm.MONTHLY] > 0
    assert len({reader.time_zone for reader in READERS}) >= 10
    assert {reader.announcements for reader in READERS} == {True, False}


def test_fewer_topics_than_a_reader_wants_are_no_trouble() -> None:
    assert {reader.topics for reader in invent_readers(["only"], count=50)} == {("only",)}


def test_the_same_seed_gives_the_same_readers_and_clicks() -> None:
    assert invent_readers(TOPICS) == READERS
    assert invent_readers(TOPICS, seed=2) != READERS
    assert plan_clicks(AGES) == CLICKS
    assert plan_clicks(AGES, seed=2) != CLICKS


def test_clicks_come_after_publication_and_before_now() -> None:
    for click in CLICKS:
        assert 0 < click.hours_ago <= AGES[click.article] / timedelta(hours=1)
        assert click.slot in SLOTS
        assert 0 <= click.visitor < 300


def test_nobody_clicks_an_article_twice() -> None:
    assert len({(click.article, click.visitor) for click in CLICKS}) == len(CLICKS)


def test_a_few_articles_are_far_more_popular_than_the_rest() -> None:
    counts = sorted(Counter(click.article for click in CLICKS).values(), reverse=True)
    assert counts[0] > 8 * counts[len(counts) // 2]
    slots = Counter(click.slot for click in CLICKS)
    assert slots[1] > slots[5] > 0
    assert slots[1] > 2 * slots[10]


def test_few_visitors_bound_the_clicks() -> None:
    assert max(Counter(click.article for click in plan_clicks(AGES, visitors=5)).values()) <= 5
