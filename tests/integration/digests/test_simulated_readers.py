"""Readers who change their minds, pause and move through ten weeks, with beat down now and then.

Every promise that the preference page makes is checked against a paper calendar: kept once, told when it is
not, and never twice on one day.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker

from service.db import Sessions
from service.delivery.models import Mailing, Message, MessageState, Stream
from service.digests import planning, slots
from service.digests.models import Edition, Run
from service.newsletters.models import Rhythm
from service.recipes.models import Recipe
from service.subscribers import preferences, schedule
from service.subscribers.choices import RHYTHMS, Choices
from service.subscribers.consent import Circumstances
from service.subscribers.models import Subscription
from tests import slow_calendar
from tests.factories import make_article, make_newsletter, make_source, make_subscription
from tests.integration.digests.worlds import LINKS

#: Over the end of summer time in Europe and America, and the turn of a year with 53 weeks.
START, DAYS = datetime(2026, 10, 23, tzinfo=UTC), 76
READERS = 3
MIN_ITEMS = 2
BY_PAGE = Circumstances(channel="preferences")

wishes = st.tuples(
    st.sampled_from(list(RHYTHMS)),
    st.integers(1, 7),
    st.integers(0, 23),
    st.sampled_from(
        ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Pacific/Niue", "Asia/Kathmandu"]
    ),
    st.integers(MIN_ITEMS, 9),
)
#: (minute, reader, what: other choices, days of pause, or the end of one)
changes = st.tuples(
    st.integers(0, DAYS * 24 * 60),
    st.integers(0, READERS - 1),
    st.one_of(wishes, wishes, st.integers(1, 20), st.none()),
)
#: (hour, for how many hours)
outages = st.tuples(st.integers(0, DAYS * 24), st.one_of(st.integers(1, 14), st.integers(15, 140)))


@dataclass
class Record:
    """What one reader was promised and got, kept beside the database."""

    wish: tuple[Rhythm, int, int, str, int]
    promise: datetime
    paused_until: date | None = None
    last: date | None = None
    editions: set[tuple[Rhythm, str]] = field(default_factory=set)
    read_to: int = 0

    def today(self, now: datetime) -> date:
        return now.astimezone(ZoneInfo(self.wish[3])).date()

    def period(self, slot: datetime) -> tuple[Rhythm, str]:
        return self.wish[0], schedule.period_of(self.today(slot), rhythm=self.wish[0])

    def first_slot(self, now: datetime) -> datetime:
        """The first on a day without a digest, of an edition that the reader is not in, after any pause."""
        for slot in slow_calendar.slots(*self.wish[:4], since=now.date()):
            day = self.today(slot)
            early = slot <= now or (self.paused_until is not None and day < self.paused_until)
            if not (early or (self.last and day <= self.last) or self.period(slot) in self.editions):
                return slot
        raise AssertionError

    def expected(self, now: datetime) -> datetime:
        """What a change must promise: what is due and not in vain, or the first slot."""
        first, owed, today = self.first_slot(now), self.promise, self.today(now)
        paused = self.paused_until is not None and today < self.paused_until
        served = (self.last is not None and self.last >= today) or self.period(owed) in self.editions
        in_vain = owed > now or paused or served or self.period(owed) == self.period(first)
        return first if in_vain else owed


class Life:
    """One newsletter with two stories a day, and its readers."""

    def __init__(self, sessions: Sessions, session: Session) -> None:
        self.sessions, self.session = sessions, session
        self.newsletter = make_newsletter(session, topics=("News",), min_items=MIN_ITEMS, max_items=12)
        self.source = make_source(session, self.newsletter)
        self.readers: list[Subscription] = []
        self.records: list[Record] = []
        self.seq = 0
        self.seen = 0

    def join(self, wish: tuple[Rhythm, int, int, str, int]) -> None:
        rhythm, weekday, hour, zone, enough = wish
        promise = slow_calendar.next_slot(rhythm, weekday, hour, zone, after=START)
        reader = make_subscription(
            self.session,
            self.newsletter,
            rhythm=rhythm,
            weekday=weekday,
            hour=hour,
            time_zone=zone,
            enough_items=enough,
            next_due_at=promise,
        )
        self.readers.append(reader)
        self.records.append(Record(wish, promise))

    def publish(self, now: datetime) -> None:
        for _ in range(2 if now.toordinal() % 3 else 1):
            self.seq += 1
            make_article(self.session, self.source, self.newsletter.topics[0], seq=self.seq, published_at=now)
        self.session.commit()

    def change(self, number: int, what: object, now: datetime) -> None:
        reader, record = self.readers[number], self.records[number]
        if what is None:
            was_paused = record.paused_until is not None and record.today(now) < record.paused_until
            preferences.resume(self.session, reader.id, circumstances=BY_PAGE, now=now)
            record.paused_until = None if was_paused else record.paused_until
            record.promise = record.expected(now) if was_paused else record.promise
        elif isinstance(what, int):
            record.paused_until = record.today(now) + timedelta(days=what)
            until = record.paused_until
            preferences.pause(self.session, reader.id, until=until, circumstances=BY_PAGE, now=now)
            # As pausing does to what waits; the relays of this world are quick.
            record.promise = record.first_slot(now)
        else:
            before, record.wish = record.wish, what
            rhythm, weekday, hour, zone, enough = what
            choices = Choices(
                topic_ids=tuple(reader.topic_ids),
                rhythm=rhythm,
                weekday=weekday,
                hour=hour,
                time_zone=zone,
                announcements=False,
                enough_items=enough,
            )
            preferences.change(self.session, reader.id, choices, circumstances=BY_PAGE, now=now)
            if before[:4] != what[:4]:
                old, record.promise = record.promise, record.expected(now)
                assert record.promise <= max(old, record.first_slot(now))
        self.session.commit()
        self.session.refresh(reader)
        assert reader.next_due_at == record.promise

    def tick(self, now: datetime) -> None:
        waiting = planning.plan_due(self.sessions, links=LINKS, now=now).waiting
        self.session.expire_all()
        new = self.session.execute(
            select(Message, Edition, Recipe)
            .join(Edition, Edition.mailing_id == Message.mailing_id)
            .outerjoin(Recipe, Recipe.id == Message.recipe_id)
            .where(Message.id > self.seen)
            .order_by(Message.id)
        ).all()
        by_reader = {message.subscription_id: (message, edition, recipe) for message, edition, recipe in new}
        assert len(by_reader) == len(new), "a tick wrote to a reader twice"
        self.seen = max([self.seen, *(message.id for message, _, _ in new)])
        for reader, record in zip(self.readers, self.records, strict=True):
            found = by_reader.pop(reader.id, None)
            if record.promise > now:
                assert found is None
            elif found is None:
                assert record.wish[0] is Rhythm.ENOUGH
                assert self.seq - record.read_to < record.wish[4]
                waiting -= 1
                self.move_on(reader, record, now)
            else:
                self.take(record, *found, now=now)
                self.move_on(reader, record, now)
        assert (by_reader, waiting) == ({}, 0)

    def take(
        self, record: Record, message: Message, edition: Edition, recipe: Recipe | None, *, now: datetime
    ) -> None:
        """Check a row against what was waiting for this reader, and file it."""
        slot = record.promise
        for later in slow_calendar.slots(*record.wish[:4], since=slot.date()):
            if later > now:
                break
            slot = max(slot, later)
        assert (edition.rhythm, edition.period) == record.period(slot)
        assert (edition.rhythm, edition.period) not in record.editions
        record.editions.add((edition.rhythm, edition.period))
        if now - slot > slots.LATEST[edition.rhythm]:
            assert message.reason == slots.PASSED
        elif record.last is not None and record.last >= record.today(now):
            assert message.reason == "already_today"
        elif self.seq - record.read_to < MIN_ITEMS:
            assert message.reason == "too_few"
        else:
            assert message.state is MessageState.PLANNED
            assert recipe is not None
            assert recipe.content["issue_date"] == record.today(now).isoformat()
            assert (message.from_seq, message.to_seq) == (record.read_to, self.seq)
            record.last, record.read_to = record.today(now), self.seq
            message.state = MessageState.SENT
            self.session.commit()

    def move_on(self, reader: Subscription, record: Record, now: datetime) -> None:
        record.promise = slow_calendar.next_slot(*record.wish[:4], after=now)
        assert reader.next_due_at == record.promise
        assert reader.watermark == record.read_to


@contextmanager
def rolled_back(engine: Engine) -> Iterator[Sessions]:
    with engine.connect() as connection:
        outer = connection.begin()
        yield sessionmaker(connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
        outer.rollback()


def when_up(moment: datetime, down: list[tuple[datetime, datetime]]) -> datetime:
    for start, end in down:
        if start <= moment < end:
            moment = end
    return moment


@settings(
    # A life takes seconds: few of them, and no search for the smallest one that goes wrong.
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    joined=st.lists(wishes, min_size=READERS, max_size=READERS),
    minds=st.lists(changes, min_size=6, max_size=20),
    down=st.lists(outages, max_size=3),
)
def test_every_promise_is_kept_once_or_told(
    engine: Engine,
    joined: list[tuple[Rhythm, int, int, str, int]],
    minds: list[tuple[int, int, object]],
    down: list[tuple[int, int]],
) -> None:
    silent = sorted((START + timedelta(hours=at), START + timedelta(hours=at + n)) for at, n in down)
    with rolled_back(engine) as sessions, sessions() as session:
        life = Life(sessions, session)
        for wish in joined:
            life.join(wish)
        agenda: list[tuple[datetime, int, object]] = [
            (START + timedelta(minutes=minute), number, what) for minute, number, what in minds
        ]
        agenda += [(START + timedelta(days=day, hours=10), -1, None) for day in range(DAYS)]
        for moment, number, what in sorted(agenda, key=lambda each: each[:2]):
            while (due := when_up(min(each.promise for each in life.records), silent)) <= moment:
                life.tick(due)
            if number < 0:
                life.publish(moment)
            else:
                life.change(number, what, moment)
        assert_nothing_doubled_or_lost(session, life)


def assert_nothing_doubled_or_lost(session: Session, life: Life) -> None:
    mails = session.execute(
        select(Message, Recipe)
        .join(Recipe, Recipe.id == Message.recipe_id)
        .where(Message.subscription_id.in_([reader.id for reader in life.readers]))
        .order_by(Message.id)
    ).all()
    days = Counter((message.subscription_id, recipe.content["issue_date"]) for message, recipe in mails)
    assert set(days.values()) <= {1}
    for reader in life.readers:
        windows = [
            (message.from_seq, message.to_seq) for message, _ in mails if message.subscription_id == reader.id
        ]
        assert all(end == begin for (_, end), (begin, _) in pairwise(windows))
    editions = [(each.rhythm, each.period) for each in session.scalars(select(Edition))]
    assert len(editions) == len(set(editions))
    digests = session.scalars(select(Mailing.id).where(Mailing.stream == Stream.DIGEST)).all()
    assert len(digests) == len(editions)
    runs = session.execute(select(Run.edition_id, Run.slot_at)).all()
    assert len(runs) == len(set(runs))
