"""Passkeys: what they prove, and every answer that is refused."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audit import AuditEntry
from service.errors import Conflict, InvalidInput, NotFound
from service.operators import factors, passkeys, rules, sessions
from service.operators.models import Operator, Passkey
from service.operators.sealing import Sealer
from tests.factories import make_operator
from tests.fakes.authenticator import PRESENT, Authenticator

PLACE = passkeys.Site("localhost", "http://localhost:8000")
SEALER = Sealer(("a key that is only ever used in tests",))
CHALLENGE = b"a challenge of 32 random bytes..."


@pytest.fixture
def ada(session: Session) -> Operator:
    return make_operator(session, password_hash="x")


@pytest.fixture
def key(session: Session, ada: Operator, now: datetime) -> Authenticator:
    authenticator = Authenticator()
    add(session, ada, authenticator, now)
    return authenticator


def add(session: Session, operator: Operator, authenticator: Authenticator, now: datetime) -> list[str]:
    return passkeys.add(
        session,
        operator,
        authenticator.make(CHALLENGE),
        name="laptop",
        challenge=CHALLENGE,
        place=PLACE,
        sealer=SEALER,
        keep=None,
        now=now,
    )


def verify(session: Session, answer: str, now: datetime, *, of: int | None = None) -> Operator:
    return passkeys.verify(
        session,
        answer,
        challenge=CHALLENGE,
        asked_at=now - timedelta(seconds=10),
        place=PLACE,
        operator_id=of,
        now=now,
    )


def test_the_first_passkey_brings_recovery_codes_and_the_second_does_not(
    session: Session, ada: Operator, now: datetime
) -> None:
    assert len(add(session, ada, Authenticator(), now)) == 10
    assert add(session, ada, Authenticator(), now) == []
    assert factors.of(session, ada.id).passkeys == 2


def test_a_passkey_says_whose_it_is(
    session: Session, ada: Operator, key: Authenticator, now: datetime
) -> None:
    assert verify(session, key.use(CHALLENGE), now) is ada
    row = session.scalars(select(Passkey)).one()
    assert (row.sign_count, row.last_used_at, row.name) == (1, now, "laptop")


def _unverified(key: Authenticator) -> None:
    key.flags = PRESENT


def _elsewhere(key: Authenticator) -> None:
    key.origin = "https://evil.example"


def _other_domain(key: Authenticator) -> None:
    key.domain = "evil.example"


def _another(key: Authenticator) -> None:
    key._key = Authenticator()._key


@pytest.mark.parametrize("spoil", [_unverified, _elsewhere, _other_domain, _another])
def test_an_answer_that_does_not_hold_is_refused(
    session: Session, key: Authenticator, now: datetime, spoil: Callable[[Authenticator], None]
) -> None:
    spoil(key)
    with pytest.raises(InvalidInput, match="not accepted"):
        verify(session, key.use(CHALLENGE), now)


def test_a_sign_count_that_goes_back_is_a_copy_and_refused(
    session: Session, key: Authenticator, now: datetime
) -> None:
    key.sign_count = 7
    verify(session, key.use(CHALLENGE), now)
    key.sign_count = 3
    with pytest.raises(InvalidInput):
        verify(session, key.use(CHALLENGE), now + timedelta(minutes=1))


def test_an_answer_works_once_even_where_keys_do_not_count(
    session: Session, key: Authenticator, now: datetime
) -> None:
    key.sign_count = -1
    answer = key.use(CHALLENGE)
    verify(session, answer, now)
    with pytest.raises(InvalidInput):
        verify(session, answer, now + timedelta(seconds=5))


def test_an_answer_to_another_challenge_is_refused(
    session: Session, key: Authenticator, now: datetime
) -> None:
    with pytest.raises(InvalidInput):
        verify(session, key.use(b"another challenge"), now)


def test_as_a_second_step_only_the_account_s_own_passkey_counts(
    session: Session, ada: Operator, key: Authenticator, now: datetime
) -> None:
    with pytest.raises(InvalidInput):
        verify(session, key.use(CHALLENGE), now, of=make_operator(session).id)
    assert verify(session, key.use(CHALLENGE), now, of=ada.id) is ada


def test_a_passkey_of_a_disabled_account_opens_nothing(
    session: Session, ada: Operator, key: Authenticator, now: datetime
) -> None:
    ada.disabled_at = now
    with pytest.raises(InvalidInput):
        verify(session, key.use(CHALLENGE), now)


@pytest.mark.parametrize(
    "answer", ["", "{}", "[]", "null", "x" * 20_000, '{"id": 1}', '{"id":"a","rawId":"a"}']
)
def test_nonsense_is_refused(session: Session, ada: Operator, now: datetime, answer: str) -> None:
    with pytest.raises(InvalidInput):
        verify(session, answer, now)
    with pytest.raises(InvalidInput):
        passkeys.add(
            session,
            ada,
            answer,
            name="x",
            challenge=CHALLENGE,
            place=PLACE,
            sealer=SEALER,
            keep=None,
            now=now,
        )


def test_a_passkey_without_user_verification_is_not_added(
    session: Session, ada: Operator, now: datetime
) -> None:
    key = Authenticator()
    key.flags = PRESENT
    with pytest.raises(InvalidInput, match="could not be added"):
        add(session, ada, key, now)


def test_a_new_passkey_ends_other_logins_and_is_audited(
    session: Session, ada: Operator, now: datetime
) -> None:
    token = sessions.start(session, ada, ip=None, now=now)
    add(session, ada, Authenticator(), now)
    session.expire_all()
    assert sessions.find(session, token, now=now) is None
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.after) == ("operator.passkey_added", {"name": "laptop"})


def test_nobody_removes_another_s_passkey_or_the_last_one_that_is_needed(
    session: Session, ada: Operator, key: Authenticator, now: datetime
) -> None:
    row = session.scalars(select(Passkey)).one()
    with pytest.raises(NotFound):
        passkeys.remove(session, make_operator(session), row.id, keep=None, now=now)
    rules.change(
        session, idle_minutes=30, longest_hours=12, second_factor_required=True, actor="test", now=now
    )
    with pytest.raises(Conflict, match="Everybody needs"):
        passkeys.remove(session, ada, row.id, keep=None, now=now)
    add(session, ada, Authenticator(), now)
    assert passkeys.remove(session, ada, row.id, keep=None, now=now) == "laptop"
