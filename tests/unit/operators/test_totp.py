"""One-time passwords: the vectors of the RFCs, and the clock's tolerance."""

from datetime import UTC, datetime, timedelta

import pytest

from service.operators import totp

SECRET = b"12345678901234567890"
RFC_4226 = (
    *("755224", "287082", "359152", "969429", "338314"),
    *("254676", "287922", "162583", "399871", "520489"),
)


@pytest.mark.parametrize(
    ("counter", "code"),
    list(enumerate(RFC_4226)),
)
def test_the_vectors_of_rfc_4226_appendix_d(counter: int, code: str) -> None:
    assert totp.code_of(SECRET, counter) == code


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    step = totp.step_at(datetime.fromtimestamp(seconds, UTC))
    assert totp.code_of(SECRET, step, digits=8) == code


@pytest.mark.parametrize(("off", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_off_by_one_step(now: datetime, off: int, accepted: bool) -> None:
    shown = totp.code_of(SECRET, totp.step_at(now + off * timedelta(seconds=30)))
    step = totp.matching_step(SECRET, shown, now=now, after=0)
    assert (step == totp.step_at(now) + off) if accepted else (step is None)


def test_no_code_of_a_used_step_or_before_works(now: datetime) -> None:
    here = totp.step_at(now)
    assert totp.matching_step(SECRET, totp.code_of(SECRET, here), now=now, after=here) is None
    assert totp.matching_step(SECRET, totp.code_of(SECRET, here - 1), now=now, after=here) is None
    assert totp.matching_step(SECRET, totp.code_of(SECRET, here + 1), now=now, after=here) == here + 1


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "１２３４５６", "\ud800"])
def test_what_is_no_code_matches_nothing(now: datetime, typed: str) -> None:
    assert totp.matching_step(SECRET, typed, now=now, after=0) is None


def test_the_address_for_the_app_says_whose_and_where() -> None:
    uri = totp.uri(SECRET, account="ada@courier.example", issuer="Broadsheet")
    assert uri == (
        "otpauth://totp/Broadsheet%3Aada%40courier.example"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Broadsheet"
    )
