"""The journal: what a sender did since its last flush, in a file that survives its death.

Written with one `os.write` per entry, which costs microseconds: the kernel keeps it through `kill -9`, only a
power cut may lose its end (then the boot id differs). A sender holds a lock on its file as long as it lives.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from service.delivery.claims import Key, boot_id
from service.delivery.outcomes import Outcome
from service.errors import DeliveryError

_SUFFIX = ".journal"


class Journal:
    """The open journal of one sender; a context manager that removes the file on a clean end."""

    def __init__(self, folder: Path, owner: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{owner}{_SUFFIX}"
        #: Messages whose dot is out and whose outcome is not known yet.
        self._open: set[Key] = set()
        self._header: dict[str, Any] = {"owner": owner, "boot": boot_id()}
        # Locked before it gets the name that sweepers look for.
        hidden = self._path.with_suffix(".new")
        self._file = os.open(hidden, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._write(self._header)
        hidden.rename(self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # After an error something may not be in the database yet: the sweeper reads it here.
        if kind is None:
            self._path.unlink(missing_ok=True)
        os.close(self._file)

    def dot(self, key: Key) -> None:
        """Say that the final dot is about to go out.

        :raises DeliveryError: it could not be written, so the dot must not go out.
        """
        self._write({"dot": key})
        self._open.add(key)

    def no_dot(self, key: Key) -> None:
        """Take it back: the dot did not go out after all."""
        self._write({"no_dot": key})
        self._open.discard(key)

    def outcome(self, outcome: Outcome) -> None:
        self._write({"outcome": outcome.to_json()})
        self._open.discard((outcome.mailing_id, outcome.message_id))

    def clear(self) -> None:
        """Forget everything that is in the database now, unless a dot still waits for its reply.

        A sender that is told to end in the middle of that wait must not forget that the dot is out.
        """
        if self._open:
            return
        os.ftruncate(self._file, 0)
        self._write(self._header)

    def _write(self, entry: dict[str, Any]) -> None:
        data = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        try:
            written = os.write(self._file, data)
        except OSError as error:
            raise DeliveryError(f"The delivery journal cannot be written ({error.strerror}).") from error
        if written != len(data):
            raise DeliveryError("The delivery journal cannot be written: the disk is full.")


@dataclass(slots=True)
class Record:
    """What a journal says: dots that went out (or may have), and the outcomes that were seen."""

    owner: str = ""
    boot: str = ""
    dots: set[Key] = field(default_factory=set)
    outcomes: dict[Key, Outcome] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Say whether its end is certainly there: the machine has not been restarted since."""
        return self.boot == boot_id()


def read(path: Path) -> Record:
    """Read a journal; a last line that was cut off counts for nothing, as what follows it did not happen."""
    found = Record(owner=path.name.removesuffix(_SUFFIX))
    for line in path.read_bytes().split(b"\n")[:-1]:
        try:
            entry = json.loads(line)
        except ValueError:
            # A power cut leaves holes: nothing in this file is certain but what it does say.
            found.boot = ""
            return found
        _add(found, entry)
    return found


def read_of(folder: Path, owner: str) -> Record | None:
    """Read the journal of an owner, alive or not; None where this machine has none."""
    try:
        return read(folder / f"{owner}{_SUFFIX}")
    except FileNotFoundError:
        return None


def find_dead(folder: Path) -> Iterator[Path]:
    """Yield the journals whose owner is gone."""
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        with _if_dead(path) as dead:
            if dead:
                yield path


@contextmanager
def _if_dead(path: Path) -> Iterator[bool]:
    """Hold a dead owner's lock, so that two sweepers do not read the same journal."""
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield path.exists()
    finally:
        os.close(file)


def _add(found: Record, entry: dict[str, Any]) -> None:
    if "owner" in entry:
        found.owner, found.boot = entry["owner"], entry["boot"]
    elif "dot" in entry:
        found.dots.add((entry["dot"][0], entry["dot"][1]))
    elif "no_dot" in entry:
        found.dots.discard((entry["no_dot"][0], entry["no_dot"][1]))
    elif "outcome" in entry:
        outcome = Outcome.from_json(entry["outcome"])
        found.outcomes[outcome.mailing_id, outcome.message_id] = outcome
