"""One thread per process reads what live pages show; streams wait for it and hold no connection."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.clock import utc_now
from service.db import Sessions
from service.errors import NotFound

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Channel:
    """One question that several pages may ask; equal answers are no news."""

    key: str
    read: Callable[[Session, datetime], object]
    #: Seconds between two readings.
    every: float = 1.0


class Board:
    """The latest answer per channel. The thread lives only while somebody watches."""

    def __init__(self, sessions: Sessions, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._sessions = sessions
        self._clock = clock
        self._changed = threading.Condition()
        self._channels: dict[str, Channel] = {}
        self._watchers: Counter[str] = Counter()
        self._read_at: dict[str, float] = {}
        self._answers: dict[str, object] = {}
        self._version = 0
        self._thread: threading.Thread | None = None

    @property
    def is_polling(self) -> bool:
        return self._thread is not None

    @contextmanager
    def watch(self, channels: list[Channel]) -> Iterator["Watch"]:
        """Keep these channels read until the block ends."""
        keys = [channel.key for channel in channels]
        with self._changed:
            for channel in channels:
                self._channels[channel.key] = channel
                self._watchers[channel.key] += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._poll, name="live-board", daemon=True)
                self._thread.start()
        try:
            yield Watch(self, keys)
        finally:
            with self._changed:
                self._watchers.subtract(keys)
                for key in keys:
                    if not self._watchers[key]:
                        self._forget(key)
                self._changed.notify_all()

    def wait(self, seen: int, *, timeout: float) -> int:
        """Wait for news after version `seen`; return the version there is, new or not."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != seen, timeout)
            return self._version

    def answers(self, keys: list[str]) -> Mapping[str, object]:
        """Return what is known; a channel that was never read, or is about nothing, is missing."""
        with self._changed:
            return {key: self._answers[key] for key in keys if key in self._answers}

    def _poll(self) -> None:
        while True:
            with self._changed:
                if not self._channels or not is_serving():
                    self._thread = None
                    return
                due = self._due()
            answers = self._read(due)
            with self._changed:
                news = {
                    key: answer
                    for key, answer in answers.items()
                    if key in self._channels and self._answers.get(key) != answer
                }
                self._answers |= news
                self._version += bool(news)
                if news:
                    self._changed.notify_all()
            time.sleep(1.0)

    def _due(self) -> list[Channel]:
        at = time.monotonic()
        due = [
            channel
            for channel in self._channels.values()
            # A little early rather than a whole round late.
            if at - self._read_at.get(channel.key, float("-inf")) >= channel.every - 0.2
        ]
        self._read_at |= {channel.key: at for channel in due}
        return due

    def _read(self, channels: list[Channel]) -> dict[str, object]:
        answers: dict[str, object] = {}
        try:
            with self._sessions() as session:
                for channel in channels:
                    try:
                        answers[channel.key] = channel.read(session, self._clock())
                    except NotFound:
                        continue
        except SQLAlchemyError as error:
            # A database that restarts: pages show the last answer, the next round asks again.
            log.warning("Live pages could not be read (%s); trying again.", type(error).__name__)
        except Exception:
            # The thread serves every page: one question that cannot be answered must not end it.
            log.exception("A live page could not be read")
        return answers

    def _forget(self, key: str) -> None:
        self._watchers.pop(key, None)
        self._channels.pop(key, None)
        self._read_at.pop(key, None)
        self._answers.pop(key, None)


@dataclass(slots=True)
class Watch:
    """One stream's view of the board."""

    board: Board
    keys: list[str]
    seen: int = -1

    def next(self, *, timeout: float) -> Mapping[str, object]:
        """Return all answers once there is news, or after `timeout` seconds as they are."""
        self.seen = self.board.wait(self.seen, timeout=timeout)
        return self.board.answers(self.keys)


def is_serving() -> bool:
    """False once the interpreter shuts down: it waits for the threads that serve streams."""
    return threading.main_thread().is_alive()
