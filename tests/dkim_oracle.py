"""An independent judge of DKIM signatures: dkimpy, with the DNS in a dictionary.

dkimpy leaves Ed25519 to PyNaCl, which is not among our dependencies; `cryptography` lends it the same curve.
"""

import base64
from collections.abc import Iterable
from functools import cache
from types import SimpleNamespace
from typing import Any

import dkim
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from service.delivery.dkim import SigningKey
from service.delivery.dkim_keys import new_key


class _VerifyKey:
    def __init__(self, encoded: bytes, *, encoder: object) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(base64.b64decode(encoded, validate=True))

    def verify(self, digest: bytes, signature: bytes) -> None:
        self._key.verify(signature, digest)


_NACL: Any = SimpleNamespace(
    signing=SimpleNamespace(VerifyKey=_VerifyKey),
    encoding=SimpleNamespace(Base64Encoder=None),
    exceptions=SimpleNamespace(BadSignatureError=InvalidSignature, ValueError=ValueError),
)


@cache
def a_key(selector: str = "first", *, domain: str = "courier.example", algorithm: str = "rsa") -> SigningKey:
    """Return a key that all tests of a process share: making one takes a moment."""
    return new_key(domain, selector, algorithm=algorithm)


def verdicts(raw: bytes, published: Iterable[SigningKey]) -> list[bool]:
    """Return for each signature, topmost first, whether it holds with these keys in the DNS."""
    dkim.nacl = _NACL
    records = {f"{key.dns_name}.".encode(): key.dns_value.encode() for key in published}
    judge = dkim.DKIM(raw, minkey=1024)
    count = sum(name.lower() == b"dkim-signature" for name, _ in judge.headers)
    answers = []
    for place in range(count):
        try:
            answers.append(bool(judge.verify(idx=place, dnsfunc=lambda name, timeout=5: records.get(name))))
        except dkim.ValidationError:
            answers.append(False)
    return answers


def holds(raw: bytes, *published: SigningKey) -> bool:
    """Say whether the mail is signed and every signature holds."""
    found = verdicts(raw, published)
    return bool(found) and all(found)
