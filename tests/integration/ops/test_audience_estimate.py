"""Audiences of many: estimated from some readers everywhere, with how far it may be off, and few counted."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from service.blasts.criteria import Criteria
from service.delivery import ledger, mailings
from service.delivery.ledger import NewMessage
from service.delivery.models import MessageState, Stream
from service.digests import tallying
from service.newsletters.models import Newsletter
from service.ops import audience_estimate, audiences, reader_sample
from service.ops.audiences import Look
from service.subscribers.models import Subscription
from tests.factories import make_newsletter, make_subscription

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def newsletter(session: Session, monkeypatch: pytest.MonkeyPatch) -> Newsletter:
    """Ninety readers, the first half of them German, stand for a million."""
    monkeypatch.setattr(reader_sample, "MANY", 50)
    monkeypatch.setattr(reader_sample, "SAMPLE", 30)
    monkeypatch.setattr(audience_estimate, "FEW", 5)
    newsletter = make_newsletter(session)
    for n in range(90):
        make_subscription(session, newsletter, announcements=True, locale="de" if n < 45 else "en")
    tallying.count(session, now=NOW)
    return newsletter


def readers_of(session: Session, newsletter: Newsletter) -> list[Subscription]:
    found = session.query(Subscription).filter_by(newsletter_id=newsletter.id)
    return sorted(found, key=lambda one: one.id)


def test_a_part_of_many_is_told_from_some_of_them(session: Session, newsletter: Newsletter) -> None:
    seen = audience_estimate.look(session, newsletter.id, Criteria(locales=("de",)), now=NOW)
    assert not seen.is_exact
    assert 20 < seen.looked_at <= 30
    assert 0 < seen.give_or_take < 30
    assert _is_near(seen, 45)
    assert seen.sentence == "read in de"


@pytest.mark.parametrize("relation", ["got", "without"])
def test_what_many_got_is_told_from_the_mail_of_some(
    session: Session, newsletter: Newsletter, relation: str
) -> None:
    mailing = mailings.open_mailing(
        session, stream=Stream.BLAST, cause="blast 99", title="Before", list_id=newsletter.id, now=NOW
    )
    everybody = readers_of(session, newsletter)
    rows = [
        NewMessage(f"subscription {one.id}", "blast", NOW, one.subscriber_id, one.id, state=MessageState.SENT)
        for one in everybody[::3]
    ]
    ledger.put(session, mailing, rows, now=NOW)
    expected = {"got": 30, "without": 60}[relation]
    criteria = Criteria(**{relation: mailing.id})
    seen = audience_estimate.look(session, newsletter.id, criteria, now=NOW)
    assert not seen.is_exact
    assert seen.give_or_take < expected
    assert _is_near(seen, expected)
    assert audiences.look(session, newsletter.id, criteria, now=NOW).count == expected


def _is_near(seen: Look, truth: int) -> bool:
    """Whom the sample meets hangs on the newsletter's number: 19 of 20 are right to what is said, and all but
    one of ten thousand to twice as much."""
    return abs(seen.count - truth) <= 2 * seen.give_or_take


def test_few_of_many_are_counted(session: Session, newsletter: Newsletter) -> None:
    one, other, *_ = readers_of(session, newsletter)
    one.locale = other.locale = "fr"
    session.flush()
    seen = audience_estimate.look(session, newsletter.id, Criteria(locales=("fr",)), now=NOW)
    assert (seen.is_exact, seen.count) == (True, 2)
    listed = audience_estimate.look(session, newsletter.id, Criteria(listed=(one.id,)), now=NOW)
    assert (listed.is_exact, listed.count) == (True, 1)


def test_a_small_newsletter_is_counted_beside_a_large_one(session: Session, newsletter: Newsletter) -> None:
    small = make_newsletter(session)
    make_subscription(session, small, announcements=True)
    tallying.count(session, now=NOW)
    seen = audience_estimate.look(session, small.id, Criteria(), now=NOW)
    assert (seen.is_exact, seen.count) == (True, 1)


def test_other_newsletters_readers_between_them_are_not_looked_at(
    session: Session, newsletter: Newsletter
) -> None:
    other = make_newsletter(session)
    for _ in range(60):
        make_subscription(session, other, announcements=True, locale="fr")
    make_subscription(session, newsletter, announcements=True, locale="en")
    tallying.count(session, now=NOW)
    seen = audience_estimate.look(session, newsletter.id, Criteria(locales=("fr",)), now=NOW)
    assert (seen.is_exact, seen.count) == (True, 0)
    assert audience_estimate.look(session, newsletter.id, Criteria(), now=NOW).count == 91


def test_the_queries_after_an_estimate_are_planned_as_before(
    session: Session, newsletter: Newsletter
) -> None:
    audience_estimate.look(session, newsletter.id, Criteria(), now=NOW)
    assert session.scalar(text("SHOW enable_seqscan")) == "on"
    assert session.scalar(text("SHOW enable_hashjoin")) == "on"
