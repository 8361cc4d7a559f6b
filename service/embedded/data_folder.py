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
_DAMAGED = (
    ", and links in mails already sent depend on it; restore it from a backup, set SECRET_KEY, "
    "or begin again with --fresh."
)


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
            self._make()
            self._check_ours()
            self._lock = (self.path / "lock").open("wb")
        except OSError as error:
            raise StartupError(
                f"The data folder {self.path} cannot be used ({error.strerror}); name another one with "
                "--data."
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise StartupError(
                f"Broadsheet is already running on {self.path}; stop it first, or name another folder "
                "with --data."
            ) from error
        (self.path / MARKER).write_text(_MARK)
        for private in (self.logs, self.inbox):
            private.mkdir(mode=0o700, exist_ok=True)

    def _make(self) -> None:
        if self.path.is_dir():
            return
        self.path.mkdir(parents=True)
        # When we are root, the database's user must be able to pass through, not to look around.
        self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)

    def secret_key(self) -> str:
        """Return the key that signs this installation's links; made once, readable by its owner only.

        :raises StartupError: it is damaged, or it is gone although the readers it was made for are not.
        """
        file = self.path / "secret-key"
        if not file.exists():
            if self.postgres.exists():
                raise StartupError(f"The data folder is damaged: {file} is missing{_DAMAGED}")
            write_private(file, secrets.token_hex(32))
        key = file.read_text(encoding="ascii", errors="replace").strip()
        if len(key) < 32 or not key.isprintable() or not key.isascii():
            raise StartupError(f"The data folder is damaged: {file} is cut short or overwritten{_DAMAGED}")
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


def write_private(file: Path, text: str) -> None:
    """Write all of it or nothing, even if we are killed in between."""
    half = file.with_name(f"{file.name}.half")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    half.replace(file)
