"""Counters that pages read, as years of tasks have left them; traffic and signs of life of the last day."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from service.bench.console.copying import copy
from service.bench.console.ledger import RELAYS
from service.bench.console.mailings import Written
from service.bench.console.people import House
from service.bench.console.size import Size
from service.delivery.models import Stream

_DAYS = 400
_DOMAINS = 40
_RESULTS = text(
    """
    INSERT INTO mailing_results (mailing_id, people, repeats, machines, unsubscribed, complaints,
        hard_bounces, soft_bounces, returned, counted_at)
    SELECT m.id, coalesce(c.people, 0), coalesce(c.people, 0) / 3, coalesce(c.people, 0) / 2, m.id % 40,
        coalesce(e.complaints, 0), coalesce(e.bounces, 0), 0, coalesce(e.bounces, 0), :now
    FROM mailings m
    LEFT JOIN (SELECT mailing_id, sum(people) AS people FROM click_tallies GROUP BY 1) c
        ON c.mailing_id = m.id
    LEFT JOIN (SELECT mailing_id, count(*) FILTER (WHERE kind = 'complaint') AS complaints,
        count(*) FILTER (WHERE kind = 'hard_bounce') AS bounces FROM events GROUP BY 1) e
        ON e.mailing_id = m.id
    WHERE m.stream <> 'transactional'
    """
)


def reports(
    session: Session, size: Size, houses: Sequence[House], written: Sequence[Written], *, now: datetime
) -> None:
    """Write what the reports are read from."""
    copy(
        session,
        "click_tallies",
        "mailing_id, article_id, slot, variant, day, people, repeats, machines",
        _clicks(size, written),
    )
    session.execute(_RESULTS, {"now": now})
    today = now.astimezone(UTC).date()
    days = [(today - timedelta(days=n)) for n in range(_DAYS)]
    copy(
        session,
        "daily_tallies",
        "newsletter_id, day, active, joined, lost, sent, people, machines, complaints, bounces, counted_at",
        (
            (each.newsletter.id, day, each.readers, 900, 300, each.readers, 4000, 900, 12, 300, now)
            for each in houses
            for day in days
        ),
    )
    copy(
        session,
        "topic_tallies",
        "topic_id, day, people, machines",
        ((topic, day, 100 + topic, 20) for each in houses for topic in each.topic_ids for day in days),
    )
    copy(
        session,
        "delay_tallies",
        "mailing_id, step, n",
        ((each.id, step, 10 * (30 - step)) for each in written for step in range(2, 28)),
    )


def audit(session: Session, size: Size, *, now: datetime) -> None:
    """Write the audit log of years."""
    count = max(200, size.readers // 5)
    actions = ("blast.changed", "newsletter.changed", "reader.viewed", "mailing.paused", "operator.signed_in")
    subjects = ("blast", "newsletter", "subscriber", "mailing", "operator")
    columns = "at, actor, action, subject, before, after"
    copy(
        session,
        "audit_entries",
        columns,
        (
            (
                now - timedelta(days=900) * (1 - n / count),
                f"operator {n % 6 + 1}",
                actions[n % 5],
                f"{subjects[n % 5]} {n % 200 + 1}",
                '{"name": "before"}',
                '{"name": "after"}',
            )
            for n in range(count)
        ),
    )


def last_day(session: Session, *, now: datetime) -> None:
    """Write the traffic of a day, signs of life and refused sign-ups anew: they are about now."""
    session.execute(text("TRUNCATE traffic_tallies, heartbeats, signup_attempts"))
    copy(session, "traffic_tallies", "at, stream, fate, relay, domain, code, n", _traffic(now=now))
    alive = [
        (f"{kind}-{n}@bench", kind, "1.0", now - timedelta(days=3), now)
        for kind, many in (("worker", 4), ("beat", 1), ("web", 2))
        for n in range(many)
    ]
    copy(session, "heartbeats", "name, kind, version, started_at, seen_at", alive)
    refused = (None, None, None, "address", "suppressed", "network", "haste")
    copy(
        session,
        "signup_attempts",
        "at, email_hash, network, newsletter_id, mailed, held_by",
        (
            (
                now - timedelta(seconds=n * 8),
                n.to_bytes(32),
                f"10.{n % 200}.0.0/24",
                n % 4 + 1,
                n % 7 < 3,
                refused[n % 7],
            )
            for n in range(10_000)
        ),
    )


def _clicks(size: Size, written: Sequence[Written]) -> Iterator[Sequence[Any]]:
    for each in written:
        if each.planned.stream is not Stream.DIGEST:
            continue
        for slot in range(1, 11):
            for day in range(4):
                on = (each.created_at + timedelta(days=day)).date()
                people = max(1, each.planned.count // (60 * slot * (day + 1)))
                yield (
                    each.id,
                    (each.id * 13 + slot) % size.articles + 1,
                    slot,
                    0,
                    on,
                    people,
                    people // 5,
                    people // 3,
                )


def _traffic(*, now: datetime) -> Iterator[Sequence[Any]]:
    """In stretches as the sweeper leaves them: a quarter of an hour, a minute, ten seconds."""
    for step, first, last in ((900, 24 * 3600, 4500), (60, 4500, 360), (10, 360, 0)):
        base = now.timestamp() - now.timestamp() % step
        for back in range(last // step, first // step):
            at = datetime.fromtimestamp(base - back * step, UTC)
            yield (at, "digest", "planned", "", "", 0, 200 * step)
            for n in range(_DOMAINS):
                sent = max(1, 60 * step // (n + 1))
                yield (at, "digest", "sent", RELAYS[n % 2], f"mail{n}.example", 250, sent)
                if n % 4 == 0:
                    yield (
                        at,
                        "digest",
                        "deferred",
                        RELAYS[n % 2],
                        f"mail{n}.example",
                        451,
                        max(1, sent // 50),
                    )
                if n % 8 == 1:
                    yield (at, "blast", "bounced", RELAYS[n % 2], f"mail{n}.example", 550, max(1, sent // 90))
