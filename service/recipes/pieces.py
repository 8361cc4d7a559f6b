"""How pieces are written down: a short text each, which says all that its bytes depend on.

A piece is known by a hash of that text, under which a worker remembers its encoded bytes too.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from service.emails.assembly import Piece
from service.emails.fragments import Fragment

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Placed:
    """A kept fragment, and what stands in its slots: its link is pinned as it was planned."""

    fragment_hash: bytes
    number: str
    url: str
    reason: str


class Written(NamedTuple):
    """A piece as it is kept: what it is printed from, and what it stands for (both JSON)."""

    id: int
    text: str
    details: str


def write(piece: Piece, *, fragment_hash: bytes, details: Mapping[str, Any]) -> Written:
    hashed = base64.b64encode(fragment_hash).decode()
    text = _JSON.encode([hashed, piece.number, piece.url, piece.reason])
    about = _JSON.encode(details)
    digest = hashlib.sha256(f"{text}\n{about}".encode("utf-8", "surrogatepass")).digest()
    return Written(int.from_bytes(digest[:8], signed=True), text, about)


def read(written: str) -> Placed:
    fragment_hash, number, url, reason = json.loads(written)
    return Placed(base64.b64decode(fragment_hash), number, url, reason)


def write_fragment(fragment: Fragment) -> str:
    """Return what is kept of a fragment."""
    return _JSON.encode([fragment.text, fragment.html])


def read_fragment(content: str) -> Fragment:
    return Fragment(*json.loads(content))
