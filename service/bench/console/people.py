"""Newsletters and their readers, with consent, suppressions and everything else that is kept of people."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy.orm import Session

from service.articles.models import Source
from service.bench.console.copying import copy, go_on_after, indexed_afterwards
from service.bench.console.size import SHARES, TOPICS, Size
from service.bench.content import DOMAIN
from service.db import copy_lines
from service.newsletters.models import Newsletter, Rhythm, Sender, Topic
from service.tokens import AddressHasher

#: Readers came in over so many days.
_YEARS = timedelta(days=1100)
_DOMAINS = 200
_ZONES = ("Europe/London", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC")
_LOCALES = ("en", "en", "en", "de", "fr", "es")
_RHYTHMS = (Rhythm.WEEKLY,) * 7 + (Rhythm.DAILY, Rhythm.WEEKDAYS, Rhythm.MONTHLY)
_CHOICES = 997
_SUBSCRIPTION = (
    "COPY subscriptions (id, subscriber_id, newsletter_id, state, generation, topic_ids, rhythm, weekday, "
    "hour, time_zone, locale, announcements, recognition_key, paused_until, next_due_at, "
    "first_digest_pending, watermark, created_at, requested_at, confirmed_at, unsubscribed_at) FROM STDIN"
)
_NULL = "\\N"


@dataclass(frozen=True, slots=True)
class House:
    """One newsletter as it was written: its readers' subscriptions have numbers without gaps."""

    newsletter: Newsletter
    topic_ids: list[int]
    source_ids: list[int]
    first_subscription: int
    readers: int
    #: The first of its readers, and how many there are of all newsletters.
    first_reader: int
    all_readers: int

    def reader_of(self, place: int) -> int:
        return (self.first_reader + place) % self.all_readers + 1


def newsletters(session: Session, size: Size, *, now: datetime) -> list[House]:
    """Write the newsletters with topics and feeds."""
    found, first = [], 1
    for place, (_, start) in enumerate(SHARES):
        row = _newsletter(place, now=now)
        session.add(row)
        session.flush()
        sources = [
            Source(
                newsletter_id=row.id,
                name=f"Feed {n}",
                url=f"https://{DOMAIN}/{place}/feed{n}",
                created_at=now - _YEARS,
                next_poll_at=now + timedelta(minutes=n),
                last_polled_at=now - timedelta(minutes=15 - n),
                last_success_at=now - timedelta(minutes=15 - n) if n % 6 else now - timedelta(days=2),
                last_error=None if n % 6 else "The server answered 503 Service Unavailable.",
                failures=0 if n % 6 else 40,
            )
            for n in range(12)
        ]
        session.add_all(sources)
        session.flush()
        readers = size.readers_of(place)
        found.append(
            House(
                row,
                [topic.id for topic in row.topics],
                [source.id for source in sources],
                first,
                readers,
                int(size.readers * start),
                size.readers,
            )
        )
        first += readers
    return found


def readers(
    session: Session,
    size: Size,
    houses: list[House],
    *,
    hash_address: AddressHasher,
    now: datetime,
    progress: Callable[[int, int], None],
) -> None:
    """Write everybody."""
    tables = ("subscribers", "subscriptions", "consent_events", "suppressions")
    with indexed_afterwards(session, *tables):
        copy_lines(
            session, "COPY subscribers (id, email, email_key, created_at) FROM STDIN", _people(size, now=now)
        )
        done = 0
        for place, house in enumerate(houses):
            copy_lines(session, _SUBSCRIPTION, _subscriptions(house, Random(place), now=now))
            copy(
                session,
                "consent_events",
                "subscription_id, kind, at, channel, details",
                _consent(house, now=now),
            )
            done += house.readers
            progress(done, sum(each.readers for each in houses))
        copy(
            session,
            "suppressions",
            "address_hash, list_id, reason, subscriber_id, created_at",
            _suppressions(size, hash_address, now=now),
        )
    for table in ("subscribers", "subscriptions"):
        go_on_after(session, table)


def address(n: int) -> str:
    """A reader's address: names as people have them, domains of very different size."""
    domain = n % 10 if n % 4 else n % _DOMAINS
    return f"{_NAMES[n % len(_NAMES)]}.{n}@mail{domain}.example"


def joined_at(place: int, readers: int, *, now: datetime) -> datetime:
    return now - _YEARS * (1 - (place + 1) / (readers + 1))


_NAMES = ("ada", "bert", "chloe", "dmitri", "elif", "frank", "grace", "hugo", "ines", "jana", "karl")


def _newsletter(place: int, *, now: datetime) -> Newsletter:
    name = ("The Bench Courier", "Harbour Letter", "Science Post", "Quay Notes")[place]
    slug = name.lower().replace(" ", "-")
    row = Newsletter(
        slug=slug,
        name=name,
        tagline="Measured daily",
        home_url=f"https://{DOMAIN}/",
        locale="en",
        sender=Sender(
            name=name,
            email=f"news{place}@{DOMAIN}",
            postal_address="1 Quay Street, Harbour",
            created_at=now - _YEARS,
        ),
        created_at=now - _YEARS,
    )
    row.topics = [Topic(slug=f"topic-{n}", name=f"Topic {n + 1}", position=n) for n in range(TOPICS)]
    return row


def _people(size: Size, *, now: datetime) -> Any:
    for n in range(1, size.readers + 1):
        email = address(n)
        yield f"{n}\t{email}\t{email}\t{joined_at(n, size.readers, now=now)}"


def _state(place: int) -> str:
    if place % 20 == 19:
        return "unsubscribed"
    return "pending" if place % 50 == 10 else "active"


def _subscriptions(house: House, dice: Random, *, now: datetime) -> Any:
    weights = [1 / (rank + 1) for rank in range(TOPICS)]
    choices = [
        "{"
        + ",".join(map(str, sorted(set(dice.choices(house.topic_ids, weights, k=dice.choice((1, 2, 3, 5)))))))
        + "}"
        for _ in range(_CHOICES)
    ]
    hours = [now + timedelta(hours=n) for n in range(1, 169)]
    pause = (now + timedelta(days=20)).date()
    newsletter_id = house.newsletter.id
    for place in range(house.readers):
        state = _state(place)
        at = joined_at(place, house.readers, now=now)
        active = state == "active"
        yield (
            f"{house.first_subscription + place}\t{house.reader_of(place)}\t{newsletter_id}\t{state}\t1\t"
            f"{choices[place % _CHOICES]}\t{_RHYTHMS[place % 10].value}\t{place % 7 + 1}\t{place % 24}\t"
            f"{_ZONES[place % 5]}\t{_LOCALES[place % 6]}\t{'f' if place % 10 == 3 else 't'}\t"
            f"{f'{BS}x{place:032x}' if place % 100 == 1 else _NULL}\t"
            f"{pause if place % 1000 == 5 else _NULL}\t"
            f"{hours[place % 168] if active else _NULL}\tf\t{place % 50}\t{at}\t{at}\t"
            f"{_NULL if state == 'pending' else at}\t"
            f"{_left_at(place, now) if state == 'unsubscribed' else _NULL}"
        )


#: Bytes in COPY's text format begin with two of them, the first of which escapes the second.
BS = "\\\\"


def _consent(house: House, *, now: datetime) -> Any:
    for place in range(house.readers):
        state, number = _state(place), house.first_subscription + place
        if state != "pending":
            yield (number, "confirmed", joined_at(place, house.readers, now=now), "page", "{}")
        if state == "unsubscribed":
            details = f'{{"mailing": {place // 20 % 200 + 1}}}' if place % 3 else "{}"
            yield (number, "unsubscribed", _left_at(place, now), "one-click", details)


def _left_at(place: int, now: datetime) -> datetime:
    return now - timedelta(days=place % 90, seconds=place % 86_399)


def _suppressions(size: Size, hash_address: AddressHasher, *, now: datetime) -> Any:
    reasons = ("hard_bounce", "hard_bounce", "hard_bounce", "complaint", "never_again", "operator")
    for place, n in enumerate(range(1, size.readers + 1, 150)):
        at = now - timedelta(hours=size.readers // 150 - place)
        yield (hash_address(address(n)), 0, reasons[place % 6], n, at)
