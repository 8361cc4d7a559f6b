"""Logins on the server: how they begin, last and end."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.operators import accounts, sessions
from service.operators.models import OperatorSession, Role
from tests.factories import make_operator


def test_only_the_hash_of_the_token_is_stored(session: Session, now: datetime) -> None:
    token = sessions.start(session, make_operator(session), ip="203.0.113.7", now=now)
    row = session.scalars(select(OperatorSession)).one()
    assert len(token) >= 43
    assert row.token_hash == sessions.fingerprint(token)
    assert token.encode() not in row.token_hash


def test_a_login_lives_while_it_is_used_and_seven_days_at_most(session: Session, now: datetime) -> None:
    token = sessions.start(session, make_operator(session), ip=None, now=now)
    at = now
    while at < now + timedelta(days=7) - timedelta(hours=7):
        at += timedelta(hours=7)
        assert sessions.find(session, token, now=at) is not None
    assert sessions.find(session, token, now=now + timedelta(days=7)) is None


def test_an_unused_login_ends_after_eight_hours(session: Session, now: datetime) -> None:
    token = sessions.start(session, make_operator(session), ip=None, now=now)
    assert sessions.find(session, token, now=now + timedelta(hours=8)) is None


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
    assert session.scalars(select(OperatorSession)).all() == []


def test_logging_out_ends_one_login_and_everywhere_ends_all(session: Session, now: datetime) -> None:
    ada = make_operator(session)
    first, second, third = (sessions.start(session, ada, ip=None, now=now) for _ in range(3))
    sessions.end(session, first)
    assert sessions.find(session, first, now=now) is None
    assert sessions.find(session, second, now=now) is not None
    assert sessions.end_all(session, ada.id) == 2
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
