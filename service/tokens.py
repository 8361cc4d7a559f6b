"""Signed tokens, each bound to one purpose; what they carry are ids, never an address (standards 144-146)."""

import hmac
from datetime import timedelta
from enum import StrEnum
from typing import Any

from itsdangerous import (
    BadSignature,
    SignatureExpired,
    URLSafeSerializer,
    URLSafeTimedSerializer,
)

from service.errors import BadToken, ExpiredToken


class Purpose(StrEnum):
    """What a token may be used for; a token made for one is refused for every other."""

    CONFIRM = "confirm"
    UNSUBSCRIBE = "unsub"
    PREFERENCES = "prefs"
    MANAGE = "manage"
    NEVER_AGAIN = "never"
    CLICK = "click"
    INVITATION = "invite"
    FORM = "form"
    DEVICE = "device"


#: How long each kind of link works; those not listed never expire.
LIFETIMES = {
    Purpose.CONFIRM: timedelta(days=7),
    Purpose.MANAGE: timedelta(minutes=30),
    Purpose.INVITATION: timedelta(days=7),
    Purpose.FORM: timedelta(hours=24),
    Purpose.DEVICE: timedelta(days=180),
}


class Tokens:
    """Makes and reads tokens with a list of keys, oldest first: old links outlive a key change.

    HMAC-SHA1 (160 bits, itsdangerous' default) keeps a List-Unsubscribe URL under 78 characters, so that
    the header needs no folding (standards 19).
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._lasting = {purpose: URLSafeSerializer(list(keys), salt=_salt(purpose)) for purpose in Purpose}
        self._timed = {
            purpose: URLSafeTimedSerializer(list(keys), salt=_salt(purpose)) for purpose in LIFETIMES
        }

    def make(self, purpose: Purpose, payload: list[Any]) -> str:
        """Sign a short list of ids."""
        serializer = self._timed.get(purpose, self._lasting[purpose])
        return str(serializer.dumps(payload))

    def read(self, purpose: Purpose, token: str) -> list[Any]:
        """Return what was signed.

        :raises ExpiredToken: genuine, but older than its purpose allows.
        :raises BadToken: anything else.
        """
        try:
            if purpose in LIFETIMES:
                seconds = int(LIFETIMES[purpose].total_seconds())
                payload = self._timed[purpose].loads(token, max_age=seconds)
            else:
                payload = self._lasting[purpose].loads(token)
        except SignatureExpired as error:
            raise ExpiredToken("This link has expired.") from error
        except BadSignature as error:
            raise BadToken("This link is not complete, or was changed on its way.") from error
        if not isinstance(payload, list):
            raise BadToken("This link is not complete, or was changed on its way.")
        return payload


class AddressHasher:
    """Turns a folded address into a keyed hash that cannot be guessed without the key (standards 134).

    Uses the oldest key: suppressions made under it must be found for ever.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._key = hmac.digest(keys[0].encode(), b"broadsheet.address", "sha256")

    def __call__(self, email_key: str) -> bytes:
        return hmac.digest(self._key, email_key.encode(), "sha256")


def _salt(purpose: Purpose) -> str:
    return f"broadsheet.{purpose}"
