"""The same story in five feeds, and feeds that give everything a new GUID."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles import ingest, stories
from service.articles.entries import Entry, Feed
from service.articles.models import Article, Source
from service.db import Sessions, transaction
from service.newsletters.models import Newsletter
from tests.factories import make_newsletter, make_source

HARBOUR = (
    "The harbour authority has opened the eastern basin two weeks early after the mildest winter on record, "
    "and the first ferry of the season left for the islands at noon with ninety people and a brass band."
)
COUNCIL = (
    "Councillors voted on Monday to keep the night buses running until spring although the costs have grown "
    "by a third since the last contract was signed with the operator in the neighbouring town."
)


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    return make_newsletter(session)


def entry(n: int, summary: str, *, title: str = "Harbour opens early", **values: object) -> Entry:
    return Entry(
        **{
            "guid": f"guid-{n}",
            "url": f"https://courier.example/{n}",
            "title": title,
            "summary_html": "",
            "summary": summary,
            "author": None,
            "image_url": None,
            "image_alt": "",
            "language": "en",
            "categories": (),
            "published_at": None,
            **values,
        }
    )


def take(session: Session, source: Source, *entries: Entry, now: datetime) -> list[int]:
    ingest.store(session, source, Feed(title="", entries=entries), now=now)
    while stories.fold_new(session, now=now):
        pass
    guids = [each.guid for each in entries]
    rows = session.scalars(select(Article).where(Article.source_id == source.id, Article.guid.in_(guids)))
    return sorted(row.id for row in rows)


def story_ids(session: Session) -> list[int]:
    session.expire_all()
    return [row.story_id or row.id for row in session.scalars(select(Article).order_by(Article.id))]


def test_the_same_piece_in_five_feeds_is_one_story(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    for n in range(5):
        source = make_source(session, newsletter)
        lead = "" if n == 0 else f"Report {n}: "
        take(session, source, entry(n, lead + HARBOUR), now=now + timedelta(hours=n))
    take(session, make_source(session, newsletter), entry(9, COUNCIL, title="Buses run on"), now=now)

    *harbour, council = story_ids(session)

    assert len(set(harbour)) == 1
    assert council != harbour[0]


def test_a_feed_that_gives_everything_a_new_guid_and_address_brings_nothing_new(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    source = make_source(session, newsletter)
    take(session, source, entry(1, HARBOUR), entry(2, COUNCIL, title="Night buses run on"), now=now)
    later = now + timedelta(days=70)

    take(session, source, entry(11, HARBOUR), entry(12, COUNCIL, title="Night buses run on"), now=later)

    harbour, council, harbour_again, council_again = story_ids(session)
    assert (harbour_again, council_again) == (harbour, council)
    assert harbour != council


def test_an_article_that_joins_two_stories_makes_them_one(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    words = HARBOUR.split()
    source = make_source(session, newsletter)
    take(session, source, entry(1, " ".join(words[:24]), title="Early harbour"), now=now)
    take(session, source, entry(2, " ".join(words[12:]), title="Brass band at noon"), now=now)
    assert len(set(story_ids(session))) == 2

    take(session, source, entry(3, " ".join(words), title="Ferries"), now=now)

    assert len(set(story_ids(session))) == 1
    assert stories.story_of(session, [1, 2, 3]).keys() <= {1, 2, 3}


def test_a_column_that_resembles_itself_every_day_is_not_one_story_for_ever(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    source = make_source(session, newsletter)
    for day in range(40):
        moment = now + timedelta(days=day)
        weather = f"{HARBOUR} Forecast {day}: wind {day * 7} and {day * 11} knots, tide {day * 13} metres."
        take(session, source, entry(day, weather, title=f"Forecast for day {day}"), now=moment)

    assert len(set(story_ids(session))) >= 4


def test_a_correction_is_compared_again(session: Session, newsletter: Newsletter, now: datetime) -> None:
    take(session, make_source(session, newsletter), entry(1, HARBOUR), now=now)
    other = make_source(session, newsletter)
    take(session, other, entry(2, COUNCIL, title="Buses"), now=now)
    assert len(set(story_ids(session))) == 2

    take(session, other, entry(2, HARBOUR, title="Buses"), now=now)

    assert len(set(story_ids(session))) == 1


def test_the_address_that_a_feed_calls_canonical_is_the_story(
    session: Session, newsletter: Newsletter, now: datetime
) -> None:
    original = entry(1, HARBOUR, url="http://courier.example/harbour/?utm_source=feed")
    copy = entry(2, COUNCIL, url="https://partner.example/9", canonical="https://courier.example/harbour")
    take(session, make_source(session, newsletter), original, now=now)
    take(session, make_source(session, newsletter), copy, now=now)

    assert len(story_ids(session)) == 1


def test_newsletters_have_their_own_stories(session: Session, now: datetime) -> None:
    for _ in range(2):
        take(session, make_source(session, make_newsletter(session)), entry(1, HARBOUR), now=now)

    assert len(set(story_ids(session))) == 2


def test_batches_find_each_other_and_nothing_is_looked_at_twice(
    session: Session,
    sessions: Sessions,
    newsletter: Newsletter,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stories, "AT_MOST", 3)
    source = make_source(session, newsletter)
    entries = [entry(n, f"{HARBOUR} {n}") for n in range(8)]
    ingest.store(session, source, Feed(title="", entries=tuple(entries)), now=now)
    session.commit()

    assert stories.fold_waiting(sessions, now=now) == 8
    assert stories.fold_waiting(sessions, now=now) == 0
    assert len(set(story_ids(session))) == 1


def test_folders_and_pollers_at_once_lose_nothing(committing: Sessions, now: datetime) -> None:
    with transaction(committing) as session:
        newsletter = make_newsletter(session)
        sources = [make_source(session, newsletter) for _ in range(4)]
    started = threading.Barrier(4)

    def poll(n: int) -> None:
        started.wait()
        for round_ in range(5):
            with transaction(committing) as session:
                source = session.get_one(Source, sources[n].id)
                summary = f"{HARBOUR} {round_}"
                ingest.store(session, source, Feed("", (entry(n * 10 + round_, summary),)), now=now)
            stories.fold_waiting(committing, now=now)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(poll, range(4)))

    with committing() as session:
        assert len(story_ids(session)) == 20
        assert len(set(story_ids(session))) == 1
