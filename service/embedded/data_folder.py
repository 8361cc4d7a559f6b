"""The data folder of a local installation: its layout, its lock, its secret."""

import fcntl
import os
import secrets
import shutil
from pathlib import Path
from typing import IO

from service.errors import StartupError

MARKER = "broadsheet-data"
_MARK = "This folder belongs to Broadsheet: database, queue, inbox and keys of one installation.\n"


class DataFolder:
    """One installation's folder: `with DataFolder(path) as folder` keeps every other instance out."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self._lock: IO[bytes] | None = None

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        return self.path / "valkey"

    @property
    def inbox(self) -> Path:
        return self.path / "inbox"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def __enter__(self) -> "DataFolder":
        self._claim()
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            self._lock.close()

    def _claim(self) -> None:
        """Make the folder if there is none, and take its lock.

        :raises StartupError: somebody else uses it, or it is not ours, or it cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            # Servers that run as another user must be able to pass through, not to look around.
            self.path.chmod(0o711)
        except OSError as error:
            raise StartupError(f"The data folder {self.path} cannot be used: {error.strerror}.") from error
        self._check_ours()
        self._lock = (self.path / "lock").open("wb")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise StartupError(
                f"Broadsheet is already running on {self.path}; stop it first, or name another folder "
                "with --data."
            ) from error
        (self.path / MARKER).write_text(_MARK)

    def secret_key(self) -> str:
        """Return the key that signs this installation's links; made once, readable by its owner only."""
        file = self.path / "secret-key"
        if not file.exists():
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as opened:
                opened.write(secrets.token_hex(32))
        key = file.read_text().strip()
        if len(key) < 32:
            raise StartupError(
                f"The data folder is damaged: {file} is cut short. Restore it from a backup (links in mails "
                "already sent depend on it), or begin again with --fresh."
            )
        return key

    def wipe(self) -> None:
        """Delete everything in the folder but the lock, which we hold.

        :raises StartupError: the folder is not one of ours.
        """
        self._check_ours()
        for child in self.path.iterdir():
            if child.name == "lock":
                continue
            if child.is_dir() and not child.is_symlink():
                shutil.rmtree(child)
            else:
                child.unlink()
        (self.path / MARKER).write_text(_MARK)

    def _check_ours(self) -> None:
        strangers = [child.name for child in self.path.iterdir() if child.name != "lock"]
        if strangers and MARKER not in strangers:
            raise StartupError(
                f"{self.path} holds other files ({', '.join(sorted(strangers)[:3])}) and is not a Broadsheet "
                "data folder; name another one with --data."
            )
