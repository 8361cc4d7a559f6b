"""Logging in: right, wrong, too often, and never locked out for good."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.errors import TooManyRequests
from service.operators import accounts, login, passwords, throttle
from service.operators.models import LoginFailure, Operator, Role
from service.operators.throttle import Origin
from service.tokens import AddressHasher

PASSWORD = "a quiet harbour town"
EMAIL = "ada@courier.example"
HASHER = AddressHasher(("a key that is only ever used in tests",))


@pytest.fixture
def ada(session: Session, now: datetime) -> Operator:
    return accounts.create(
        session, email=EMAIL, name="Ada", role=Role.ADMIN, password=PASSWORD, actor="test", now=now
    )


def attempt(
    session: Session,
    now: datetime,
    *,
    password: str = "wrong password",
    email: str = EMAIL,
    network: str = "203.0.113.0/24",
    known: int | None = None,
) -> Operator | None:
    origin = Origin(network, known, "laptop")
    return login.check_password(session, email, password, origin=origin, hash_address=HASHER, now=now)


def fail(
    session: Session, now: datetime, *, times: int, network: str = "203.0.113.0/24", email: str = EMAIL
) -> None:
    """Write failures down as if they had happened, without hashing so often."""
    session.add_all(LoginFailure(at=now, email_hash=HASHER(email), network=network) for _ in range(times))
    session.flush()


def test_the_right_password_is_let_in_whatever_the_case_of_the_address(
    session: Session, ada: Operator, now: datetime
) -> None:
    assert attempt(session, now, password=PASSWORD, email=" Ada@Courier.Example ") is ada


def test_unknown_wrong_disabled_and_invited_all_get_the_same_answer(
    session: Session, ada: Operator, now: datetime
) -> None:
    accounts.invite(session, email="ben@courier.example", name="Ben", role=Role.EDITOR, by=ada, now=now)
    eve = accounts.create(
        session,
        email="eve@courier.example",
        name="Eve",
        role=Role.EDITOR,
        password=PASSWORD,
        actor="t",
        now=now,
    )
    accounts.disable(session, eve, actor="test", now=now)
    assert attempt(session, now) is None
    assert attempt(session, now, email="nobody@courier.example", password=PASSWORD) is None
    assert attempt(session, now, email="ben@courier.example", password="") is None
    assert attempt(session, now, email="eve@courier.example", password=PASSWORD) is None
    assert session.scalar(select(func.count(LoginFailure.id))) == 4


def test_five_wrong_passwords_make_the_sixth_wait(session: Session, ada: Operator, now: datetime) -> None:
    fail(session, now, times=4)
    assert attempt(session, now) is None
    with pytest.raises(TooManyRequests, match="too many wrong tries") as refused:
        attempt(session, now, password=PASSWORD)
    assert refused.value.retry_after == 2
    assert attempt(session, now + timedelta(seconds=3), password=PASSWORD) is ada


def test_the_wait_grows_to_a_quarter_of_an_hour_and_no_longer(
    session: Session, ada: Operator, now: datetime
) -> None:
    fail(session, now, times=500)
    with pytest.raises(TooManyRequests, match="15 minutes") as refused:
        attempt(session, now, password=PASSWORD)
    assert refused.value.retry_after == 900
    assert attempt(session, now + timedelta(seconds=901), password=PASSWORD) is ada


def test_a_stranger_at_the_next_desk_cannot_keep_the_owner_out(
    session: Session, ada: Operator, now: datetime
) -> None:
    fail(session, now, times=500)
    assert attempt(session, now, password=PASSWORD, known=ada.id) is ada


def test_a_stolen_browser_that_knows_the_account_has_to_wait_like_any_other(
    session: Session, ada: Operator, now: datetime
) -> None:
    fail(session, now, times=500, network="device laptop")
    with pytest.raises(TooManyRequests, match="15 minutes"):
        attempt(session, now, password=PASSWORD, known=ada.id, network="198.51.100.0/24")


def test_a_network_that_tries_many_accounts_waits_too(session: Session, ada: Operator, now: datetime) -> None:
    for number in range(25):
        fail(session, now, times=1, email=f"guess{number}@courier.example")
    with pytest.raises(TooManyRequests):
        attempt(session, now, email="fresh@courier.example")
    assert attempt(session, now, password=PASSWORD, network="198.51.100.0/24") is ada


def test_guessing_from_everywhere_never_keeps_the_owner_out(
    session: Session, ada: Operator, now: datetime
) -> None:
    for number in range(200):
        fail(session, now, times=1, network=f"10.0.{number}.0/24")
    with pytest.raises(TooManyRequests) as refused:
        attempt(session, now, password=PASSWORD)
    assert refused.value.retry_after <= 30
    assert attempt(session, now, password=PASSWORD, known=ada.id) is ada


def test_a_browser_that_knows_another_account_is_no_exception(
    session: Session, ada: Operator, now: datetime
) -> None:
    for number in range(200):
        fail(session, now, times=1, network=f"10.0.{number}.0/24")
    with pytest.raises(TooManyRequests):
        attempt(session, now, password=PASSWORD, known=ada.id + 1)


def test_a_success_forgets_the_failures_of_that_network(
    session: Session, ada: Operator, now: datetime
) -> None:
    fail(session, now, times=3)
    fail(session, now, times=2, network="198.51.100.0/24")
    attempt(session, now, password=PASSWORD)
    assert session.scalar(select(func.count(LoginFailure.id))) == 2


def test_old_failures_count_no_more_and_are_purged(session: Session, ada: Operator, now: datetime) -> None:
    fail(session, now - timedelta(minutes=61), times=50)
    assert attempt(session, now, password=PASSWORD) is ada
    fail(session, now - timedelta(minutes=61), times=2)
    throttle.purge(session, now=now)
    assert session.scalar(select(func.count(LoginFailure.id))) == 0


def test_an_outdated_hash_is_renewed_at_login(session: Session, ada: Operator, now: datetime) -> None:
    weak = passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    ada.password_hash = weak.hash(PASSWORD)
    assert attempt(session, now, password=PASSWORD) is ada
    assert ada.password_hash is not None
    assert not passwords.is_outdated(ada.password_hash)
