"""TCP ports on this machine: is one free, and which one is."""

import socket

from service.errors import StartupError


def require_free(port: int, *, option: str) -> None:
    """Make sure that a port can be used.

    :raises StartupError: it is taken; the sentence names the option that chooses another.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StartupError(
                f"Port {port} is in use by another program; choose another with {option}."
            ) from error


def find_free() -> int:
    """Return a port that is free right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether nothing listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
