"""Authenticator apps and recovery codes: once each, slowed down when guessed; the owner comes in."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.audit import AuditEntry
from service.errors import ConfigurationError, Conflict, InvalidInput, TooManyRequests
from service.operators import factors, recovery, sessions, totp
from service.operators.models import LoginFailure, Operator, RecoveryCode, Totp
from service.operators.sealing import Sealer
from service.operators.throttle import Origin
from service.tokens import AddressHasher
from tests.factories import make_operator

KEY = "a key that is only ever used in tests"
SEALER = Sealer((KEY,))
HASHER = AddressHasher((KEY,))
SECRET = b"12345678901234567890"
HERE = Origin("203.0.113.0/24")


def code(at: datetime) -> str:
    return totp.code_of(SECRET, totp.step_at(at))


def check(session: Session, ada: Operator, typed: str, now: datetime, origin: Origin = HERE) -> str | None:
    return factors.check_code(session, ada, typed, origin=origin, sealer=SEALER, hash_address=HASHER, now=now)


def fail(session: Session, ada: Operator, now: datetime, *, times: int, network: str = HERE.network) -> None:
    account = HASHER(f"second factor of operator {ada.id}")
    session.add_all(LoginFailure(at=now, email_hash=account, network=network) for _ in range(times))
    session.flush()


@pytest.fixture
def ada(session: Session) -> Operator:
    return make_operator(session, password_hash="x")


@pytest.fixture
def codes(session: Session, ada: Operator, now: datetime) -> list[str]:
    """The recovery codes of an account whose app was connected two minutes ago."""
    then = now - timedelta(minutes=2)
    return factors.add_totp(session, ada, SECRET, code(then), sealer=SEALER, keep=None, now=then)


def test_an_app_is_connected_by_a_code_it_shows(session: Session, ada: Operator, now: datetime) -> None:
    with pytest.raises(InvalidInput, match="not the code"):
        factors.add_totp(session, ada, SECRET, "000000", sealer=SEALER, keep=None, now=now)
    assert not factors.of(session, ada.id).any
    made = factors.add_totp(session, ada, SECRET, code(now), sealer=SEALER, keep=None, now=now)
    assert len(set(made)) == 10
    assert factors.of(session, ada.id).recovery_codes == 10
    with pytest.raises(Conflict, match="already"):
        factors.add_totp(session, ada, SECRET, code(now), sealer=SEALER, keep=None, now=now)


def test_neither_secret_nor_codes_can_be_read_in_the_database(
    session: Session, ada: Operator, codes: list[str]
) -> None:
    assert SECRET not in session.get_one(Totp, ada.id).sealed_secret
    hashes = session.scalars(select(RecoveryCode.code_hash)).all()
    assert {len(one) for one in hashes} == {32}
    assert not any(made.replace("-", "").encode() in one for made in codes for one in hashes)


@pytest.mark.usefixtures("codes")
def test_a_code_of_the_app_works_once(session: Session, ada: Operator, now: datetime) -> None:
    assert check(session, ada, " 000 000 ", now) is None
    shown = code(now)
    assert check(session, ada, f"{shown[:3]} {shown[3:]}", now) == "an authenticator app"
    assert check(session, ada, shown, now) is None
    assert check(session, ada, code(now + timedelta(seconds=30)), now + timedelta(seconds=30))


def test_a_recovery_code_works_once_however_it_is_typed(
    session: Session, ada: Operator, codes: list[str], now: datetime
) -> None:
    typed = codes[3].upper().replace("-", " ").replace("0", "O").replace("1", "l")
    assert check(session, ada, typed, now) == "a recovery code"
    assert check(session, ada, codes[3], now) is None
    assert factors.of(session, ada.id).recovery_codes == 9
    assert "operator.recovery_code_used" in session.scalars(select(AuditEntry.action)).all()


def test_a_recovery_code_of_somebody_else_is_none(session: Session, codes: list[str], now: datetime) -> None:
    assert check(session, make_operator(session), codes[0], now) is None


def test_new_recovery_codes_end_the_old_ones(
    session: Session, ada: Operator, codes: list[str], now: datetime
) -> None:
    fresh = factors.new_recovery_codes(session, ada, sealer=SEALER, now=now)
    assert not recovery.use(session, ada.id, codes[0], sealer=SEALER, now=now)
    assert recovery.use(session, ada.id, fresh[0], sealer=SEALER, now=now)


@pytest.mark.usefixtures("codes")
def test_guessing_codes_waits_longer_and_longer(session: Session, ada: Operator, now: datetime) -> None:
    fail(session, ada, now, times=5)
    with pytest.raises(TooManyRequests):
        check(session, ada, code(now), now)


def test_a_stranger_who_knows_the_password_and_guesses_codes_keeps_nobody_out(
    session: Session, ada: Operator, codes: list[str], now: datetime
) -> None:
    for number in range(60):
        fail(session, ada, now, times=1, network=f"10.0.{number}.0/24")
    with pytest.raises(TooManyRequests):
        check(session, ada, code(now), now)
    # The owner at a new machine has recovery codes; at the one they always use, the app is enough.
    assert check(session, ada, codes[0], now) == "a recovery code"
    mine = Origin("10.0.0.0/24", ada.id, "laptop")
    assert check(session, ada, code(now), now, mine) == "an authenticator app"


def test_an_administrator_s_reset_takes_everything_and_ends_logins(
    session: Session, ada: Operator, codes: list[str], now: datetime
) -> None:
    token = sessions.start(session, ada, ip=None, now=now)
    factors.reset(session, ada, actor="operator 99", now=now)
    session.expire_all()
    assert not factors.of(session, ada.id).any
    assert not recovery.use(session, ada.id, codes[0], sealer=SEALER, now=now)
    assert sessions.find(session, token, now=now) is None
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.action, entry.actor) == ("operator.second_factor_reset", "operator 99")
    assert entry.before == {"app": True, "passkeys": 0}


@pytest.mark.usefixtures("codes")
def test_removing_the_last_factor_takes_its_recovery_codes(
    session: Session, ada: Operator, now: datetime
) -> None:
    factors.remove_totp(session, ada, keep=None, now=now)
    assert factors.of(session, ada.id) == factors.Factors(None, 0, 0)
    with pytest.raises(Conflict):
        factors.new_recovery_codes(session, ada, sealer=SEALER, now=now)


def test_a_change_of_the_secret_key_keeps_factors_while_the_old_key_is_a_fallback(
    session: Session, ada: Operator, codes: list[str], now: datetime
) -> None:
    after = Sealer((KEY, "the new key, which is as long as it must be"))
    sealed = session.get_one(Totp, ada.id).sealed_secret
    assert after.open(sealed) == SECRET
    assert recovery.use(session, ada.id, codes[0], sealer=after, now=now)
    with pytest.raises(ConfigurationError, match="SECRET_KEY_FALLBACKS"):
        Sealer(("a key that has nothing to do with it",)).open(sealed)
