"""The journal: what a sender did since its last flush, in a file that survives its death.

Written with one `os.write` per message, which costs microseconds: the kernel keeps it through `kill -9`,
only a power cut may lose its end (then the boot id differs). A sender holds a lock on its file while it
lives.

A line is a letter and its fields: `D` a final dot goes out, `N` it did not after all, `A` it was accepted,
`O` any other outcome (JSON), `C` these messages are being composed, `E` they are.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from service.delivery.claims import Key
from service.delivery.lease import boot_id
from service.delivery.models import MessageState
from service.delivery.outcomes import Outcome
from service.delivery.replies import Phase
from service.errors import DeliveryError

_SUFFIX = ".journal"
#: A longer file begins anew when everything in it is recorded.
_ROTATE_BYTES = 256 * 1024


class Journal:
    """The open journal of one sender; a context manager that removes the file on a clean end."""

    def __init__(self, folder: Path, owner: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{owner}{_SUFFIX}"
        #: Messages whose dot is out and whose outcome is not known yet.
        self._open: set[Key] = set()
        self._header = json.dumps({"owner": owner, "boot": boot_id()}) + "\n"
        #: Outcomes that go to the file with the next dot, or with `write_out` before anybody waits.
        self._unsaid: list[str] = []
        self._size = 0
        self._file = self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # After an error something may not be in the database yet: the sweeper reads it here.
        if kind is None:
            self._path.unlink(missing_ok=True)
        else:
            with suppress(DeliveryError):
                self.write_out()
        os.close(self._file)

    def dot(self, key: Key) -> None:
        """Say that the final dot is about to go out.

        :raises DeliveryError: it could not be written, so the dot must not go out.
        """
        self._unsaid.append(f"D {key[0]} {key[1]}\n")
        self.write_out()
        self._open.add(key)

    def no_dot(self, key: Key) -> None:
        """Take it back: the dot did not go out after all."""
        self._unsaid.append(f"N {key[0]} {key[1]}\n")
        self._open.discard(key)

    def outcome(self, outcome: Outcome) -> None:
        """Note what became of a message; on disk with the next dot or `write_out`, whichever comes first."""
        self._unsaid.append(_line_of(outcome))
        self._open.discard((outcome.mailing_id, outcome.message_id))

    def composing(self, keys: Iterable[Key]) -> None:
        """Say which messages are being composed: if that kills this process, one of them is poison."""
        self._unsaid.append("C " + " ".join(f"{key[0]}:{key[1]}" for key in keys) + "\n")
        self.write_out()

    def composed(self) -> None:
        """They are, and nothing has happened."""
        self._unsaid.append("E\n")
        self.write_out()

    def write_out(self) -> None:
        """Hand what was noted to the kernel.

        :raises DeliveryError: the disk does not take it.
        """
        if not self._unsaid:
            return
        data = "".join(self._unsaid).encode()
        try:
            written = os.write(self._file, data)
        except OSError as error:
            raise DeliveryError(f"The delivery journal cannot be written ({error.strerror}).") from error
        if written != len(data):
            # A torn line would make the next one unreadable, and with it all that this sender knows.
            os.ftruncate(self._file, self._size)
            raise DeliveryError("The delivery journal cannot be written: the disk is full.")
        self._unsaid.clear()
        self._size += written

    def clear(self, unwritten: Iterable[Outcome]) -> None:
        """Forget everything but these outcomes: the rest is in the database now. Open dots are kept.

        A sender that is told to end while it waits for a reply must not forget that the dot is out.
        """
        if self._size < _ROTATE_BYTES:
            # Reading a few old outcomes again after a crash does no harm: they are in the database.
            return
        before = self._file
        try:
            self._file = self._begin(unwritten)
        except (OSError, DeliveryError):
            # No room for another file: this one still says what there is to say.
            return
        self._unsaid.clear()
        os.close(before)

    def _begin(self, unwritten: Iterable[Outcome] = ()) -> int:
        """Begin a file with what is still open; it takes the place of the one before in one step."""
        # Locked before it gets the name that sweepers look for.
        hidden = self._path.with_suffix(".new")
        hidden.unlink(missing_ok=True)
        file = os.open(hidden, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lines = [self._header, *map(_line_of, unwritten), *(f"D {key[0]} {key[1]}\n" for key in self._open)]
        data = "".join(lines).encode()
        if os.write(file, data) != len(data):
            os.close(file)
            raise DeliveryError("The delivery journal cannot be written: the disk is full.")
        hidden.rename(self._path)
        self._size = len(data)
        return file


@dataclass(slots=True)
class Record:
    """What a journal says: dots that went out (or may have), and the outcomes that were seen."""

    owner: str = ""
    boot: str = ""
    dots: set[Key] = field(default_factory=set)
    #: What was being composed at the end, if the end came then.
    composing: set[Key] = field(default_factory=set)
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
            _add(found, line.decode())
        except (ValueError, KeyError, IndexError):
            # A power cut leaves holes: nothing in this file is certain but what it does say.
            found.boot = ""
            return found
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


def _line_of(outcome: Outcome) -> str:
    if outcome.state is MessageState.SENT:
        fields = (
            outcome.mailing_id,
            outcome.message_id,
            outcome.at.isoformat(),
            outcome.relay,
            outcome.code,
            outcome.enhanced_code or "-",
            outcome.reply,
        )
        return "A " + " ".join(map(str, fields)) + "\n"
    return "O " + json.dumps(outcome.to_json(), separators=(",", ":")) + "\n"


def _add(found: Record, line: str) -> None:
    if line.startswith("{"):
        header = json.loads(line)
        found.owner, found.boot = header["owner"], header["boot"]
        return
    letter, _, rest = line.partition(" ")
    if letter in {"D", "N"}:
        mailing_id, message_id = map(int, rest.split(" "))
        # A new try: what was heard of an earlier one is in the database, or does not matter any more.
        found.outcomes.pop((mailing_id, message_id), None)
        (found.dots.add if letter == "D" else found.dots.discard)((mailing_id, message_id))
    elif letter == "A":
        _keep(found, _accepted(rest))
    elif letter == "O":
        _keep(found, Outcome.from_json(json.loads(rest)))
    elif letter == "C":
        pairs = (pair.partition(":") for pair in rest.split(" "))
        found.composing = {(int(mailing_id), int(message_id)) for mailing_id, _, message_id in pairs}
    elif letter == "E":
        found.composing = set()
    else:
        raise ValueError(f"The journal has a line that begins with {letter!r}.")


def _keep(found: Record, outcome: Outcome) -> None:
    key = (outcome.mailing_id, outcome.message_id)
    found.outcomes[key] = outcome
    found.dots.discard(key)


def _accepted(fields: str) -> Outcome:
    mailing_id, message_id, at, relay, code, enhanced, reply = fields.split(" ", 6)
    return Outcome(
        mailing_id=int(mailing_id),
        message_id=int(message_id),
        state=MessageState.SENT,
        at=datetime.fromisoformat(at),
        phase=Phase.DOT.value,
        relay=relay,
        code=int(code),
        enhanced_code=None if enhanced == "-" else enhanced,
        reply=reply,
    )
