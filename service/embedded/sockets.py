"""Where a server's Unix socket goes: beside its data, or somewhere plainer where that path will not do."""

import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path

#: sun_path has 108 bytes (104 on macOS); PostgreSQL appends "/.s.PGSQL.5432.lock".
LONGEST = 80
#: A path that every spelling of the address carries unescaped: SQLAlchemy's, libpq's, redis-py's and kombu's.
_PLAIN = re.compile(r"[A-Za-z0-9/._-]+")


def socket_folder(folder: Path) -> Path:
    """Return a private folder for sockets; the same one for the same data folder."""
    inside = folder / "socket"
    if len(str(inside)) <= LONGEST and _PLAIN.fullmatch(str(inside)):
        return inside
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"broadsheet-{os.geteuid()}-{digest}"


def tidy(sockets: Path, *, folder: Path) -> None:
    """Remove a folder for sockets that lies outside its data folder."""
    if folder not in sockets.parents and not sockets.is_symlink():
        shutil.rmtree(sockets, ignore_errors=True)
