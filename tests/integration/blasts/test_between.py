"""From its confirmation to its last mail: nothing changes what a blast says, who gets it, or how often."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.audit import AuditEntry
from service.blasts import audience, choosing, copies, drafts, frozen, rules, schedule, sending
from service.blasts.blocks import Block, Kind
from service.blasts.models import Blast, BlastState
from service.blasts.plans import Plan, When
from service.blasts.rules import Rules
from service.db import Sessions
from service.delivery.models import Message, MessageState
from service.errors import Conflict
from service.newsletters.models import Newsletter
from service.ops import overview
from service.subscribers import joining
from service.subscribers.consent import Circumstances
from service.subscribers.models import Subscription, SubscriptionState
from tests.factories import LINKS, make_article, make_newsletter, make_source, make_subscription

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def make_blast(session: Session, newsletter: Newsletter, *, readers: int = 2, **plan: object) -> Blast:
    for _ in range(readers):
        make_subscription(session, newsletter, announcements=True)
    blast = drafts.create(
        session, newsletter, subject="Open day", body_markdown="Come.", operator_id=1, now=NOW
    )
    return choosing.set_plan(session, blast.id, Plan(**plan), actor="operator 1", now=NOW)


def confirm(session: Session, blast: Blast, *, seen: str = "", now: datetime = NOW) -> Blast:
    confirmed = schedule.confirm(
        session,
        blast.id,
        confirmed_count=audience.count(session, blast, now=now),
        seen=seen or frozen.fingerprint(blast),
        operator_id=1,
        links=LINKS,
        now=now,
    )
    session.commit()
    return confirmed


def run(sessions: Sessions, now: datetime) -> int:
    """What a worker does at the tick; how many ledger rows it wrote."""
    sending.start_due(sessions, links=LINKS, now=now)
    sending.keep_watch(sessions, now=now)
    return sending.fan_out(sessions, now=now)


def rows_of(session: Session, blast: Blast) -> dict[int | None, tuple[MessageState, str]]:
    session.expire_all()
    found = session.scalars(select(Message).where(Message.mailing_id == blast.mailing_id))
    return {row.subscription_id: (row.state, row.reason) for row in found}


def settle(session: Session, state: MessageState, *, at: datetime) -> None:
    session.execute(
        update(Message).where(Message.state == MessageState.PLANNED).values(state=state, state_at=at)
    )
    session.commit()


def test_a_confirmation_that_is_sent_again_after_the_undo_does_not_schedule(session: Session) -> None:
    blast = make_blast(session, make_newsletter(session))
    seen = frozen.fingerprint(blast)
    confirm(session, blast, seen=seen)
    schedule.unschedule(session, blast.id, actor="operator 1", now=NOW + MINUTE / 2)

    with pytest.raises(Conflict, match="Look at it as it is now"):
        confirm(session, blast, seen=seen, now=NOW + MINUTE / 2)

    assert blast.state is BlastState.DRAFT


def test_what_can_no_longer_be_sent_does_not_begin_and_holds_up_no_other(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_newsletter(session)
    article = make_article(session, make_source(session, newsletter))
    blast = make_blast(session, newsletter)
    drafts.edit(
        session,
        blast.id,
        subject="Read this",
        body_markdown="",
        blocks=[Block(Kind.ARTICLE, article_id=article.id)],
        actor="operator 1",
        now=NOW,
    )
    confirm(session, blast)
    other = confirm(session, make_blast(session, newsletter, readers=0))
    article.withdrawn_at = NOW
    session.commit()

    assert run(sessions, NOW + MINUTE) == 2

    session.expire_all()
    assert (blast.state, other.state) == (BlastState.EXPIRED, BlastState.SENDING)
    assert blast.mailing_id is None
    (told,) = overview.read_house(session, now=NOW + HOUR).dropped
    assert "The article was withdrawn" in told.because
    assert "Nobody got it" in told.because


def test_without_a_postal_address_a_scheduled_blast_does_not_begin(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_newsletter(session)
    blast = confirm(session, make_blast(session, newsletter))
    newsletter.sender.postal_address = ""
    session.commit()

    assert run(sessions, NOW + MINUTE) == 0

    session.expire_all()
    assert blast.state is BlastState.EXPIRED
    assert "blast.refused" in session.scalars(select(AuditEntry.action)).all()


def test_a_blast_that_breaks_its_beginning_holds_up_no_other(
    session: Session, sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    newsletter = make_newsletter(session)
    broken = confirm(session, make_blast(session, newsletter))
    sound = confirm(session, make_blast(session, newsletter, readers=0))
    broken.blocks = {"version": 1, "blocks": [{"kind": "a kind of a later version"}]}
    session.commit()

    assert run(sessions, NOW + MINUTE) == 2

    session.expire_all()
    assert (broken.state, sound.state) == (BlastState.SCHEDULED, BlastState.SENDING)
    assert f"Blast {broken.id} could not begin" in caplog.text


def test_two_blasts_at_once_are_one_to_each_reader_where_the_rules_say_so(
    session: Session, sessions: Sessions
) -> None:
    rules.change(session, Rules(cap_hours=24), actor="operator 1", now=NOW)
    newsletter = make_newsletter(session)
    first = confirm(session, make_blast(session, newsletter))
    second = confirm(session, make_blast(session, newsletter, readers=0))

    run(sessions, NOW + MINUTE)

    assert {state for state, _ in rows_of(session, first).values()} == {MessageState.PLANNED}
    assert set(rows_of(session, second).values()) == {(MessageState.SKIPPED, "frequency_cap")}


def test_a_blast_that_was_stopped_before_it_reached_a_reader_spares_nobody(
    session: Session, sessions: Sessions
) -> None:
    rules.change(session, Rules(cap_hours=24), actor="operator 1", now=NOW)
    newsletter = make_newsletter(session)
    first = confirm(session, make_blast(session, newsletter))
    run(sessions, NOW + MINUTE)
    sending.cancel(session, first.id, actor="operator 1", now=NOW + MINUTE)
    second = confirm(session, make_blast(session, newsletter, readers=0), now=NOW + MINUTE)

    run(sessions, NOW + 2 * MINUTE)

    assert set(rows_of(session, second).values()) == {(MessageState.PLANNED, "")}


def test_the_hours_between_two_blasts_are_counted_to_the_mail_and_not_to_its_confirmation(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_newsletter(session)
    confirm(session, make_blast(session, newsletter))
    run(sessions, NOW + MINUTE)
    settle(session, MessageState.SENT, at=NOW + MINUTE)
    rules.change(session, Rules(cap_hours=24), actor="operator 1", now=NOW)
    in_three_days = datetime(2026, 11, 27, 9, 0)  # noqa: DTZ001  (a clock)
    later = confirm(session, make_blast(session, newsletter, readers=0, when=When.AT, clock=in_three_days))

    run(sessions, NOW + timedelta(days=3))

    assert set(rows_of(session, later).values()) == {(MessageState.PLANNED, "")}


def test_the_rest_has_its_latest_time_however_late_it_is_let_go(session: Session, sessions: Sessions) -> None:
    plan = {"first_percent": 50, "hold_minutes": 10, "latest_hours": 2}
    blast = confirm(session, make_blast(session, make_newsletter(session), readers=60, **plan))
    begun = NOW + MINUTE
    run(sessions, begun)
    settle(session, MessageState.SENT, at=begun)

    run(sessions, begun + timedelta(days=2))

    session.expire_all()
    rest = session.scalars(select(Message).where(Message.state == MessageState.PLANNED)).all()
    assert rest
    assert blast.held_until == begun + timedelta(minutes=10)
    assert {datetime.fromisoformat(row.details["expires_at"]) for row in rest} == {
        begun + timedelta(minutes=10) + 2 * HOUR
    }


def test_who_did_not_get_a_blast_that_was_cancelled_in_its_first_part_gets_the_next(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_newsletter(session)
    blast = confirm(session, make_blast(session, newsletter, readers=90, first_percent=50))
    run(sessions, NOW + MINUTE)
    got = dict.fromkeys(rows_of(session, blast))
    settle(session, MessageState.SENT, at=NOW + MINUTE)
    sending.cancel(session, blast.id, actor="operator 1", now=NOW + 2 * MINUTE)
    session.commit()

    again = copies.resend(session, blast.id, operator_id=1, now=NOW + HOUR)
    assert 0 < len(got) < 90
    assert audience.count(session, again, now=NOW + HOUR) == 90 - len(got)
    choosing.set_plan(session, again.id, Plan(first_percent=50), actor="operator 1", now=NOW + HOUR)
    confirm(session, again, now=NOW + HOUR)
    run(sessions, NOW + 2 * HOUR)
    settle(session, MessageState.SENT, at=NOW + 2 * HOUR)
    got_then = dict.fromkeys(rows_of(session, again))
    sending.cancel(session, again.id, actor="operator 1", now=NOW + 2 * HOUR)
    session.commit()

    last = copies.resend(session, again.id, operator_id=1, now=NOW + 3 * HOUR)
    assert not got.keys() & got_then.keys()
    assert audience.count(session, last, now=NOW + 3 * HOUR) == 90 - len(got) - len(got_then)


def test_a_reader_who_moved_to_another_address_while_the_rest_waited_gets_no_second_mail(
    session: Session, sessions: Sessions
) -> None:
    newsletter = make_newsletter(session)
    blast = confirm(session, make_blast(session, newsletter, readers=60, first_percent=50))
    twins = [
        make_subscription(session, newsletter, state=SubscriptionState.PENDING, confirmed_at=None)
        for _ in range(15)
    ]
    session.commit()
    run(sessions, NOW + MINUTE)
    first = list(rows_of(session, blast))
    settle(session, MessageState.SENT, at=NOW + MINUTE)
    here = Circumstances(channel="operator 1")
    for row in session.scalars(select(Message).order_by(Message.id).limit(15)).all():
        gone, twin = session.get_one(Subscription, row.subscription_id), twins.pop()
        joining.join(session, gone.subscriber, twin.subscriber, circumstances=here, now=NOW + 2 * MINUTE)
    session.commit()

    run(sessions, NOW + HOUR)

    rows = session.scalars(
        select(Message.subscription_id).where(Message.mailing_id == blast.mailing_id)
    ).all()
    assert first
    assert len(rows) == len(set(rows)) == 60
