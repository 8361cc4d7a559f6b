"""Which passwords are taken (standards 165)."""

import pytest

from service.errors import InvalidInput
from service.operators import passwords

OWN = ("Ada Quay", "ada.quay@courier.example")


@pytest.mark.parametrize(
    "password",
    [
        "harbour lights at dusk",
        "kq7!vx2@mn4#",
        "ночной паром идёт домой",
        "x9" * 3 + "a long tail of words " * 8,
        "correct horse battery stapler",
        "Ada likes the ferry best",
    ],
)
def test_any_long_unusual_password_is_taken(password: str) -> None:
    assert passwords.check(password, own_words=OWN)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "at least 12"),
        ("eleven char", "at least 12"),
        ("x" * 257, "at most 256"),
        ("password1234", "first passwords"),
        ("Password-Password", "first passwords"),
        ("aaaaaaaaaaaaaa", "first passwords"),
        ("abcabcabcabc", "first passwords"),
        ("123456789012", "first passwords"),
        ("qwertyuiopas", "first passwords"),
        ("zyxwvutsrqponm", "first passwords"),
        ("Correct Horse Battery Staple", "first passwords"),
        ("adaquay-2026", "your own name"),
        ("ada.quay@courier.example", "your own name"),
    ],
)
def test_short_common_and_own_words_are_refused_with_a_reason(password: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as refused:
        passwords.check(password, own_words=OWN)
    assert refused.value.field == "password"


def test_a_hash_is_argon2id_and_verifies_only_its_password() -> None:
    made = passwords.make_hash(passwords.check("harbour lights at dusk"))
    assert made.startswith("$argon2id$")
    assert passwords.verify(made, "harbour lights at dusk")
    assert not passwords.verify(made, "harbour lights at dawn")


def test_both_unicode_spellings_of_a_password_are_the_same() -> None:
    made = passwords.make_hash(passwords.check("caf\u00e9 at the old harbour"))
    assert passwords.verify(made, "cafe\u0301 at the old harbour")


def test_no_account_verifies_nothing_not_even_the_stand_in() -> None:
    assert not passwords.verify(None, "nobody's password")
    assert not passwords.verify("not a hash", "anything at all")


def test_weaker_hashes_are_known_as_outdated() -> None:
    weak = passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("harbour lights at dusk")
    assert passwords.is_outdated(weak)
    assert not passwords.is_outdated(passwords.make_hash("harbour lights at dusk"))
