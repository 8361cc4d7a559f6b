"""Runs the development inbox: SMTP and its page in one process, until SIGTERM or Ctrl-C."""

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Iterable
from pathlib import Path

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from service.errors import StartupError
from service.inbox.page import WsgiApp, make_app
from service.inbox.server import make_session
from service.inbox.store import Store


def serve(
    folder: Path,
    *,
    smtp_port: int,
    web_port: int,
    host: str = "127.0.0.1",
    names: Iterable[str] = (),
) -> None:
    """Keep mail in `folder` and show it; returns after a clean stop.

    `names` are host names the page answers to beside localhost (behind a proxy, in compose).

    :raises StartupError: when a port is taken or the folder cannot be used.
    """
    # It logs every address at info.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    try:
        store = Store(folder)
    except OSError as error:
        raise StartupError(f"The inbox cannot use its folder {folder}: {error.strerror}.") from error
    asyncio.run(_serve(store, smtp=(host, smtp_port), web=(host, web_port), names=names))


async def _serve(store: Store, *, smtp: tuple[str, int], web: tuple[str, int], names: Iterable[str]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    page = _make_page_server(make_app(store, names=names), address=web)
    thread = threading.Thread(target=page.serve_forever, name="inbox-page", daemon=True)
    try:
        mail = await loop.create_server(lambda: make_session(store), *smtp)
    except OSError as error:
        page.server_close()
        raise _taken(smtp[1], "mail", error) from error
    thread.start()
    try:
        await stop.wait()
    finally:
        mail.close()
        await asyncio.to_thread(page.shutdown)
        page.server_close()
        thread.join(timeout=2)


def _make_page_server(app: WsgiApp, *, address: tuple[str, int]) -> BaseWSGIServer:
    # Bound here, since werkzeug would print and exit when the port is taken.
    try:
        listener = socket.create_server(address)
    except OSError as error:
        raise _taken(address[1], "its page", error) from error
    with listener:
        return make_server(*address, app, threaded=True, request_handler=_QuietHandler, fd=listener.fileno())


def _taken(port: int, purpose: str, error: OSError) -> StartupError:
    return StartupError(
        f"The inbox cannot listen on port {port} for {purpose}: {error.strerror or 'it is in use'}."
    )


class _QuietHandler(WSGIRequestHandler):
    """Writes no access log: the page asks every other second."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""
