"""What the demo must remember between two starts: when its articles were dated from, and its password."""

import json
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from service.errors import StartupError

FILE = "demo.json"
OPERATOR = "ada@saltmere.example"


@dataclass(frozen=True, slots=True)
class Notes:
    """Kept in the data folder, readable by its owner only."""

    started_at: datetime
    password: str


def recall(folder: Path, *, now: datetime) -> Notes:
    """Return the notes of this data folder; made now if this is its first start.

    :raises StartupError: the file is there and cannot be read.
    """
    file = folder / FILE
    if not file.exists():
        notes = Notes(started_at=now, password="-".join(secrets.token_hex(2) for _ in range(4)))
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            json.dump({"started_at": notes.started_at.isoformat(), "password": notes.password}, opened)
        return notes
    try:
        kept = json.loads(file.read_text())
        return Notes(started_at=datetime.fromisoformat(kept["started_at"]), password=kept["password"])
    except (ValueError, KeyError) as error:
        raise StartupError(
            f"The data folder is damaged: {file} cannot be read; begin again with --fresh."
        ) from error
