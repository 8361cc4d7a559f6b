"""PostgreSQL refuses to run as root: choose an existing unprivileged user, and see what it can reach."""

import os
import pwd
import stat
from pathlib import Path

from service.embedded.children import User
from service.errors import StartupError

#: Tried in this order; none is ever created.
CANDIDATES = ("postgres", "nobody")


def server_user() -> User | None:
    """Return the user that servers run as: None means ourselves, because we are not root."""
    if os.geteuid() != 0:
        return None
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return User(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise StartupError(
        "Broadsheet runs as root and found no unprivileged user (postgres or nobody) for its database; "
        "start it as an ordinary user instead."
    )


def reachable_by(user: User | None, path: Path) -> bool:
    """Whether this user may enter every folder above `path`."""
    return user is None or all(_may_enter(user, folder) for folder in path.resolve().parents)


def _may_enter(user: User, folder: Path) -> bool:
    try:
        status = folder.stat()
    except FileNotFoundError:
        return True
    if status.st_uid == user.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == user.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
