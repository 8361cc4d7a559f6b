"""Signed tokens, each bound to one purpose; what they carry are ids, never an address (standards 144-146)."""

import binascii
import hmac
import json
import zlib
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from service.errors import BadToken, ExpiredToken
from service.languages.words import _, later


class Purpose(StrEnum):
    """What a token may be used for; a token made for one is refused for every other."""

    CONFIRM = "confirm"
    UNSUBSCRIBE = "unsub"
    PREFERENCES = "prefs"
    MANAGE = "manage"
    #: Takes back one change of preferences.
    UNDO = "undo"
    #: Takes back leaving.
    RETURN = "return"
    #: Of a change of address: the new inbox confirms, the old one stops.
    NEW_ADDRESS = "new-address"
    OLD_ADDRESS = "old-address"
    NEVER_AGAIN = "never"
    CLICK = "click"
    #: Of a link in a blast.
    BLAST_CLICK = "blast-click"
    #: A link that no person sees.
    TRAP = "trap"
    #: Of a browser whose reader asked to be recognised.
    READER = "reader"
    #: A place in a popular list on the publisher's site.
    WIDGET = "widget"
    INVITATION = "invite"
    FORM = "form"
    DEVICE = "device"
    PASSWORD = "password"  # noqa: S105  (the name of a purpose)
    SECOND_STEP = "second"
    CHALLENGE = "challenge"
    #: One's own mail as a page: names the ledger row, and shows nothing of its reader.
    VIEW = "view"
    #: A reader's own feed; bound to a generation, so that it can be taken back.
    FEED = "feed"


#: How long each kind of link works; those not listed never expire.
LIFETIMES = {
    Purpose.CONFIRM: timedelta(days=7),
    Purpose.MANAGE: timedelta(minutes=30),
    Purpose.UNDO: timedelta(hours=1),
    Purpose.RETURN: timedelta(days=1),
    Purpose.NEW_ADDRESS: timedelta(days=1),
    Purpose.OLD_ADDRESS: timedelta(days=7),
    Purpose.INVITATION: timedelta(days=7),
    Purpose.FORM: timedelta(hours=24),
    Purpose.DEVICE: timedelta(days=180),
    Purpose.READER: timedelta(days=180),
    Purpose.PASSWORD: timedelta(hours=1),
    Purpose.SECOND_STEP: timedelta(minutes=10),
    Purpose.CHALLENGE: timedelta(minutes=5),
}


#: As itsdangerous writes them.
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_INT = frozenset((int,))
#: zlib adds 8 bytes at least. Up to the first length it cannot win them back; up to the second only by
#: something that repeats. It costs 55 µs, as much as composing the rest of the mail.
_NEVER_SHORTER, _SELDOM_SHORTER = 13, 32

_INCOMPLETE = later("This link is not complete, or was changed on its way.")


class Tokens:
    """Makes and reads tokens with a list of keys, oldest first: old links outlive a key change.

    The same call makes the same token, so that a mail that is composed again is the same mail: the instant
    from which a timed token counts is given by the caller and signed with the rest.

    HMAC-SHA1 (160 bits, itsdangerous' default) keeps a List-Unsubscribe URL under 78 characters, so that
    the header needs no folding (standards 19).
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._serializers = {
            purpose: URLSafeSerializer(list(keys), salt=f"broadsheet.{purpose}") for purpose in Purpose
        }
        # A token is made for every link of every mail: deriving the key each time would cost 30 µs.
        self._signing = {
            purpose: serializer.make_signer(serializer.salt).derive_key()
            for purpose, serializer in self._serializers.items()
        }

    def make(self, purpose: Purpose, payload: list[Any], *, at: datetime | None = None) -> str:
        """Sign a short list of ids; `at` is when the time of a purpose with a lifetime begins."""
        if (at is not None) is not (purpose in LIFETIMES):
            raise ValueError(f"A {purpose} token is made {'with' if at is None else 'without'} an instant.")
        signed = payload if at is None else [int(at.timestamp()), *payload]
        body = _written(_compact(signed))
        mac = hmac.digest(self._signing[purpose], body, "sha1")
        return b"".join((body, b".", _text_safe(mac))).decode()

    def read(self, purpose: Purpose, token: str, *, now: datetime) -> list[Any]:
        """Return what was signed.

        :raises ExpiredToken: genuine, but older than its purpose allows.
        :raises BadToken: anything else.
        """
        try:
            payload = self._serializers[purpose].loads(token)
        except BadSignature as error:
            raise BadToken(_(_INCOMPLETE)) from error
        if not isinstance(payload, list):
            raise BadToken(_(_INCOMPLETE))
        if purpose not in LIFETIMES:
            return payload
        made_at, *rest = payload
        if now - datetime.fromtimestamp(made_at, UTC) > LIFETIMES[purpose]:
            raise ExpiredToken(_("This link has expired."))
        return rest


def _written(body: bytes) -> bytes:
    """Write a payload as `URLSafeSerializer` does: compressed, behind a dot, where that is shorter."""
    size = len(body)
    if size > _NEVER_SHORTER and (size > _SELDOM_SHORTER or _repeats(body)):
        compressed = zlib.compress(body)
        if len(compressed) < size - 1:
            return b"." + _text_safe(compressed)
    return _text_safe(body)


def _repeats(body: bytes) -> bool:
    """Say whether any three bytes come twice; without that, nothing so short compresses."""
    threes = len(body) - 2
    return len({body[start : start + 3] for start in range(threes)}) < threes


def _compact(payload: list[Any]) -> bytes:
    """Write JSON as itsdangerous does."""
    if _INT.issuperset(map(type, payload)):
        # A list of numbers is written in Python as it is in JSON, but for its spaces.
        return str(payload).replace(" ", "").encode()
    return _JSON.encode(payload).encode()


def _text_safe(value: bytes) -> bytes:
    # As `base64.urlsafe_b64encode`, in half the time.
    return binascii.b2a_base64(value, newline=False).translate(_URL_SAFE).rstrip(b"=")


class AddressHasher:
    """Turns a folded address into a keyed hash that cannot be guessed without the key (standards 134).

    Uses the oldest key: suppressions made under it must be found for ever.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._key = hmac.digest(keys[0].encode(), b"broadsheet.address", "sha256")

    def mark(self, email_key: str) -> int:
        """Return 48 bits of the hash: ties a link to the address that it was mailed to."""
        return int.from_bytes(self(email_key)[:6])

    def __call__(self, email_key: str) -> bytes:
        return hmac.digest(self._key, email_key.encode(), "sha256")
