"""A place for what an unprivileged server could not reach where root keeps it: /root, mktemp -d and so on.

A pointer in the data folder remembers the place, and the place remembers whose it is: a data folder that is
renamed finds its database again, and a copy of it never shares one.
"""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from service.embedded.children import User
from service.embedded.privileges import reachable_by
from service.errors import StartupError

ROOT = Path("/var/lib/broadsheet")
POINTER = "moved-to"
_ORIGIN = "moved-from"


@dataclass(frozen=True, slots=True)
class Home:
    """Where a server's files are: where they were wanted, or in the shelter."""

    wanted: Path
    folder: Path

    @property
    def moved(self) -> bool:
        return self.folder != self.wanted


def find_home(wanted: Path, *, user: User | None) -> Home:
    """Say where the files are, or would go; changes nothing."""
    pointer = wanted / POINTER
    if pointer.is_file():
        return Home(wanted, Path(pointer.read_text().strip()))
    if reachable_by(user, wanted):
        return Home(wanted, wanted)
    digest = hashlib.sha256(str(wanted).encode()).hexdigest()[:16]
    return Home(wanted, ROOT / digest / wanted.name)


def move_in(home: Home, *, user: User | None) -> None:
    """Make the shelter ready and remember it on both sides.

    :raises StartupError: what the pointer names is gone, or belongs to another data folder.
    """
    pointer, origin = home.wanted / POINTER, home.folder.parent / _ORIGIN
    if pointer.exists() and not home.folder.exists():
        raise StartupError(
            f"The database folder {home.folder}, which {pointer} names, is gone; restore it from a backup, "
            "or begin again with --fresh."
        )
    other = Path(origin.read_text().strip()) if origin.exists() else home.wanted
    if other != home.wanted and (other / POINTER).exists():
        raise StartupError(
            f"{home.wanted.parent} is a copy of {other.parent}, whose database is in {home.folder} and was "
            "not copied with it; start the original, or begin again with --fresh."
        )
    make_root(user)
    home.folder.parent.mkdir(mode=0o711, exist_ok=True)
    home.folder.parent.chmod(0o711)
    home.wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
    origin.write_text(f"{home.wanted}\n")
    pointer.write_text(f"{home.folder}\n")


def make_root(user: User | None) -> None:
    """Make the folder that all shelters are in.

    :raises StartupError: it cannot be made, or the server could not enter it either.
    """
    try:
        if not ROOT.exists():
            ROOT.mkdir(parents=True)
            ROOT.chmod(0o711)
    except OSError as error:
        raise StartupError(
            f"The database needs a folder outside root's own, and {ROOT} cannot be made ({error.strerror}); "
            "start Broadsheet as an ordinary user instead."
        ) from error
    if not reachable_by(user, ROOT / "any"):
        raise StartupError(
            f"The database needs a folder outside root's own, and the user {user.name if user else ''} may "
            f"not enter {ROOT}; start Broadsheet as an ordinary user instead."
        )


def move_out(home: Home) -> None:
    """Delete what was sheltered, unless it is the database of another data folder."""
    origin = home.folder.parent / _ORIGIN
    if home.moved and origin.is_file() and Path(origin.read_text().strip()) == home.wanted:
        shutil.rmtree(home.folder.parent)
