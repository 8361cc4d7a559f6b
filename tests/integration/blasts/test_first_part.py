"""A first part goes, and what becomes of it decides about the rest: held, stopped, or sent on."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.blasts import audience, clicks, copies, sending, watching
from service.blasts.models import Blast, BlastLink, BlastState
from service.blasts.rules import Rules
from service.blasts.watching import Health
from service.db import Sessions
from service.delivery import mailings
from service.delivery.models import Event, Mailing, MailingState, Message, MessageState
from service.recipes import composing
from service.recipes.models import Recipe
from tests.factories import LINKS, make_newsletter, make_subscription

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
READERS = 120
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def blast(session: Session) -> Blast:
    """Begun, with a first part of a half, and two subjects."""
    newsletter = make_newsletter(session)
    for _ in range(READERS):
        make_subscription(session, newsletter, announcements=True)
    made = Blast(
        newsletter=newsletter,
        subject="Open day",
        subject_b="Come and see us",
        body_markdown="[The programme](https://courier.example/programme?a=1&b=2) is here.",
        topic_ids=[],
        plan={"first_percent": 50, "hold_minutes": 10},
        state=BlastState.SCHEDULED,
        send_at=NOW,
        scheduled_at=NOW,
        created_by=1,
        created_at=NOW,
    )
    session.add(made)
    session.flush()
    sending.begin(session, made, links=LINKS, actor="system", now=NOW)
    session.commit()
    return made


def rows(session: Session) -> list[Message]:
    session.expire_all()
    return list(session.scalars(select(Message).order_by(Message.id)))


def settle(session: Session, state: MessageState = MessageState.SENT) -> None:
    for row in rows(session):
        if row.state is MessageState.PLANNED:
            row.state = state
    session.commit()


def tick(sessions: Sessions, now: datetime) -> int:
    sending.keep_watch(sessions, now=now)
    return sending.fan_out(sessions, now=now)


def follow(session: Session, blast: Blast, *, variant: int, person: int, agent: str = AGENT) -> None:
    clicks.record(
        session,
        mailing_id=blast.mailing_id or 0,
        number=1,
        variant=variant,
        ip=f"198.51.100.{person}",
        user_agent=agent,
        method="GET",
        prefetch=False,
        now=NOW + timedelta(minutes=person),
    )


def test_the_first_part_has_both_subjects_and_the_rest_waits(
    session: Session, sessions: Sessions, blast: Blast
) -> None:
    first = tick(sessions, NOW)

    assert 0.3 * READERS < first < 0.7 * READERS
    subjects = {recipe.id: recipe.subject for recipe in session.scalars(select(Recipe))}
    given = [(row.variant, subjects[row.recipe_id or 0]) for row in rows(session)]
    assert set(given) == {(0, "Open day"), (1, "Come and see us")}
    assert tick(sessions, NOW + timedelta(minutes=11)) == 0, "nothing of it has been sent yet"
    assert not session.get_one(Mailing, blast.mailing_id).planned


def test_a_good_first_part_lets_the_rest_go_and_everybody_gets_one_mail_with_the_better_subject(
    session: Session, sessions: Sessions, blast: Blast
) -> None:
    first = tick(sessions, NOW)
    settle(session)
    mailings.close_finished(session, now=NOW)
    for person, variant in enumerate([0, 1, 1]):
        follow(session, blast, variant=variant, person=person)
    for person in range(3, 9):
        follow(session, blast, variant=0, person=person, agent="Barracuda Sentinel scanner")
    session.commit()
    assert tick(sessions, NOW + timedelta(minutes=9)) == 0

    assert tick(sessions, NOW + timedelta(minutes=10)) == READERS - first
    assert tick(sessions, NOW + timedelta(minutes=20)) == 0

    session.refresh(blast)
    assert blast.winner == 1
    found = rows(session)
    assert len({row.subscription_id for row in found}) == len(found) == READERS
    assert {row.variant for row in found[first:]} == {1}
    assert session.get_one(Mailing, blast.mailing_id).planned


def test_of_two_subjects_that_are_alike_the_first_one_goes() -> None:
    assert [clicks.better(found) for found in ({0: 3, 1: 3}, {0: 0, 1: 0}, {0: 2, 1: 3}, {})] == [0, 0, 1, 0]


def test_a_link_carries_the_subject_and_nothing_of_the_reader(session: Session, blast: Blast) -> None:
    [link] = session.scalars(select(BlastLink))
    assert link.url == "https://courier.example/programme?a=1&b=2"
    for recipe in session.scalars(select(Recipe)):
        mail = composing.whole(session, recipe)
        own = LINKS.blast_click(
            mailing_id=blast.mailing_id or 0, number=1, variant=recipe.content.get("variant", 0)
        )
        assert own in mail.html
        assert own in mail.text
        assert "courier.example/programme" not in mail.html + mail.text


def test_bounces_stop_it_by_itself_and_the_rest_stays(
    session: Session, sessions: Sessions, blast: Blast
) -> None:
    tick(sessions, NOW)
    settle(session)
    for row in rows(session)[:3]:
        session.add(
            Event(
                mailing_id=row.mailing_id,
                message_id=row.id,
                kind="hard_bounce",
                at=NOW,
                channel="dsn",
                dedupe_key=f"b{row.id}",
            )
        )
    session.commit()

    assert tick(sessions, NOW + timedelta(minutes=10)) == 0

    session.refresh(blast)
    mailing = session.get_one(Mailing, blast.mailing_id)
    assert (blast.state, mailing.state) == (BlastState.PAUSED, MailingState.PAUSED)
    assert "mails bounced" in (mailing.paused_reason or "")
    sending.resume(session, blast.id, actor="operator 1", now=NOW + timedelta(minutes=12))
    session.commit()
    assert tick(sessions, NOW + timedelta(minutes=13)) > 0, "who goes on has decided"


@pytest.mark.parametrize(
    ("health", "what"),
    [
        (Health(sent=1000, failed=2, bounced=2, complained=2), None),
        (Health(sent=100, failed=6, bounced=0, complained=0), "failed"),
        (Health(sent=100, failed=0, bounced=4, complained=0), "bounced"),
        (Health(sent=1000, failed=0, bounced=30, complained=3), "reported as spam"),
        (Health(sent=0, failed=3, bounced=0, complained=0), "failed"),
    ],
)
def test_a_limit_is_passed_by_more_than_its_share_and_at_least_three(
    health: Health, what: str | None
) -> None:
    found = watching.verdict(health, Rules())
    assert found is None if what is None else what in (found or "")


def test_a_blast_is_sent_again_only_to_who_certainly_did_not_get_it(
    session: Session, sessions: Sessions, blast: Blast
) -> None:
    tick(sessions, NOW)
    found = rows(session)
    fates = [MessageState.FAILED, MessageState.SKIPPED, MessageState.UNKNOWN, MessageState.SENT]
    for row, state in zip(found, fates, strict=False):
        row.state = state
    session.commit()
    sending.cancel(session, blast.id, actor="operator 1", now=NOW)

    again = copies.resend(session, blast.id, operator_id=1, now=NOW)
    wanted = audience.count(session, again, now=NOW)

    # The rest of the audience was not listed when it was cancelled; it did not get it either.
    assert len(found) < READERS
    assert wanted == READERS - 2
    assert (again.state, again.subject, again.mailing_id) == (BlastState.DRAFT, "Open day", None)
