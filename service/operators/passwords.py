"""Passwords: what is accepted, argon2id, and hashes that are brought up to date (standards 165)."""

import re
import unicodedata
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from service.errors import InvalidInput

SHORTEST = 12
#: Long enough for any phrase; longer ones would only keep the hash function busy.
LONGEST = 256

#: 19 MiB, two passes, one lane: OWASP's minimum, since every web thread may be asked at once.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: A burst of logins waits here instead of taking the memory of the machine.
_TURNS = BoundedSemaphore(4)

#: What guessing lists begin with, of our length, beside everything that `_is_pattern` finds.
_COMMON = frozenset(
    {
        "password1234", "passwordpassword", "password12345", "password123456", "letmeinletmein",
        "welcomewelcome", "iloveyouiloveyou", "changemechangeme", "changeme1234", "administrator",
        "administrator1", "adminadminadmin", "qwertyuiop123", "qwertyuiopasdf", "qwertyqwerty",
        "1q2w3e4r5t6y", "1qaz2wsx3edc", "1qazxsw23edc", "q1w2e3r4t5y6", "correcthorsebatterystaple",
        "trustno1trustno1", "monkeymonkey", "dragondragon", "footballfootball", "sunshinesunshine",
        "princessprincess", "superman1234", "newsletter1234", "newsletternewsletter", "broadsheet123",
        "broadsheetbroadsheet",
    }
)  # fmt: skip
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiopasdfghjklzxcvbnm")


def check(password: str, *, own_words: tuple[str, ...] = (), field: str = "password") -> str:
    """Return the password as it is hashed (NFC), or say what is wrong with it.

    `own_words` are the account's name and address, the first things anybody tries.

    :raises InvalidInput: too short, too long, or easily guessed.
    """
    password = unicodedata.normalize("NFC", password)
    if len(password) < SHORTEST:
        raise InvalidInput(
            f"Use at least {SHORTEST} characters. A few words in a row are easy to remember.", field=field
        )
    if len(password) > LONGEST:
        raise InvalidInput(f"Use at most {LONGEST} characters.", field=field)
    plain = _letters_and_digits(password)
    if plain in _COMMON or _is_pattern(plain):
        raise InvalidInput(
            "This is among the first passwords anybody would try. Choose another.", field=field
        )
    if _is_made_of(plain, own_words):
        raise InvalidInput("This is mostly your own name or address. Choose another.", field=field)
    return password


def make_hash(password: str) -> str:
    """Hash a checked password; takes tens of milliseconds."""
    with _TURNS:
        return _HASHER.hash(password)


def verify(password_hash: str | None, password: str) -> bool:
    """Compare; without a hash take the same time and say no, so that nobody learns who has an account."""
    password = unicodedata.normalize("NFC", password[: LONGEST + 1])
    try:
        with _TURNS:
            matches = _HASHER.verify(password_hash or _DUMMY, password)
    except (VerificationError, InvalidHashError):
        return False
    return matches and password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Say whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def _letters_and_digits(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


def _is_pattern(plain: str) -> bool:
    """Few different signs (abcabcabcabc), or a row of the keyboard (qwertyuiopas)."""
    if len(set(plain)) < 5:
        return True
    return any(plain in row or plain[::-1] in row for row in _ROWS)


def _is_made_of(plain: str, own_words: tuple[str, ...]) -> bool:
    rest = plain
    pieces = {_letters_and_digits(piece) for word in own_words for piece in re.split(r"[\s@.]+", word)}
    for piece in sorted((piece for piece in pieces if len(piece) >= 3), key=len, reverse=True):
        rest = rest.replace(piece, "")
    return rest != plain and len(rest) < 6


_DUMMY = _HASHER.hash("nobody's password")
