"""Audiences as operators see them: in a sentence, in numbers, and as a sample of readers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import BigInteger, Row, Select, any_, func, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from service.blasts import audience, matching, rules
from service.blasts.criteria import Criteria
from service.delivery.models import Mailing, Stream
from service.newsletters.models import Rhythm, Topic
from service.ops import reader_sample
from service.subscribers import addresses
from service.subscribers.models import Subscriber, Subscription

SAMPLE = 20
#: Who gets a digest so soon could get the same in it.
DIGEST_WITHIN = timedelta(hours=24)
#: Mailings that an audience can be tied to.
MAILINGS = 60

_IDS = ARRAY(BigInteger)


@dataclass(frozen=True, slots=True)
class Sampled:
    """One reader of the audience, masked."""

    subscriber_id: int
    address: str
    locale: str
    rhythm: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Look:
    """What an audience is as of now."""

    #: "who follow Science or Energy and get a weekly digest"; empty for everybody.
    sentence: str
    count: int
    #: Of these, who gets a digest within a day.
    digest_soon: int
    #: Of these, who got a blast within the rules' hours, or has one coming, and would be skipped.
    capped: int
    cap_hours: int
    #: Of an estimate: readers looked at, and how far the count may be off; 0 when everybody was counted.
    looked_at: int = 0
    give_or_take: int = 0

    @property
    def is_exact(self) -> bool:
        return not self.looked_at


def look(session: Session, newsletter_id: int, criteria: Criteria, *, now: datetime) -> Look:
    """Count in one pass over the newsletter's readers."""
    if criteria.got or criteria.without:
        _stay_in_mailing(session)
    hours = rules.current(session).cap_hours
    who = audience.matches(newsletter_id, criteria, now=now)
    soon = func.count().filter(Subscription.next_due_at < now + DIGEST_WITHIN)
    count, digest_soon = session.execute(who.with_only_columns(func.count(), soon)).one()
    capped = 0
    if hours:
        spared = matching.has_a_blast(around=now, within=timedelta(hours=hours), except_mailing=None)
        capped = session.scalar(who.where(spared).with_only_columns(func.count())) or 0
    return Look(describe(session, criteria), count, digest_soon, capped, hours)


def _stay_in_mailing(session: Session) -> None:
    """Let the rest of this transaction read ledger rows by their mailing only.

    A mailing to most readers is such a part of its partition that the planner would read all of it: twelve
    million rows for the three hundred thousand of a blast.
    """
    session.execute(text("SELECT set_config('enable_seqscan', 'off', true)"))


def sample(
    session: Session, newsletter_id: int, criteria: Criteria, *, start: int, now: datetime
) -> list[Sampled]:
    """Return some readers, from this subscription id on; the first ones where there are none after it."""
    query = (
        audience.matches(newsletter_id, criteria, now=now)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .with_only_columns(
            Subscriber.id, Subscriber.email, Subscription.locale, Subscription.rhythm, Subscription.time_zone
        )
        .order_by(Subscription.id)
    )
    rows: list[Row[int, str, str, Rhythm, str]] = []
    tied = criteria.got or criteria.without or criteria.served or criteria.missed
    drawn = None if tied else reader_sample.of_many(session, newsletter_id)
    if drawn is not None:
        # By id the planner would look for them among the readers of all newsletters.
        rows = _around(session, query.where(Subscription.id == any_(literal(drawn.ids, _IDS))), start)
    if len(rows) < SAMPLE:
        rows = _around(session, query, start)
    return [Sampled(key, addresses.mask(email), *rest) for key, email, *rest in rows]


def _around(
    session: Session, query: Select[int, str, str, Rhythm, str], start: int
) -> list[Row[int, str, str, Rhythm, str]]:
    rows = list(session.execute(query.where(Subscription.id >= start).limit(SAMPLE)))
    if len(rows) < SAMPLE:
        rows += session.execute(query.where(Subscription.id < start).limit(SAMPLE - len(rows)))
    return rows


def last_id(session: Session) -> int:
    """Return the largest subscription id, to begin a sample anywhere below it."""
    return session.scalar(select(func.max(Subscription.id))) or 1


def mailings_of(session: Session, newsletter_id: int) -> Sequence[tuple[int, str, datetime]]:
    """Return (id, title, when) of what a newsletter sent lately, newest first."""
    rows = session.execute(
        select(Mailing.id, Mailing.title, Mailing.created_at)
        .where(Mailing.list_id == newsletter_id, Mailing.stream.in_([Stream.BLAST, Stream.DIGEST]))
        .order_by(Mailing.id.desc())
        .limit(MAILINGS)
    )
    return [(key, title, at) for key, title, at in rows]


def describe(session: Session, criteria: Criteria) -> str:
    """Say in words what all must hold; empty for everybody."""
    ids = {*criteria.topics_any, *criteria.topics_all, *criteria.topics_none}
    names = dict(session.execute(select(Topic.id, Topic.name).where(Topic.id.in_(ids))).all())
    mailing_ids = {criteria.got, criteria.missed, criteria.without, *criteria.served} - {None}
    titles = dict(session.execute(select(Mailing.id, Mailing.title).where(Mailing.id.in_(mailing_ids))).all())
    return " and ".join(_phrases(criteria, names, titles))


def _phrases(criteria: Criteria, names: dict[int, str], titles: dict[int, str]) -> list[str]:
    def topics(ids: Collection[int], word: str) -> str:
        return _joined([names.get(key, f"topic {key}") for key in ids], word)

    def mailing(key: int) -> str:
        return f"“{titles.get(key, f'mailing {key}')}”"

    phrases = []
    if criteria.topics_any:
        phrases.append(f"follow {topics(criteria.topics_any, 'or')}")
    if criteria.topics_all:
        phrases.append(f"follow all of {topics(criteria.topics_all, 'and')}")
    if criteria.topics_none:
        phrases.append(f"do not follow {topics(criteria.topics_none, 'or')}")
    if criteria.rhythms:
        phrases.append(f"have a digest with the rhythm {_joined(criteria.rhythms, 'or')}")
    if criteria.locales:
        phrases.append(f"read in {_joined(criteria.locales, 'or')}")
    if criteria.zones:
        phrases.append(f"live in {_joined(criteria.zones, 'or')}")
    if criteria.joined_after is not None:
        phrases.append(f"joined on {_day(criteria.joined_after)} or later")
    if criteria.joined_before is not None:
        phrases.append(f"joined on {_day(criteria.joined_before)} or earlier")
    if criteria.clicked_days is not None:
        days = "day" if criteria.clicked_days == 1 else f"{criteria.clicked_days} days"
        phrases.append(f"let themselves be recognised and followed a link in the last {days}")
    if criteria.got is not None:
        phrases.append(f"got {mailing(criteria.got)}")
    if criteria.missed is not None:
        phrases.append(f"were to get {mailing(criteria.missed)} and did not")
    if criteria.without is not None:
        phrases.append(f"did not get {mailing(criteria.without)}")
    if criteria.served:
        phrases.append(f"have not got {_joined([mailing(key) for key in criteria.served], 'or')} yet")
    if criteria.listed is not None:
        phrases.append(f"are on a list of {len(criteria.listed):,} made by hand")
    return phrases


def _joined(words: Collection[str], word: str) -> str:
    *most, last = words
    return f"{', '.join(most)} {word} {last}" if most else last


def _day(day: date) -> str:
    return f"{day:%-d %B %Y}"
