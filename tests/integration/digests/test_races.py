"""Planners at once, and planners that are killed: nobody twice, nobody lost."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import product
from threading import Barrier

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from service.db import Sessions
from service.delivery.models import Mailing, Message, MessageState
from service.digests import due, first, planning, restoring, rows, slots
from service.digests.models import Edition, Run
from service.digests.slots import LATEST
from service.recipes.models import Recipe
from service.subscribers import schedule
from service.subscribers.choices import RHYTHMS
from service.subscribers.models import Subscription
from tests.integration.digests.worlds import LINKS, NOW, make_due, make_world

READERS = 60


def make_readers(sessions: Sessions, **values: object) -> None:
    with sessions.begin() as session:
        newsletter = make_world(session, stories=12, topics=("Science", "Energy", "Law"))
        topic_ids = [topic.id for topic in newsletter.topics]
        for n in range(READERS):
            chosen = topic_ids[: 1 + n % 3]
            hour = {"hour": 8 + n % 2, "next_due_at": NOW - timedelta(hours=1 - n % 2)}
            make_due(session, newsletter, topic_ids=chosen, **hour, **values)


def assert_everybody_once(session: Session) -> None:
    rows = Counter(session.scalars(select(Message.subscription_id).where(Message.kind == "digest")))
    assert rows == Counter(dict.fromkeys(session.scalars(select(Subscription.id)), 1))
    hashes = session.scalars(select(Recipe.content_hash)).all()
    assert len(hashes) == len(set(hashes))
    assert session.scalar(select(func.count()).select_from(Edition)) == 1
    assert session.scalar(select(func.count()).select_from(Mailing).where(Mailing.stream == "digest")) == 1
    assert set(session.scalars(select(Subscription.watermark))) == {12}


def at_once(work: list[object]) -> list[object]:
    """Run the callables in threads of their own, from the same moment on."""
    gate = Barrier(len(work))

    def run(call: object) -> object:
        gate.wait(timeout=10)
        return call()

    with ThreadPoolExecutor(len(work)) as pool:
        return [future.result() for future in [pool.submit(run, call) for call in work]]


def test_five_planners_at_once_plan_everybody_once(
    committing: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "SLICE", 7)
    make_readers(committing)

    reports = at_once([lambda: planning.plan_due(committing, links=LINKS, now=NOW)] * 5)

    assert sum(report.planned for report in reports) == READERS
    with committing() as session:
        assert_everybody_once(session)
        assert session.scalar(select(func.count()).select_from(Run)) == 2


def test_five_ticks_at_once_open_every_edition_and_run_once(committing: Sessions) -> None:
    chosen = list(product(RHYTHMS, ["UTC", "Europe/Berlin", "Pacific/Kiritimati"]))
    with committing.begin() as session:
        newsletter = make_world(session, stories=12)
        for rhythm, zone in chosen * 3:
            slot = schedule.next_due(
                rhythm, weekday=2, hour=9, time_zone=zone, after=NOW - LATEST[rhythm] + timedelta(hours=1)
            )
            # Whoever is due after this moment waits for another tick.
            make_due(session, newsletter, rhythm=rhythm, time_zone=zone, next_due_at=slot)
        due = session.scalars(select(Subscription).where(Subscription.next_due_at <= NOW)).all()
        expected = {(one.rhythm, slots.slot_of(one, now=NOW).period) for one in due}
        expected_runs = {(one.rhythm, slots.slot_of(one, now=NOW).at) for one in due}
        assert len(expected) > len(RHYTHMS) - 2
        readers = Counter(one.id for one in due)

    at_once([lambda: planning.plan_due(committing, links=LINKS, now=NOW)] * 5)

    with committing() as session:
        editions = session.execute(select(Edition.rhythm, Edition.period)).all()
        assert Counter(map(tuple, editions)) == Counter(expected)
        runs = session.execute(select(Edition.rhythm, Run.slot_at).select_from(Run).join(Edition)).all()
        assert Counter(map(tuple, runs)) == Counter(expected_runs)
        assert Counter(session.scalars(select(Message.subscription_id))) == readers
        assert set(session.scalars(select(Message.state))) == {MessageState.PLANNED}


def test_a_pass_that_runs_out_of_time_leaves_the_rest_to_the_next(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "SLICE", 7)
    make_readers(sessions)
    clock = iter(range(1000))
    monkeypatch.setattr(planning.time, "monotonic", lambda: float(next(clock)))

    # Asked when it begins, and before each slice.
    assert planning.plan_due(sessions, links=LINKS, now=NOW, seconds=3.5).planned == 3 * 7
    assert planning.plan_due(sessions, links=LINKS, now=NOW, seconds=100).planned == READERS - 3 * 7

    with sessions() as session:
        assert_everybody_once(session)


def test_three_planners_of_first_digests_at_once_greet_everybody_once(
    committing: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first, "SLICE", 7)
    make_readers(committing, first_digest_pending=True)

    at_once([lambda: first.plan_first(committing, links=LINKS, now=NOW)] * 3)

    with committing() as session:
        assert_everybody_once(session)


class Killed(BaseException):
    """Stands for kill -9: nothing catches it, the transaction is simply gone."""


@pytest.mark.parametrize("place", ["before the rows", "after the rows"])
def test_a_planner_that_is_killed_between_slices_leaves_nothing_half_done(
    place: str, committing: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_readers(committing)
    write, calls = rows.write, iter(range(100))

    def killed_in_the_third_slice(*args: object, **values: object) -> object:
        third = next(calls) == 2
        if third and place == "before the rows":
            raise Killed
        outcome = write(*args, **values)
        if third:
            raise Killed
        return outcome

    with monkeypatch.context() as patch:
        patch.setattr(planning, "SLICE", 7)
        patch.setattr(rows, "write", killed_in_the_third_slice)
        with pytest.raises(Killed):
            planning.plan_due(committing, links=LINKS, now=NOW)
    with committing() as session:
        done = session.scalar(select(func.count()).select_from(Message))
        moved = session.scalar(select(func.count()).where(Subscription.watermark == 12))
        assert done == moved == 14

    planning.plan_due(committing, links=LINKS, now=NOW + timedelta(minutes=1))

    with committing() as session:
        assert_everybody_once(session)


def test_a_run_keeps_its_cut_off_when_articles_come_in_between(
    committing: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_readers(committing)
    with committing.begin() as session:
        planning.open_runs(session, planning.sending_newsletters(session), now=NOW)
    with committing.begin() as session:
        make_world(session, stories=20)

    planning.plan_due(committing, links=LINKS, now=NOW)

    with committing() as session:
        assert set(session.scalars(select(Message.to_seq))) == {12}


def test_a_pass_with_more_than_a_slice_of_work_calls_for_help_once(
    committing: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_readers(committing)
    calls: list[str] = []

    monkeypatch.setattr(planning, "SLICE", READERS + 1)
    planning.plan_due(
        committing, links=LINKS, now=NOW - timedelta(minutes=30), call_help=lambda: calls.append("few")
    )
    assert calls == []
    monkeypatch.setattr(planning, "SLICE", 7)
    planning.plan_due(committing, links=LINKS, now=NOW, call_help=lambda: calls.append("many"))

    assert calls == ["many"]
    with committing() as session:
        assert_everybody_once(session)


def test_a_lost_mail_gives_its_window_back_once_the_planner_that_holds_its_reader_is_done(
    committing: Sessions,
) -> None:
    make_readers(committing)
    planning.plan_due(committing, links=LINKS, now=NOW)
    with committing.begin() as session:
        newsletter_id = session.scalars(select(Subscription.newsletter_id)).first()
        lost = session.scalars(select(Message).where(Message.kind == "digest").limit(10)).all()
        for message in lost:
            message.state = MessageState.CANCELLED
        lost_ids = {message.subscription_id for message in lost}
    later = NOW + timedelta(days=7)

    with committing.begin() as planner:
        held = due.lock_slice(planner, newsletter_id, after=None, limit=1_000, now=later)
        assert lost_ids <= {reader.id for reader in held}
        with committing.begin() as session:
            assert restoring.give_back(session, now=later) == 0
    with committing.begin() as session:
        assert restoring.give_back(session, now=later) == len(lost_ids)

    with committing() as session:
        marks = dict(session.execute(select(Subscription.id, Subscription.watermark)).all())
    assert {marks[each] for each in lost_ids} == {0}
    assert {mark for each, mark in marks.items() if each not in lost_ids} == {12}


def test_a_reader_who_changes_topics_meanwhile_is_planned_by_the_new_ones(committing: Sessions) -> None:
    make_readers(committing)
    with committing() as session:
        reader = session.scalars(select(Subscription).order_by(Subscription.id)).first()
    topics = [*reader.topic_ids, reader.topic_ids[0] + 1]
    every = {"after": None, "limit": 1_000, "now": NOW}

    with committing.begin() as session:
        session.execute(update(Subscription).where(Subscription.id == reader.id).values(topic_ids=topics))
        with committing.begin() as planner:
            held = due.lock_slice(planner, reader.newsletter_id, **every)
            assert len(held) == READERS - 1
            assert reader.id not in {one.id for one in held}
    with committing.begin() as planner:
        held = due.lock_slice(planner, reader.newsletter_id, **every)

    assert {one.id: one.topic_ids for one in held}[reader.id] == topics
