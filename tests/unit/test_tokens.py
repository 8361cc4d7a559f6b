"""Links must be the same whenever they are made again, end in time, and open one door only."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from service.errors import BadToken, ExpiredToken
from service.links import Links
from service.tokens import LIFETIMES, Purpose, Tokens

TOKENS = Tokens(("an-old-key-that-was-good-enough", "the-key-of-today-is-better-still"))
ASKED = datetime(2026, 11, 20, 7, 0, 30, 999_999, tzinfo=UTC)


def made(purpose: Purpose, payload: list[int], *, tokens: Tokens = TOKENS) -> str:
    return tokens.make(purpose, payload, at=ASKED if purpose in LIFETIMES else None)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_token_opens_one_door_only(purpose: Purpose) -> None:
    token = made(purpose, [7, 1])
    assert TOKENS.read(purpose, token, now=ASKED) == [7, 1]
    for other in set(Purpose) - {purpose}:
        with pytest.raises(BadToken):
            TOKENS.read(other, token, now=ASKED)


@pytest.mark.parametrize("purpose", list(LIFETIMES))
def test_a_link_works_for_its_lifetime_and_not_longer(purpose: Purpose) -> None:
    token, end = made(purpose, [7]), ASKED + LIFETIMES[purpose]
    assert TOKENS.read(purpose, token, now=end - timedelta(seconds=1)) == [7]
    with pytest.raises(ExpiredToken):
        TOKENS.read(purpose, token, now=end + timedelta(seconds=1))


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - set(LIFETIMES)))
def test_a_link_without_a_lifetime_works_for_ever(purpose: Purpose) -> None:
    assert TOKENS.read(purpose, made(purpose, [7]), now=ASKED + timedelta(days=36_500)) == [7]


@given(
    purpose=st.sampled_from(list(LIFETIMES)),
    ids=st.lists(st.integers(0, 2**63 - 1), max_size=4),
    at=st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  (hypothesis wants naive bounds)
)
def test_a_mail_that_is_composed_again_has_the_same_links(
    purpose: Purpose, ids: list[int], at: datetime
) -> None:
    token = TOKENS.make(purpose, ids, at=at)
    assert token == TOKENS.make(purpose, ids, at=at)
    assert TOKENS.read(purpose, token, now=at) == ids


@pytest.mark.parametrize("purpose", list(Purpose))
def test_old_links_outlive_a_change_of_keys(purpose: Purpose) -> None:
    before = Tokens(("an-old-key-that-was-good-enough",))
    assert TOKENS.read(purpose, made(purpose, [7], tokens=before), now=ASKED) == [7]
    with pytest.raises(BadToken):
        before.read(purpose, made(purpose, [7]), now=ASKED)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_forgetting_the_instant_is_a_mistake_of_ours(purpose: Purpose) -> None:
    with pytest.raises(ValueError, match="instant"):
        TOKENS.make(purpose, [7], at=None if purpose in LIFETIMES else ASKED)


def test_the_one_click_address_fits_a_header_line_without_folding() -> None:
    links = Links("https://news.example.org", TOKENS)
    header = f"List-Unsubscribe: <{links.unsubscribe(subscription_id=10**7, mailing_id=10**6)}>"
    assert len(header) < 998
    assert len(links.unsubscribe(subscription_id=10**7)) <= 78


numbers = st.one_of(
    st.integers(-1, 10**7),
    st.integers(0, 2**63 - 1),
    st.builds(lambda digit, count: int(str(digit) * count), st.integers(1, 9), st.integers(1, 30)),
)


@given(payload=st.one_of(st.lists(numbers, max_size=6), st.lists(st.text(max_size=40), max_size=3)))
@example([11111111111111])
@example([1234567, 1234567])
def test_a_token_is_the_one_that_itsdangerous_makes(payload: list[object]) -> None:
    """Links in mails of the last years must go on working, and a mail that is made again must be the same."""
    keys = ["an-old-key-that-was-good-enough", "the-key-of-today-is-better-still"]
    theirs = URLSafeSerializer(keys, salt="broadsheet.unsub")
    assert TOKENS.make(Purpose.UNSUBSCRIBE, payload) == theirs.dumps(payload)
