"""Where a server's Unix socket goes: beside its data, or somewhere shorter where that path is too long."""

import hashlib
import os
import tempfile
from pathlib import Path

#: sun_path has 108 bytes; PostgreSQL appends "/.s.PGSQL.5432.lock".
LONGEST = 80


def socket_folder(folder: Path) -> Path:
    """Return a private folder for sockets; the same one for the same data folder."""
    inside = folder / "socket"
    if len(str(inside)) <= LONGEST:
        return inside
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"broadsheet-{os.getuid()}-{digest}"
