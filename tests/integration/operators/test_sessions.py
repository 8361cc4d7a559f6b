"""Logins on the server: how they begin, last and end."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.errors import InvalidInput
from service.operators import accounts, rules, sessions
from service.operators.models import Ending, OperatorSession, Role
from tests.factories import make_operator


def test_only_the_hash_of_the_token_is_stored(session: Session, now: datetime) -> None:
    token = sessions.start(session, make_operator(session), ip="203.0.113.7", now=now)
    row = session.scalars(select(OperatorSession)).one()
    assert len(token) >= 43
    assert row.token_hash == sessions.fingerprint(token)
    assert token.encode() not in row.token_hash


def test_a_login_lives_while_it_is_used_and_twelve_hours_at_most(session: Session, now: datetime) -> None:
    token = sessions.start(session, make_operator(session), ip=None, now=now)
    at = now
    while at < now + timedelta(hours=12) - timedelta(minutes=25):
        at += timedelta(minutes=25)
        assert sessions.find(session, token, now=at) is not None
    assert sessions.find(session, token, now=now + timedelta(hours=12)) is None


def test_an_unused_login_ends_after_half_an_hour(session: Session, now: datetime) -> None:
    token = sessions.start(session, make_operator(session), ip=None, now=now)
    assert sessions.find(session, token, now=now + timedelta(minutes=30)) is None


def test_new_rules_hold_for_logins_that_are_open(session: Session, now: datetime) -> None:
    token = sessions.start(session, make_operator(session), ip=None, now=now)
    later = now + timedelta(minutes=20)
    rules.change(
        session, idle_minutes=15, longest_hours=12, second_factor_required=False, actor="test", now=now
    )
    assert sessions.find(session, token, now=later) is None
    rules.change(
        session, idle_minutes=60, longest_hours=12, second_factor_required=False, actor="test", now=now
    )
    assert sessions.find(session, token, now=later) is not None


@pytest.mark.parametrize(("minutes", "hours"), [(4, 12), (24 * 60 + 1, 12), (30, 0), (30, 169)])
def test_rules_out_of_range_are_refused(session: Session, now: datetime, minutes: int, hours: int) -> None:
    with pytest.raises(InvalidInput, match="between"):
        rules.change(
            session,
            idle_minutes=minutes,
            longest_hours=hours,
            second_factor_required=True,
            actor="test",
            now=now,
        )
    assert not rules.current(session).second_factor_required


def test_a_new_role_ends_every_login_and_its_browser_can_be_told_why(session: Session, now: datetime) -> None:
    ben = make_operator(session, role=Role.SENDER)
    token = sessions.start(session, ben, ip=None, now=now)
    accounts.change_role(session, ben, role=Role.VIEWER, actor="test", now=now)
    session.expire_all()
    assert sessions.find(session, token, now=now) is None
    over = sessions.find_any(session, token)
    assert over is not None
    assert (over.ended_at, over.ended_by) == (now, Ending.ROLE)


def test_forged_and_empty_tokens_find_nothing(session: Session, now: datetime) -> None:
    token = sessions.start(session, make_operator(session), ip=None, now=now)
    for wrong in ("", token[:-1], token + "x", "\ud800", "x" * 10_000):
        assert sessions.find(session, wrong, now=now) is None


def test_disabling_an_account_ends_its_logins_at_once(session: Session, now: datetime) -> None:
    make_operator(session, password_hash="x")
    ben = make_operator(session, role=Role.SENDER)
    token = sessions.start(session, ben, ip=None, now=now)
    accounts.disable(session, ben, actor="test", now=now)
    assert sessions.find(session, token, now=now) is None
    assert sessions.list_for(session, ben.id, now=now) == []


def test_logging_out_ends_one_login_and_everywhere_ends_all(session: Session, now: datetime) -> None:
    ada = make_operator(session)
    first, second, third = (sessions.start(session, ada, ip=None, now=now) for _ in range(3))
    sessions.end(session, first, now=now)
    session.expire_all()
    assert sessions.find(session, first, now=now) is None
    assert sessions.find(session, second, now=now) is not None
    assert sessions.end_all(session, ada.id, why=Ending.EVERYWHERE, now=now) == 2
    session.expire_all()
    assert sessions.find(session, third, now=now) is None


def test_purging_removes_only_what_is_over(session: Session, now: datetime) -> None:
    ada = make_operator(session)
    sessions.start(session, ada, ip=None, now=now - timedelta(days=8))
    live = sessions.start(session, ada, ip=None, now=now)
    sessions.purge(session, now=now)
    session.expire_all()
    assert [row.token_hash for row in session.scalars(select(OperatorSession))] == [
        sessions.fingerprint(live)
    ]
