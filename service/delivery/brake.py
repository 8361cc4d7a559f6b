"""The brake: a press on a button reaches every sender with its commit, between one message and the next.

Whoever pauses, stops or holds sends a notification in the same transaction. It makes a sender look into the
ledger again before its next message; what it finds there decides, so that one that is lost costs no more than
the tenth of a second after which it looks anyway.
"""

import logging
import select
import time
from typing import Any, NamedTuple

import psycopg
from sqlalchemy import Engine, func
from sqlalchemy import select as sql_select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import PoolProxiedConnection

from service.db import Sessions

log = logging.getLogger(__name__)

_CHANNEL = "broadsheet_brake"


def pull(session: Session) -> None:
    """Tell all senders, once the caller's transaction is committed."""
    session.execute(sql_select(func.pg_notify(_CHANNEL, "")))


class _Ear(NamedTuple):
    """A connection that listens."""

    driver: psycopg.Connection[Any]
    poll: select.poll


class Brake:
    """One sender's ear. It keeps a connection of its own while it sends; without one it hears nothing."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._heard_at = 0.0
        self._ear: _Ear | None = None

    def listen(self) -> None:
        """Begin to hear; what was looked at before is not of concern."""
        self._ear = _open(self._sessions)

    @property
    def pulled_at(self) -> float:
        """The monotonic time at which the last press was heard; what was looked at before is out of date."""
        # One system call of a microsecond: this is asked before every message.
        if self._ear is not None and self._ear.poll.poll(0):
            self._hear(self._ear.driver)
        return self._heard_at

    def close(self) -> None:
        if self._ear is not None:
            # Not by way of the pool, which would clean it up first, and call it an error where it is dead.
            self._ear.driver.close()
            self._ear = None

    def _hear(self, driver: psycopg.Connection[Any]) -> None:
        # Whatever it was, a notification or the end of the connection, may mean that something has changed.
        self._heard_at = time.monotonic()
        try:
            driver.pgconn.consume_input()
            while driver.pgconn.notifies() is not None:
                pass
        except psycopg.OperationalError:
            log.info("The database has closed the connection on which presses are heard.")
            self.close()


def _open(sessions: Sessions) -> _Ear | None:
    bind = sessions.kw.get("bind")
    if not isinstance(bind, Engine):
        return None
    driver: psycopg.Connection[Any] | None = None
    try:
        driver = _take_out(bind.raw_connection())
        driver.autocommit = True
        driver.execute(f"LISTEN {_CHANNEL}")
    except (SQLAlchemyError, psycopg.Error) as error:
        # A server without a free place, or a pool: mail goes on, and looks every tenth of a second.
        log.warning("No connection to hear presses on (%s).", type(error).__name__)
        if driver is not None:
            driver.close()
        return None
    poll = select.poll()
    poll.register(driver.pgconn.socket, select.POLLIN)
    return _Ear(driver, poll)


def _take_out(held: PoolProxiedConnection) -> psycopg.Connection[Any]:
    """Make a connection ours: nobody else may get one that listens."""
    driver = held.driver_connection
    assert isinstance(driver, psycopg.Connection)
    held.detach()
    return driver
