"""What a reader did not get comes again; what may have arrived does not."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from service.db import Sessions
from service.delivery.models import MessageState
from service.digests import planning, restoring
from service.digests.received import received_stories
from service.recipes import queries as recipes
from tests.integration.digests.worlds import (
    LINKS,
    NOW,
    articles_of,
    make_due,
    make_stories,
    make_world,
    messages,
)

WEEK = timedelta(days=7)


def plan(sessions: Sessions, *, weeks: int = 0) -> None:
    planning.plan_due(sessions, links=LINKS, now=NOW + weeks * WEEK)


@pytest.mark.parametrize("state", restoring.LOST)
def test_a_lost_digest_gives_its_window_back_once(
    state: MessageState, session: Session, sessions: Sessions
) -> None:
    newsletter = make_world(session, stories=6)
    reader = make_due(session, newsletter)
    session.commit()
    plan(sessions)
    [lost] = messages(session)
    [[*was_lost]] = articles_of(session, reader)
    lost.state = state
    session.commit()

    plan(sessions, weeks=1)

    session.refresh(lost)
    assert lost.returned_at == NOW + WEEK
    [again] = articles_of(session, reader)
    assert set(again) == set(was_lost)
    session.refresh(reader)
    assert reader.watermark == 6
    assert restoring.give_back(session, now=NOW + WEEK) == 0


@pytest.mark.parametrize("state", [MessageState.SENT, MessageState.UNKNOWN, MessageState.DEFERRED])
def test_what_may_have_arrived_gives_nothing_back(
    state: MessageState, session: Session, sessions: Sessions
) -> None:
    reader = make_due(session, make_world(session, stories=6))
    session.commit()
    plan(sessions)
    [message] = messages(session)
    message.state = state
    session.commit()

    assert restoring.give_back(session, now=NOW) == 0

    session.refresh(reader)
    assert reader.watermark == 6
    assert len(recipes.received(session, [reader.id], since=NOW)[reader.id]) == 6


def test_after_a_loss_nothing_comes_twice_that_came_in_between(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session, stories=4)
    reader = make_due(session, newsletter)
    session.commit()
    plan(sessions)
    make_stories(session, newsletter, count=4, first_seq=10)
    session.commit()
    plan(sessions, weeks=1)
    first, second = messages(session)
    [old, middle] = articles_of(session, reader)
    first.state, second.state = MessageState.FAILED, MessageState.SENT
    session.commit()

    plan(sessions, weeks=2)

    [kept, returned] = articles_of(session, reader)
    assert kept == middle
    assert set(returned) == set(old)


def test_a_reader_who_was_erased_does_not_hold_up_the_others(session: Session, sessions: Sessions) -> None:
    newsletter = make_world(session)
    gone, stays = make_due(session, newsletter), make_due(session, newsletter)
    session.commit()
    plan(sessions)
    for message in messages(session):
        message.state = MessageState.FAILED
    session.delete(gone)
    session.commit()

    assert restoring.give_back(session, now=NOW) == 1
    assert restoring.give_back(session, now=NOW) == 0
    session.refresh(stays)
    assert stays.watermark == 0


def test_after_thirteen_weeks_an_article_is_forgotten(session: Session, sessions: Sessions) -> None:
    reader = make_due(session, make_world(session))
    session.commit()
    plan(sessions)

    assert received_stories(session, [reader.id], now=NOW + 13 * WEEK)[reader.id]
    assert received_stories(session, [reader.id], now=NOW + 13 * WEEK + timedelta(seconds=1)) == {}
