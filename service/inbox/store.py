"""The messages of the development inbox: one file each, safe on disk before the server says 250.

A file is the message as it came, under one header line of ours that holds the envelope and what the list
shows; so it opens in any mail program, and starting up reads one line per message.
"""

import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

_LINE = b"X-Inbox-Envelope: "


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a message without opening it; ids sort by arrival."""

    id: str
    received_at: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    size: int

    @property
    def received(self) -> datetime:
        return datetime.fromisoformat(self.received_at)

    def matches(self, words: str) -> bool:
        """Say whether every word occurs in a recipient or in the subject."""
        haystack = f"{' '.join(self.recipients)} {self.subject}".casefold()
        return all(word in haystack for word in words.casefold().split())


class Store:
    """The folder, and its index in memory; used by the SMTP and the HTTP threads of one process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._last = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._clear_unfinished()
        self._entries: dict[str, Entry] = {entry.id: entry for entry in self._load()}
        self._seen = self._load_seen()

    def add(self, raw: bytes, *, sender: str, recipients: Sequence[str], subject: str) -> Entry:
        """Keep a message; when this returns it survives `kill -9` of the process."""
        now = datetime.now(UTC)
        entry = Entry(
            id=self._next_id(),
            received_at=now.isoformat(timespec="milliseconds"),
            sender=sender,
            recipients=tuple(recipients),
            subject=subject,
            size=len(raw),
        )
        line = _LINE + json.dumps(asdict(entry)).encode("ascii") + b"\r\n"
        self._write(self._path(entry.id), line + raw)
        with self._lock:
            self._entries[entry.id] = entry
        return entry

    def list_entries(
        self, *, words: str = "", to: str = "", since: str = "", before: str = "", limit: int = 100
    ) -> list[Entry]:
        """List newest first. `to` is a whole address; `since` and `before` are ids, both exclusive."""
        with self._lock:
            entries = sorted(self._entries.values(), key=lambda entry: entry.id, reverse=True)
        found = []
        for entry in entries:
            if since and entry.id <= since:
                break
            if (not before or entry.id < before) and _is_to(entry, to) and entry.matches(words):
                found.append(entry)
                if len(found) == limit:
                    break
        return found

    def find(self, message_id: str) -> Entry | None:
        with self._lock:
            return self._entries.get(message_id)

    def read(self, entry: Entry) -> bytes | None:
        """Return the message as it was received; None when it was deleted meanwhile."""
        try:
            return self._path(entry.id).read_bytes().partition(b"\r\n")[2]
        except FileNotFoundError:
            return None

    def latest_id(self) -> str:
        with self._lock:
            return max(self._entries, default="")

    def count(self) -> int:
        with self._lock:
            return len(self._entries)

    def count_unseen(self) -> int:
        with self._lock:
            return len(self._entries.keys() - self._seen)

    def is_seen(self, message_id: str) -> bool:
        with self._lock:
            return message_id in self._seen

    def mark_seen(self, message_id: str) -> None:
        with self._lock:
            if message_id in self._seen:
                return
            self._seen.add(message_id)
            with self._seen_file.open("a", encoding="ascii") as file:
                file.write(message_id + "\n")

    def delete_all(self) -> int:
        """Delete every message; say how many there were."""
        with self._lock:
            count = len(self._entries)
            for message_id in self._entries:
                self._path(message_id).unlink(missing_ok=True)
            self._entries.clear()
            self._seen.clear()
            self._seen_file.unlink(missing_ok=True)
        return count

    @property
    def _seen_file(self) -> Path:
        return self._folder / "seen.txt"

    def _path(self, message_id: str) -> Path:
        return self._folder / f"{message_id}.eml"

    def _next_id(self) -> str:
        with self._lock:
            self._last = max(time.time_ns(), self._last + 1)
            return f"{self._last:016x}"

    def _write(self, path: Path, content: bytes) -> None:
        unfinished = path.with_suffix(".tmp")
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)

    def _clear_unfinished(self) -> None:
        # Never acknowledged: the sender sends these again.
        for path in self._folder.glob("*.tmp"):
            path.unlink(missing_ok=True)

    def _load(self) -> Iterator[Entry]:
        for path in self._folder.glob("*.eml"):
            with path.open("rb") as file:
                entry = _read_line(file.readline())
            if entry is not None and entry.id == path.stem:
                yield entry

    def _load_seen(self) -> set[str]:
        try:
            return set(self._seen_file.read_text(encoding="ascii", errors="replace").split())
        except FileNotFoundError:
            return set()


def _read_line(line: bytes) -> Entry | None:
    """Read our header line; None for a file that is not ours."""
    if not line.startswith(_LINE):
        return None
    try:
        fields = json.loads(line[len(_LINE) :])
        return Entry(**{**fields, "recipients": tuple(fields["recipients"])})
    except (ValueError, TypeError, KeyError):
        return None


def _is_to(entry: Entry, address: str) -> bool:
    wanted = address.casefold()
    return not wanted or any(recipient.casefold() == wanted for recipient in entry.recipients)
