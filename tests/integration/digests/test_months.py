"""Months of news, readers who change their minds, clock changes and the turn of the year: never twice."""

import random
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.articles.models import Article, ArticleTopic, Source
from service.db import Sessions
from service.delivery import mailings
from service.delivery.accounting import accounts
from service.delivery.models import Mailing, MailingState, Message, MessageState, Stream
from service.digests import first, planning
from service.newsletters.models import Newsletter, Rhythm
from service.recipes.models import Recipe
from service.subscribers import schedule
from service.subscribers.models import Subscription, SubscriptionState
from tests.factories import make_article, make_newsletter, make_source, make_subscription
from tests.integration.digests.worlds import LINKS

#: The clocks go back in Berlin on the 25th and in New York on the 1st; 2026 has 53 weeks.
START, DAYS = datetime(2026, 10, 20, 6, tzinfo=UTC), 80
ZONES = ("Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Pacific/Niue", "Asia/Kolkata")


class World:
    """News every day, a tick every day, and readers who change what they want."""

    def __init__(self, session: Session, sessions: Sessions, *, seed: int) -> None:
        self.session, self.sessions, self.luck = session, sessions, random.Random(seed)
        self.newsletter: Newsletter = make_newsletter(session, topics=("Science", "Energy", "Law", "Sport"))
        self.source: Source = make_source(session, self.newsletter)
        self.seq = 0
        self.articles: list[Article] = []
        self.readers: list[Subscription] = [self._reader() for _ in range(6)]

    def live_through(self, now: datetime) -> None:
        self.publish(now)
        for reader in self.readers:
            self.session.refresh(reader)
            if self.luck.random() < 0.06:
                self.change_mind(reader, now=now)
        self.session.commit()
        # Now and then beat is down for a day: whoever was due meanwhile is caught up once, or told.
        for hours in (0, 8, 16) if self.luck.random() > 0.1 else (16,):
            then = now + timedelta(hours=hours)
            first.plan_first(self.sessions, links=LINKS, now=then)
            planning.plan_due(self.sessions, links=LINKS, now=then)
            self.deliver()
            self.session.expire_all()
            assert all(
                reader.next_due_at is not None and reader.next_due_at > then for reader in self.readers
            )

    def publish(self, now: datetime) -> None:
        topics = self.newsletter.topics
        for _ in range(self.luck.choice([0, 1, 2, 4])):
            topic = self.luck.choice(topics)
            article = make_article(self.session, self.source, topic, seq=self.next_seq(), published_at=now)
            self.articles.append(article)
        if self.articles and self.luck.random() < 0.1:
            # An operator maps an old category to one more topic.
            late = self.luck.choice(self.articles)
            topic = self.luck.choice(topics)
            if self.session.get(ArticleTopic, (late.id, topic.id)) is None:
                row = ArticleTopic(article_id=late.id, topic_id=topic.id, mapped_at=now, settled_at=now)
                row.eligible_seq = self.next_seq()
                self.session.add(row)

    def next_seq(self) -> int:
        self.seq += 1
        return self.seq

    def change_mind(self, reader: Subscription, *, now: datetime) -> None:
        reader.topic_ids = self._topics()
        reader.rhythm = self.luck.choice([rhythm for rhythm in Rhythm if rhythm is not Rhythm.FIRST])
        reader.weekday, reader.hour = self.luck.randint(1, 7), self.luck.randint(0, 23)
        reader.time_zone = self.luck.choice(ZONES)
        reader.next_due_at = schedule.next_due(
            reader.rhythm,
            weekday=reader.weekday,
            hour=reader.hour,
            time_zone=reader.time_zone,
            after=now,
        )

    def deliver(self) -> None:
        """Most mails arrive; some fail, expire, or nobody knows."""
        for message in self.session.scalars(select(Message).where(Message.state == MessageState.PLANNED)):
            message.state = self.luck.choices(
                [MessageState.SENT, MessageState.FAILED, MessageState.EXPIRED, MessageState.UNKNOWN],
                weights=[90, 4, 3, 3],
            )[0]
        self.session.commit()

    def _reader(self) -> Subscription:
        reader = make_subscription(
            self.session, self.newsletter, topic_ids=self._topics(), first_digest_pending=True
        )
        self.change_mind(reader, now=START)
        return reader

    def _topics(self) -> list[int]:
        topic_ids = [topic.id for topic in self.newsletter.topics]
        return sorted(self.luck.sample(topic_ids, self.luck.randint(1, 4)))


@pytest.mark.parametrize("seed", [2])
def test_over_months_nobody_reads_an_article_twice(seed: int, session: Session, sessions: Sessions) -> None:
    world = World(session, sessions, seed=seed)

    for step in range(DAYS):
        world.live_through(START + timedelta(days=step))

    had: dict[int, Counter[int]] = defaultdict(Counter)
    days: dict[int, Counter[date]] = defaultdict(Counter)
    mails = session.execute(
        select(Message, Recipe)
        .join(Recipe, Recipe.id == Message.recipe_id)
        .where(Message.state.in_([MessageState.SENT, MessageState.UNKNOWN]))
    ).all()
    for message, recipe in mails:
        had[message.subscription_id or 0].update(recipe.article_ids)
        days[message.subscription_id or 0][recipe.content["issue_date"]] += 1
    assert len(mails) > 50
    assert {count for reader in had.values() for count in reader.values()} == {1}
    assert {count for reader in days.values() for count in reader.values()} == {1}
    for reader in world.readers:
        session.refresh(reader)
        reader.state = SubscriptionState.UNSUBSCRIBED
    session.commit()
    planning.plan_due(sessions, links=LINKS, now=START + timedelta(days=DAYS + 40))
    mailings.close_finished(session, now=START + timedelta(days=DAYS + 40))
    assert_all_finished(session)


def assert_all_finished(session: Session) -> None:
    session.expire_all()
    for mailing in session.scalars(select(Mailing).where(Mailing.stream == Stream.DIGEST)):
        account = accounts(session, [mailing.id])[mailing.id]
        assert account.adds_up
        assert account.pending == 0
        assert (mailing.planned, mailing.state) == (True, MailingState.FINISHED)
