"""How a recipe's row names its pieces: a short text each, which says all that its bytes depend on.

So that text is the key under which a worker remembers the encoded piece; it is read the first time only.
"""

import base64
import json
from dataclasses import dataclass

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


def write(piece: Piece, *, fragment_hash: bytes) -> str:
    return _JSON.encode([base64.b64encode(fragment_hash).decode(), piece.number, piece.url, piece.reason])


def read(written: str) -> Placed:
    fragment_hash, number, url, reason = json.loads(written)
    return Placed(base64.b64decode(fragment_hash), number, url, reason)


def write_fragment(fragment: Fragment) -> str:
    """Return what is kept of a fragment."""
    return _JSON.encode([fragment.text, fragment.html])


def read_fragment(content: str) -> Fragment:
    return Fragment(*json.loads(content))
