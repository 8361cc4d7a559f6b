"""A blast from the confirmed number to the last ledger row."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audit import AuditEntry
from service.blasts import audience, drafts, sending
from service.blasts.emails import why_not
from service.blasts.models import Blast, BlastState
from service.db import Sessions
from service.delivery import mailings, planning
from service.delivery.accounting import accounts
from service.delivery.models import Mailing, MailingState, Message, MessageState, Stream
from service.errors import Conflict
from service.newsletters.models import Newsletter
from service.recipes import composing
from service.recipes.models import Recipe
from service.subscribers.models import ConsentEvent, ConsentKind, Subscription, SubscriptionState
from tests.factories import LINKS, make_newsletter, make_subscription

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
WHO = "operator 1"


def make_blast(session: Session, newsletter: Newsletter, **values: object) -> Blast:
    return drafts.create(
        session,
        newsletter,
        **{
            "subject": "Our summer issue",
            "body_markdown": "Hello **readers**.",
            "topic_ids": [],
            "operator_id": 1,
            "now": NOW,
            **values,
        },
    )


def make_listener(session: Session, newsletter: Newsletter, **values: object) -> Subscription:
    return make_subscription(session, newsletter, **{"announcements": True, **values})


def start(session: Session, blast: Blast, *, count: int) -> Blast:
    return sending.start(session, blast.id, confirmed_count=count, links=LINKS, actor=WHO, now=NOW)


def rows(session: Session) -> list[Message]:
    return list(session.scalars(select(Message).order_by(Message.subscription_id)))


def states(session: Session) -> set[MessageState]:
    session.expire_all()
    return set(session.scalars(select(Message.state)))


def actions(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_only_active_readers_who_asked_for_announcements_are_counted(session: Session) -> None:
    newsletter = make_newsletter(session)
    make_listener(session, newsletter)
    make_listener(session, newsletter, paused_until=date(2026, 11, 20))
    make_listener(session, newsletter, paused_until=date(2026, 12, 24))
    make_listener(session, newsletter, state=SubscriptionState.PENDING)
    make_listener(session, newsletter, state=SubscriptionState.UNSUBSCRIBED)
    make_subscription(session, newsletter)
    make_listener(session, make_newsletter(session))

    assert audience.count(session, make_blast(session, newsletter), now=NOW) == 2


def test_topics_narrow_the_audience_to_readers_of_any_of_them(session: Session) -> None:
    newsletter = make_newsletter(session, topics=("Science", "Energy", "Law"))
    science, energy, law = (topic.id for topic in newsletter.topics)
    for chosen in ([science], [science, energy], [law]):
        make_listener(session, newsletter, topic_ids=chosen)

    def count(*topic_ids: int) -> int:
        return audience.count(session, make_blast(session, newsletter, topic_ids=topic_ids), now=NOW)

    assert [count(), count(science), count(energy, law), count(science, energy, law)] == [3, 2, 2, 3]


def test_everybody_in_the_audience_gets_one_row(session: Session, sessions: Sessions) -> None:
    newsletter = make_newsletter(session)
    readers = [make_listener(session, newsletter) for _ in range(3)]
    make_subscription(session, newsletter)
    blast = start(session, make_blast(session, newsletter), count=3)
    session.commit()

    assert sending.fan_out(sessions, now=NOW) == 3

    session.refresh(blast)
    mailing = session.get_one(Mailing, blast.mailing_id)
    assert (mailing.stream, mailing.cause, mailing.list_id) == (
        Stream.BLAST,
        f"blast {blast.id}",
        newsletter.id,
    )
    assert mailing.planned
    assert [row.subscription_id for row in rows(session)] == [reader.id for reader in readers]
    assert {(row.kind, row.state, row.recipe_id) for row in rows(session)} == {
        ("blast", MessageState.PLANNED, blast.recipe_id)
    }
    assert (blast.state, blast.fan_out_after, blast.confirmed_count) == (BlastState.SENDING, None, 3)
    assert sending.fan_out(sessions, now=NOW) == 0
    assert actions(session) == ["blast.created", "blast.started"]


def test_a_number_that_has_changed_must_be_confirmed_again(session: Session) -> None:
    newsletter = make_newsletter(session)
    blast = make_blast(session, newsletter)
    for _ in range(2):
        make_listener(session, newsletter)

    with pytest.raises(Conflict, match="you confirmed 1 readers, now there are 2"):
        start(session, blast, count=1)

    assert blast.state is BlastState.DRAFT
    assert blast.mailing_id is None


def test_a_fan_out_that_runs_out_of_time_goes_on_where_it_stopped(
    session: Session, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SLICE", 2)
    newsletter = make_newsletter(session)
    blast = make_blast(session, newsletter)
    for _ in range(5):
        make_listener(session, newsletter)
    start(session, blast, count=5)
    session.commit()
    clock = iter(range(1000))
    monkeypatch.setattr(sending.time, "monotonic", lambda: float(next(clock)))

    assert sending.fan_out(sessions, now=NOW, seconds=1.5) == 2
    assert sending.fan_out(sessions, now=NOW, seconds=100) == 3


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"subject": " "}, "no subject"),
        ({"body_markdown": " \n"}, "no text"),
    ],
)
def test_an_unfinished_blast_does_not_start(
    values: dict[str, object], sentence: str, session: Session
) -> None:
    newsletter = make_newsletter(session)
    make_listener(session, newsletter)

    with pytest.raises(Conflict, match=sentence):
        start(session, make_blast(session, newsletter, **values), count=1)


def test_without_a_postal_address_nothing_starts(session: Session) -> None:
    newsletter = make_newsletter(session)
    newsletter.sender.postal_address = ""
    make_listener(session, newsletter)

    with pytest.raises(Conflict, match="postal address"):
        start(session, make_blast(session, newsletter), count=1)


def test_a_blast_to_nobody_does_not_start(session: Session) -> None:
    with pytest.raises(Conflict, match="Nobody would get"):
        start(session, make_blast(session, make_newsletter(session)), count=0)


def test_a_double_click_starts_one_blast(committing: Sessions) -> None:
    with committing.begin() as session:
        newsletter = make_newsletter(session)
        make_listener(session, newsletter)
        blast_id = make_blast(session, newsletter).id
    gate = Barrier(4)

    def press() -> int | None:
        with committing.begin() as session:
            gate.wait(timeout=10)
            blast = sending.start(session, blast_id, confirmed_count=1, links=LINKS, actor=WHO, now=NOW)
            return blast.mailing_id

    with ThreadPoolExecutor(4) as pool:
        mailing_ids = {future.result() for future in [pool.submit(press) for _ in range(4)]}
        fanned = sum(pool.map(lambda _: sending.fan_out(committing, now=NOW), range(4)))

    with committing() as session:
        assert len(mailing_ids) == fanned == 1
        assert session.scalars(select(Recipe.id)).all() == [session.get_one(Blast, blast_id).recipe_id]
        assert actions(session).count("blast.started") == 1


class Killed(BaseException):
    """Stands for kill -9."""


def test_a_fan_out_that_is_killed_goes_on_where_it_was(
    committing: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SLICE", 4)
    with committing.begin() as session:
        newsletter = make_newsletter(session)
        for _ in range(10):
            make_listener(session, newsletter)
        blast = start(session, make_blast(session, newsletter), count=10)
    put, calls = planning.put_audience, iter(range(100))

    def killed_after_the_second_slice(*args: object, **values: object) -> int:
        found = put(*args, **values)  # type: ignore[arg-type]  # handed on as they came
        if next(calls) == 1:
            raise Killed
        return found

    with monkeypatch.context() as patch:
        patch.setattr(planning, "put_audience", killed_after_the_second_slice)
        with pytest.raises(Killed):
            sending.fan_out(committing, now=NOW)
    with committing() as session:
        assert len(rows(session)) == 4
        assert session.get_one(Blast, blast.id).fan_out_after == rows(session)[-1].subscription_id

    assert sending.fan_out(committing, now=NOW) == 6

    with committing() as session:
        assert len({row.subscription_id for row in rows(session)}) == len(rows(session)) == 10
        assert session.get_one(Mailing, blast.mailing_id).planned


def test_who_comes_or_asks_later_is_not_in_the_frozen_audience(session: Session, sessions: Sessions) -> None:
    newsletter = make_newsletter(session)
    reader = make_listener(session, newsletter)
    silent = make_subscription(session, newsletter)
    last = make_listener(session, newsletter)
    start(session, make_blast(session, newsletter), count=2)
    make_listener(session, newsletter)
    silent.announcements = True
    event = ConsentEvent(subscription_id=silent.id, kind=ConsentKind.ANNOUNCEMENTS_ON, at=NOW)
    event.at, event.channel = NOW + timedelta(seconds=1), "preferences"
    session.add(event)
    session.commit()

    sending.fan_out(sessions, now=NOW + timedelta(seconds=2))

    assert [row.subscription_id for row in rows(session)] == [reader.id, last.id]


def test_who_unsubscribed_after_the_start_is_refused_at_the_last_look(session: Session) -> None:
    reader = make_listener(session, make_newsletter(session), paused_until=date(2026, 11, 24))

    assert why_not(reader, now=NOW) is None
    reader.paused_until = date(2026, 11, 25)
    assert why_not(reader, now=NOW) == "paused"
    reader.announcements = False
    assert why_not(reader, now=NOW) == "no_announcements"
    reader.state = SubscriptionState.UNSUBSCRIBED
    assert why_not(reader, now=NOW) == "unsubscribed"
    assert why_not(None, now=NOW) == "erased"


def started(session: Session, sessions: Sessions, *, readers: int = 2) -> Blast:
    newsletter = make_newsletter(session)
    for _ in range(readers):
        make_listener(session, newsletter)
    blast = start(session, make_blast(session, newsletter), count=readers)
    session.commit()
    sending.fan_out(sessions, now=NOW)
    session.refresh(blast)
    return blast


def test_pause_holds_and_resume_goes_on(session: Session, sessions: Sessions) -> None:
    blast = started(session, sessions)
    mailing = session.get_one(Mailing, blast.mailing_id)

    for _ in range(2):
        assert sending.pause(session, blast.id, actor=WHO, now=NOW).state is BlastState.PAUSED
    session.refresh(mailing)
    assert mailing.state is MailingState.PAUSED

    assert sending.resume(session, blast.id, actor=WHO, now=NOW).state is BlastState.SENDING
    session.refresh(mailing)
    assert mailing.state is MailingState.SENDING
    assert actions(session)[1:] == ["blast.started", "blast.paused", "blast.resumed"]


def test_cancel_is_for_good(session: Session, sessions: Sessions) -> None:
    blast = started(session, sessions)

    sending.cancel(session, blast.id, actor=WHO, now=NOW)

    assert states(session) == {MessageState.CANCELLED}
    assert (blast.state, blast.finished_at) == (BlastState.CANCELLED, NOW)
    for move in (sending.pause, sending.resume):
        with pytest.raises(Conflict, match="was cancelled"):
            move(session, blast.id, actor=WHO, now=NOW)
    with pytest.raises(Conflict, match="was cancelled"):
        start(session, blast, count=2)
    account = accounts(session, [blast.mailing_id or 0])[blast.mailing_id or 0]
    assert (account.skipped, account.pending) == ({"stopped": 2}, 0)


def test_a_cancelled_blast_fans_out_no_further(session: Session, sessions: Sessions) -> None:
    newsletter = make_newsletter(session)
    make_listener(session, newsletter)
    blast = start(session, make_blast(session, newsletter), count=1)
    sending.cancel(session, blast.id, actor=WHO, now=NOW)
    session.commit()

    assert sending.fan_out(sessions, now=NOW) == 0
    assert rows(session) == []


def test_a_blast_is_sent_when_its_account_closes(session: Session, sessions: Sessions) -> None:
    blast = started(session, sessions)
    mailings.close_finished(session, now=NOW)
    assert sending.finish_done(session, now=NOW) == 0
    for row in rows(session):
        row.state = MessageState.SENT
    session.commit()
    mailings.close_finished(session, now=NOW)

    assert sending.finish_done(session, now=NOW + timedelta(minutes=5)) == 1

    session.refresh(blast)
    assert (blast.state, blast.finished_at) == (BlastState.SENT, NOW + timedelta(minutes=5))
    assert actions(session)[-1] == "blast.finished"
    with pytest.raises(Conflict, match="has been sent"):
        sending.cancel(session, blast.id, actor=WHO, now=NOW)


def test_a_mailing_that_was_stopped_elsewhere_ends_its_blast(session: Session, sessions: Sessions) -> None:
    blast = started(session, sessions)
    mailings.stop(session, blast.mailing_id or 0, now=NOW)
    session.commit()

    sending.fan_out(sessions, now=NOW)

    session.refresh(blast)
    assert blast.state is BlastState.CANCELLED


def test_every_reader_gets_a_blast_with_the_words_around_it_in_their_language(session: Session) -> None:
    newsletter = make_newsletter(session)
    readers = {locale: make_listener(session, newsletter, locale=locale) for locale in ("en", "de", "ar")}
    blast = start(session, make_blast(session, newsletter), count=3)
    sending.fan_out_slice(session, blast, now=NOW)

    recipes = {recipe.locale: recipe for recipe in session.scalars(select(Recipe))}
    assert recipes.keys() == readers.keys()
    assert blast.recipe_id == recipes["en"].id
    planned = {row.subscription_id: row.recipe_id for row in rows(session)}
    assert planned == {reader.id: recipes[locale].id for locale, reader in readers.items()}
    shown = {locale: composing.whole(session, recipe).html for locale, recipe in recipes.items()}
    assert all("Hello <strong>readers</strong>." in html for html in shown.values())
    assert 'dir="rtl"' in shown["ar"]


def test_who_has_changed_language_since_the_start_gets_the_newsletters_own(session: Session) -> None:
    newsletter = make_newsletter(session, locale="de")
    reader = make_listener(session, newsletter, locale="de")
    blast = start(session, make_blast(session, newsletter), count=1)
    reader.locale = "fr"
    session.flush()
    sending.fan_out_slice(session, blast, now=NOW)

    [row] = rows(session)
    assert row.recipe_id == blast.recipe_id
