"""What the demo must remember between two starts: when its articles were dated from, and its password."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from service.embedded.data_folder import write_private
from service.errors import StartupError

FILE = "demo.json"
OPERATOR = "ada@saltmere.example"


@dataclass(frozen=True, slots=True)
class Notes:
    """Kept in the data folder, readable by its owner only."""

    started_at: datetime
    password: str


def check_ours(folder: Path) -> None:
    """Make sure that a data folder is empty or the demo's own, before anything in it is touched.

    :raises StartupError: it holds a real installation, whose readers must not meet the sample ones.
    """
    if is_real(folder):
        raise StartupError(
            f"{folder} holds a real installation; the demo needs a folder of its own. Name one with --data."
        )


def is_real(folder: Path) -> bool:
    """Say whether an installation lives there that is not the demo's."""
    return (folder / "secret-key").exists() and not is_demo(folder)


def is_demo(folder: Path) -> bool:
    return (folder / FILE).exists()


def recall(folder: Path, *, now: datetime) -> Notes:
    """Return the notes of this data folder; made now if this is its first start.

    :raises StartupError: the file is there and cannot be read.
    """
    file = folder / FILE
    if not file.exists():
        notes = Notes(started_at=now, password="-".join(secrets.token_hex(2) for _ in range(4)))
        write_private(
            file, json.dumps({"started_at": notes.started_at.isoformat(), "password": notes.password})
        )
        return notes
    try:
        kept = json.loads(file.read_text())
        return Notes(started_at=datetime.fromisoformat(kept["started_at"]), password=kept["password"])
    except (ValueError, KeyError) as error:
        raise StartupError(
            f"The data folder is damaged: {file} cannot be read; begin again with --fresh."
        ) from error
