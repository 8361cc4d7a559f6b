"""Feeds, settlers, operators and planners at once: every article reaches every reader once."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles import ingest, mapping, settling
from service.articles.entries import Entry, Feed
from service.articles.models import Article, ArticleTopic, CategoryMapping, Source
from service.db import Sessions
from service.delivery.models import Message, MessageState
from service.digests import planning
from service.newsletters.models import Rhythm, Topic
from service.recipes.models import Recipe
from service.subscribers.models import Subscription
from tests.factories import make_newsletter, make_source
from tests.integration.digests.worlds import LINKS, NOW, make_due

SETTLE_MINUTES = 30
DAY = timedelta(days=1)
#: Of each feed; all of them fit into one digest.
STORIES = 6


def entry(name: str, *, published_at: datetime, category: str = "Known", title: str = "") -> Entry:
    return Entry(
        guid=name,
        url=f"https://courier.example/{name}",
        title=title or f"The story of {name}",
        summary_html=f"<p>All about {name}.</p>",
        summary=f"All about {name}.",
        author=None,
        image_url=None,
        image_alt="",
        language="en",
        categories=(category,),
        published_at=published_at,
    )


def store(sessions: Sessions, source: Source, *entries: Entry, now: datetime) -> None:
    with sessions.begin() as session:
        ingest.store(session, session.get_one(Source, source.id), Feed("Feed", entries), now=now)


def make_house(session: Session, *, readers: int, feeds: int) -> list[Source]:
    """A newsletter of two topics, whose category "Known" leads to the first."""
    newsletter = make_newsletter(session, min_items=1, max_items=14)
    categories = mapping.learn_categories(session, newsletter.id, ["Known", "Late"], now=NOW)
    mapping.map_category(session, categories.by_key["known"].id, newsletter.topics[0].id, False, now=NOW)
    for _ in range(readers):
        make_due(session, newsletter, rhythm=Rhythm.DAILY)
    return [make_source(session, newsletter) for _ in range(feeds)]


def read(session: Session) -> dict[int, Counter[str]]:
    """How often each story reached each reader."""
    guids = dict(session.execute(select(Article.id, Article.guid)).all())
    had: dict[int, Counter[str]] = {key: Counter() for key in session.scalars(select(Subscription.id))}
    rows = session.execute(
        select(Message.subscription_id, Recipe.article_ids)
        .join(Recipe, Recipe.id == Message.recipe_id)
        .where(Message.state == MessageState.SENT)
    )
    for subscription_id, article_ids in rows:
        had[subscription_id or 0].update(guids[key] for key in article_ids)
    return had


def send_all(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for message in session.scalars(select(Message).where(Message.state == MessageState.PLANNED)):
            message.state = MessageState.SENT


@pytest.mark.parametrize(
    ("published", "changed_to"),
    [
        (timedelta(minutes=-4), None),
        (timedelta(days=-20), None),
        (timedelta(hours=30), None),
        (timedelta(minutes=-4), timedelta(minutes=-1)),
        (timedelta(minutes=-40), timedelta(days=-9)),
        (timedelta(days=-2), timedelta(hours=2)),
        (timedelta(days=-2), timedelta(days=2)),
    ],
    ids=["minutes before", "back-dated", "embargo", "corrected", "back", "forward", "forward for days"],
)
def test_an_article_around_the_cut_off_is_in_one_digest(
    session: Session, sessions: Sessions, published: timedelta, changed_to: timedelta | None
) -> None:
    [source] = make_house(session, readers=1, feeds=1)
    session.commit()
    came = NOW - timedelta(minutes=3)
    store(sessions, source, entry("it", published_at=NOW + published), now=came)

    for day in range(5):
        now = NOW + day * DAY
        with sessions.begin() as own:
            settling.settle(own, settle_minutes=SETTLE_MINUTES, now=now)
        planning.plan_due(sessions, links=LINKS, now=now)
        send_all(sessions)
        if changed_to is not None and day < 2:
            new = entry("it", published_at=NOW + changed_to, title=f"Corrected for the {day + 1}. time")
            store(sessions, source, new, now=now + timedelta(minutes=10))

    session.expire_all()
    assert list(read(session).values()) == [Counter({"it": 1})]


def test_a_category_mapped_while_a_feed_is_being_stored_takes_those_articles_along(
    committing: Sessions,
) -> None:
    with committing.begin() as session:
        [source] = make_house(session, readers=0, feeds=1)
        energy = session.scalars(select(Topic.id).where(Topic.slug == "energy")).one()
        late = session.scalars(select(CategoryMapping.id).where(CategoryMapping.category == "Late")).one()

    def map_late() -> None:
        with committing.begin() as session:
            mapping.map_category(session, late, energy, False, now=NOW)

    with ThreadPoolExecutor(1) as pool, committing() as storing:
        came = entry("it", published_at=NOW, category="Late")
        ingest.store(storing, storing.get_one(Source, source.id), Feed("Feed", (came,)), now=NOW)
        mapped = pool.submit(map_late)
        # Long enough for a mapping that does not wait.
        wait([mapped], timeout=0.3)
        storing.commit()
        mapped.result(timeout=10)

    with committing() as session:
        assert session.scalars(select(ArticleTopic.topic_id)).all() == [energy]


def test_nobody_loses_an_article_however_feeds_settlers_operators_and_planners_race(
    committing: Sessions,
) -> None:
    with committing.begin() as session:
        sources = make_house(session, readers=3, feeds=2)
        late_topic = session.scalars(select(Topic.id).where(Topic.slug == "energy")).one()
        late = session.scalars(select(CategoryMapping.id).where(CategoryMapping.category == "Late")).one()
    stop, day = threading.Event(), iter(range(1000))

    def publish(number: int) -> None:
        for n in range(STORIES):
            name = f"{number}-{n}"
            published_at = NOW - timedelta(days=n)
            came = entry(name, published_at=published_at, category="Late" if n % 2 else "Known")
            store(committing, sources[number], came, now=NOW)
            store(committing, sources[number], replace(came, title=f"Corrected: {name}"), now=NOW)

    def map_late() -> None:
        time.sleep(0.05)
        with committing.begin() as session:
            mapping.map_category(session, late, late_topic, False, now=NOW)

    def settle() -> None:
        with committing.begin() as session:
            settling.settle(session, settle_minutes=0, now=NOW + DAY)
            # Others read cut-offs while these numbers are not there yet.
            time.sleep(0.005)

    def plan(luck: random.Random) -> None:
        planning.plan_due(committing, links=LINKS, now=NOW + next(day) * DAY)
        with committing.begin() as session:
            for message in session.scalars(select(Message).where(Message.state == MessageState.PLANNED)):
                # Half of them meet a reader who pauses for a moment, or a relay that refuses.
                message.state = luck.choice([MessageState.SENT, MessageState.CANCELLED])

    with ThreadPoolExecutor(6) as pool:
        going_on = [pool.submit(until, stop, settle) for _ in range(2)]
        going_on.append(pool.submit(until, stop, partial(plan, random.Random(1))))
        try:
            for work in [pool.submit(publish, 0), pool.submit(publish, 1), pool.submit(map_late)]:
                work.result()
        finally:
            stop.set()
        for work in going_on:
            work.result()
    settle()
    for _ in range(3):
        planning.plan_due(committing, links=LINKS, now=NOW + next(day) * DAY)
        send_all(committing)

    with committing() as session:
        everything = Counter(f"{number}-{n}" for number in range(2) for n in range(STORIES))
        assert list(read(session).values()) == [everything] * 3


def until(stop: threading.Event, work: Callable[[], None]) -> None:
    while not stop.is_set():
        work()
        time.sleep(0.002)
