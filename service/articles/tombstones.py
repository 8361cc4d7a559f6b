"""Entries that an Atom feed says were deleted (RFC 6721); pure, and read from the text that was screened."""

import html
import re
from dataclasses import dataclass
from datetime import UTC, datetime

#: As many as entries; a feed that deletes more says so again next time.
_MOST = 500
_PREFIX = re.compile(r"""xmlns:([\w.-]{1,40})\s*=\s*["']http://purl\.org/atompub/tombstones/1\.0["']""")
_ATTRIBUTE = re.compile(r"""\b(ref|when)\s*=\s*(?:"([^"]{1,2000})"|'([^']{1,2000})')""")


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An entry's GUID, and when the feed took it back."""

    guid: str
    at: datetime


def find(text: str) -> tuple[Tombstone, ...]:
    """Return what the feed took back; one without a moment is not believed."""
    declared = _PREFIX.search(text)
    if declared is None:
        return ()
    elements = re.findall(rf"<{re.escape(declared[1])}:deleted-entry\b([^<>]{{0,4000}})>", text)
    found = (_read(attributes) for attributes in elements[:_MOST])
    return tuple(one for one in found if one is not None)


def _read(attributes: str) -> Tombstone | None:
    values = {name: html.unescape(one or other) for name, one, other in _ATTRIBUTE.findall(attributes)}
    try:
        moment = datetime.fromisoformat(values.get("when", ""))
    except ValueError:
        return None
    guid = values.get("ref", "").strip()
    at = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Tombstone(guid, at.astimezone(UTC)) if guid else None
