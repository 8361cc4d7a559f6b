"""Feeds as they are: late, back-dated, corrected, copied, republished, without dates; each story once."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles import ingest, settling, stories
from service.articles.entries import Entry, Feed
from service.articles.models import Article, Source
from service.db import Sessions
from service.delivery.models import Mailing, Message, MessageState
from service.digests import planning
from service.newsletters.models import Newsletter
from tests.factories import make_newsletter, make_source, make_subscription
from tests.integration.digests.worlds import LINKS, NOW, articles_of, make_due

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
SETTLE = 30


def entry(name: str, **values: object) -> Entry:
    words = " ".join(f"{name}{n}" for n in range(40))
    return Entry(
        **{
            "guid": name,
            "url": f"https://courier.example/{name}",
            "title": f"About {name}",
            "summary_html": "",
            "summary": words,
            "author": None,
            "image_url": None,
            "image_alt": "",
            "language": "en",
            "categories": (),
            "published_at": NOW - DAY,
            **values,
        }
    )


class Desk:
    """Polls, folds, settles and plans, as the tasks do."""

    def __init__(self, session: Session, sessions: Sessions, newsletter: Newsletter) -> None:
        self.session, self.sessions, self.newsletter = session, sessions, newsletter
        topic = newsletter.topics[0].id
        self.sources = [make_source(session, newsletter, default_topic_id=topic) for _ in range(5)]

    def poll(self, *entries: Entry, source: Source | None = None, now: datetime = NOW) -> None:
        ingest.store(self.session, source or self.sources[0], Feed("", entries), now=now)
        self.session.commit()
        stories.fold_waiting(self.sessions, now=now)

    def plan(self, *, now: datetime = NOW) -> None:
        settling.settle(self.session, settle_minutes=SETTLE, now=now)
        self.session.commit()
        planning.plan_due(self.sessions, links=LINKS, now=now)
        for message in self.session.scalars(select(Message).where(Message.state == MessageState.PLANNED)):
            message.state = MessageState.SENT
        self.session.commit()

    def titles(self, reader: object) -> list[set[str]]:
        names = {row.id: row.title.removeprefix("About ") for row in self.session.scalars(select(Article))}
        digests = articles_of(self.session, reader)  # type: ignore[arg-type]  # a subscription
        return [{names[article_id] for article_id in ids} for ids in digests]


@pytest.fixture
def desk(session: Session, sessions: Sessions) -> Desk:
    return Desk(session, sessions, make_newsletter(session, min_items=1, topics=("Science",)))


def test_what_comes_minutes_before_the_cut_off_is_in_the_next_digest(desk: Desk) -> None:
    reader = make_due(desk.session, desk.newsletter)
    desk.poll(entry("early", published_at=NOW - timedelta(minutes=31)), now=NOW - timedelta(minutes=31))
    desk.poll(entry("late", published_at=NOW - timedelta(minutes=3)), now=NOW - timedelta(minutes=2))
    desk.plan()
    desk.plan(now=NOW + WEEK)

    assert desk.titles(reader) == [{"early"}, {"late"}]


def test_what_is_back_dated_or_under_an_embargo_comes_when_it_is_there(desk: Desk) -> None:
    reader = make_due(desk.session, desk.newsletter)
    desk.poll(entry("plain"), entry("embargo", published_at=NOW + 2 * DAY))
    desk.plan()
    desk.poll(entry("back-dated", published_at=NOW - 300 * DAY), now=NOW + DAY)
    desk.plan(now=NOW + WEEK)
    desk.plan(now=NOW + 2 * WEEK)

    assert desk.titles(reader) == [{"plain"}, {"back-dated", "embargo"}]


def test_a_correction_before_and_after_the_cut_off_is_no_new_article(desk: Desk) -> None:
    reader = make_due(desk.session, desk.newsletter)
    desk.poll(entry("tide", title="About tite"), entry("other"))
    desk.poll(entry("tide"), entry("other"))
    desk.plan()
    desk.poll(entry("tide", title="About tide, corrected", summary="All new words."), now=NOW + DAY)
    desk.poll(entry("next"), now=NOW + DAY)
    desk.plan(now=NOW + WEEK)

    assert [len(each) for each in desk.titles(reader)] == [2, 1]
    assert desk.titles(reader)[1] == {"next"}


def test_the_same_story_in_five_feeds_comes_once_and_a_copy_next_week_does_not_either(desk: Desk) -> None:
    reader = make_due(desk.session, desk.newsletter)
    for n, source in enumerate(desk.sources[:4]):
        copy = entry("storm", guid=f"s{n}", url=f"https://house{n}.example/storm", title=f"Storm {n}")
        desk.poll(copy, source=source)
    desk.plan()
    fifth = entry("storm", guid="s5", url="https://house5.example/storm", title="The storm", published_at=NOW)
    desk.poll(fifth, entry("calm"), source=desk.sources[4], now=NOW + DAY)
    desk.plan(now=NOW + WEEK)

    first, second = desk.titles(reader)
    assert len(first) == 1
    assert second == {"calm"}


def test_a_feed_that_republishes_everything_under_new_guids_repeats_nothing(desk: Desk) -> None:
    reader = make_due(desk.session, desk.newsletter)
    names = [f"piece{n}" for n in range(6)]
    for week in range(16):
        copies = [
            entry(name, guid=f"{name} {week}", url=f"https://courier.example/{week}/{name}") for name in names
        ]
        moment = NOW + week * WEEK - timedelta(hours=2)
        desk.poll(*copies, entry(f"news{week}", published_at=moment), now=moment)
        desk.plan(now=NOW + week * WEEK)

    had = Counter(title for digest in desk.titles(reader) for title in digest)
    assert had == Counter([*names, *(f"news{week}" for week in range(16))])


def test_a_story_found_to_be_one_after_both_were_sent_stays_sent(desk: Desk) -> None:
    reader = make_due(desk.session, desk.newsletter)
    desk.poll(entry("dam"), entry("flood"))
    desk.plan()
    one, other = desk.session.scalars(select(Article).order_by(Article.id))
    other.story_id = one.story_id = one.id
    desk.poll(entry("dam", guid="dam again", url="https://house2.example/dam"), entry("sun"), now=NOW + DAY)
    desk.plan(now=NOW + WEEK)

    assert desk.titles(reader) == [{"dam", "flood"}, {"sun"}]


@pytest.mark.parametrize("topics", [1, 500])
def test_no_articles_and_articles_without_anything_end_in_a_digest_or_a_visible_skip(
    session: Session, sessions: Sessions, topics: int
) -> None:
    names = tuple(f"Topic {n}" for n in range(topics))
    desk = Desk(session, sessions, make_newsletter(session, min_items=3, topics=names))
    everything = make_due(session, desk.newsletter)
    nothing = make_due(session, desk.newsletter, topic_ids=[])
    desk.plan()
    bare = {"summary": "", "author": None, "image_url": None}
    dates = (None, datetime(1970, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC), NOW - DAY)
    desk.poll(*(entry(f"bare{n}", published_at=date, **bare) for n, date in enumerate(dates)))
    desk.plan(now=NOW + WEEK)

    reasons = session.scalars(select(Message.reason).where(Message.state == MessageState.SKIPPED)).all()
    assert reasons == ["too_few", "too_few"]
    for reader in (everything, nothing):
        assert desk.titles(reader) == [{"bare0", "bare1", "bare2", "bare3"}]
    planning.plan_due(sessions, links=LINKS, now=NOW + 3 * WEEK)
    session.expire_all()
    first = session.scalars(select(Mailing).order_by(Mailing.id)).first()
    assert first is not None
    assert first.planned, "an edition without a digest closes like any other"


def test_a_reader_who_comes_to_a_topic_late_gets_nothing_of_it_twice(desk: Desk) -> None:
    reader = make_subscription(
        desk.session, desk.newsletter, next_due_at=NOW, weekday=2, hour=9, topic_ids=[]
    )
    desk.poll(entry("a"), entry("b"))
    desk.plan()
    reader.topic_ids = [desk.newsletter.topics[0].id]
    desk.poll(entry("c"), now=NOW + DAY)
    desk.plan(now=NOW + WEEK)

    assert desk.titles(reader) == [{"a", "b"}, {"c"}]
