"""DKIM (RFC 6376): signatures over the exact bytes of a mail, relaxed/relaxed; no clock, no disk.

Equal mails make equal bytes: RSA PKCS#1 v1.5 and Ed25519 are deterministic, and `t=` is the mail's own date.
"""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from service.delivery.ports import Unsigned

#: Listed in h= once more than they occur, so that a second one, or a first one, breaks the signature
#: (RFC 6376 8.15). Not Feedback-ID: some relays add one of their own.
_SEALED = (
    b"from",
    b"to",
    b"cc",
    b"subject",
    b"date",
    b"message-id",
    b"reply-to",
    b"mime-version",
    b"content-type",
    b"content-transfer-encoding",
    b"list-id",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"list-help",
    b"list-subscribe",
    b"list-post",
)
_COVERED = frozenset((*_SEALED, b"feedback-id", b"auto-submitted"))
#: Leaves room for the indent; RFC 5322 2.1.1 wants at most 78.
_LINE = 72


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key under the name that its public half has in the DNS."""

    domain: str
    selector: str
    private: RSAPrivateKey | Ed25519PrivateKey

    @property
    def algorithm(self) -> str:
        """`rsa` or `ed25519`, as k= wants it."""
        return "rsa" if isinstance(self.private, RSAPrivateKey) else "ed25519"

    @property
    def bits(self) -> int:
        return self.private.key_size if isinstance(self.private, RSAPrivateKey) else 256

    @property
    def dns_name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def dns_value(self) -> str:
        """The TXT record, in one piece; RFC 8463 publishes the bare key, RFC 6376 wraps it."""
        public = self.private.public_key()
        if isinstance(self.private, RSAPrivateKey):
            shown = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            shown = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"v=DKIM1; k={self.algorithm}; p={b64encode(shown).decode()}"


def sign(mail: Unsigned, keys: Sequence[SigningKey]) -> bytes:
    """Return the mail with one signature per key on top; nothing may change it afterwards."""
    digest = hashlib.sha256()
    for chunk in mail.body.chunks if mail.body.canonical else (relaxed_body(mail.body.raw),):
        digest.update(chunk)
    hashed = b64encode(digest.digest())
    stamp = str(int(mail.date.timestamp())).encode()
    parts: list[bytes] = []
    for key in keys:
        wire, relaxed = _forms(key.algorithm, key.domain, key.selector, mail.listed)
        signed = _signed(key, b"".join((mail.covered, relaxed % (stamp, hashed))))
        parts += (wire % (stamp, hashed), _folded(b64encode(signed)), b"\r\n")
    return b"".join((*parts, mail.raw))


def covered_headers(block: bytes) -> list[tuple[bytes, bytes]]:
    """Return what a signature covers of a header block, relaxed and in the order in which it is signed."""
    # Of headers that occur twice, the last one is meant first (RFC 6376 5.4.2).
    return [each for each in reversed(relaxed_headers(block)) if is_covered(each[0])]


def listed(names: tuple[bytes, ...]) -> bytes:
    """Return h= for a mail with these headers, folded after colons."""
    lists = (name for name in dict.fromkeys(names) if name.startswith(b"list-") and name not in _SEALED)
    lines = [b""]
    for name in (*names, *_SEALED, *lists):
        if len(lines[-1]) + len(name) + 1 > _LINE:
            lines.append(b"")
        lines[-1] += name + b":"
    return b"\r\n ".join(lines).removesuffix(b":")


def is_covered(name: bytes) -> bool:
    """Say whether a signature covers headers of this name (lower case): all that are shown or acted upon."""
    return name in _COVERED or name.startswith(b"list-")


def relaxed_headers(block: bytes) -> list[tuple[bytes, bytes]]:
    """Return names and values as RFC 6376 3.4.2 wants them: lower case, unfolded, single spaces."""
    lines = _single_spaced(block.replace(b"\t", b" ").replace(b"\r\n ", b" ")).split(b"\r\n")
    fields = [line.partition(b":") for line in lines]
    return [(name.strip(b" ").lower(), value.strip(b" ")) for name, _, value in fields]


def relaxed_body(body: bytes) -> bytes:
    """Return the body as RFC 6376 3.4.4 wants it: single spaces, none at line ends, no empty last lines.

    Lines end with CRLF. Searches for bytes take 0.05 ms where expressions take 1.4, and copy nothing where
    there is nothing to replace.
    """
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    body = _single_spaced(body.replace(b"\t", b" ")).replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    return body + b"\r\n" if body else b""


def _single_spaced(text: bytes) -> bytes:
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    return text


@lru_cache(maxsize=64)
def _forms(algorithm: str, domain: str, selector: str, listed: bytes) -> tuple[bytes, bytes]:
    """Return the header with an empty b=, and its relaxed form; t= and bh= are to be filled in."""
    wire = (
        f"DKIM-Signature: v=1; a={algorithm}-sha256; c=relaxed/relaxed; t=%b;\r\n"
        f" d={domain};\r\n s={selector};\r\n h="
    ).encode() + (listed + b";\r\n bh=%b;\r\n b=")
    ((name, value),) = relaxed_headers(wire)
    return wire, name + b":" + value


def _signed(key: SigningKey, content: bytes) -> bytes:
    if isinstance(key.private, RSAPrivateKey):
        return key.private.sign(content, PKCS1v15(), SHA256())
    # RFC 8463 3: the hash is what Ed25519 signs.
    return key.private.sign(hashlib.sha256(content).digest())


def _folded(encoded: bytes) -> bytes:
    return b"\r\n ".join(encoded[start : start + _LINE] for start in range(0, len(encoded), _LINE))
