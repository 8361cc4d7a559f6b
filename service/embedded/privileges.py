"""PostgreSQL refuses to run as root: choose an existing unprivileged user, and see what it can reach."""

import os
import pwd
import stat
from pathlib import Path

from service.embedded.children import User
from service.errors import StartupError

#: Tried in this order; none is ever created.
CANDIDATES = ("postgres", "nobody")


def server_user(data: Path) -> User | None:
    """Return the user that serves `data`; None means ourselves.

    Data that exist are served by their owner: the candidate may be another one since they were made.

    :raises StartupError: we are root and there is no such user, or the data are somebody else's.
    """
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        if owner not in {None, os.geteuid()}:
            raise StartupError(
                f"The database in {data} belongs to the user {_name(owner)}; start Broadsheet as the user it "
                "was started as before, or name another folder with --data."
            )
        return None
    if owner:
        return User(name=_name(owner), uid=owner, gid=data.stat().st_gid)
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
    """Whether this user may enter every folder above `path`; folders that do not exist yet count as open."""
    return user is None or all(_may_enter(user, folder) for folder in path.resolve().parents)


def make_private(folder: Path, *, user: User | None) -> None:
    """Make a folder that nobody but its server can enter.

    :raises StartupError: there is one already and it is not ours: in a shared place somebody may have laid it
        out for us.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    ours = {os.geteuid(), *((user.uid,) if user is not None else ())}
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in ours:
        raise StartupError(
            f"{folder} belongs to somebody else; remove it, or name another folder with --data."
        )
    if user is not None:
        os.chown(folder, user.uid, user.gid, follow_symlinks=False)
    folder.chmod(0o700)


def _name(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:
        return f"number {uid}"


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
