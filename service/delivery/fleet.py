"""The fleet: all lanes of one sender, opened as they are needed, in one loop that waits for all of them.

Opening a connection (names, TLS, login) waits in a thread of its own; everything behind it is in the loop.
"""

import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from psycopg.waiting import Ready, Wait

from service.delivery.crew import Crew
from service.delivery.lane import Lane
from service.delivery.smtp import Deadlines, RelayUnusable, SmtpSession
from service.patience import meanwhile
from service.relay_addresses import RelayAddress

#: Deadlines are looked at this often.
LOOK_SECONDS = 0.5
_PATIENCE_SECONDS = 0.1
_BREATH_SECONDS = 0.0005
#: A relay that hung up on messages it had not answered gets them one by one.
_HANG_UPS = 3


@dataclass(slots=True)
class Berth:
    """One relay's place in the fleet."""

    relay: RelayAddress
    lanes: list[Lane] = field(default_factory=list)
    opening: int = 0
    #: How often it hung up in the middle of a conversation.
    hang_ups: int = 0

    @property
    def label(self) -> str:
        return self.relay.label


@dataclass(frozen=True, slots=True)
class _Opened:
    """What came of opening a connection."""

    berth: Berth
    session: SmtpSession | None
    error: RelayUnusable | None


class Fleet:
    """Keeps the lanes; `unusable` hears of relays that cannot be reached, `broke` of lanes that broke off."""

    def __init__(
        self,
        relays: Iterable[RelayAddress],
        crew: Crew,
        *,
        helo_name: str,
        deadlines: Deadlines,
        stop: Callable[[], bool],
        unusable: Callable[[Berth, RelayUnusable], None],
        broke: Callable[[Berth, Lane], None],
    ) -> None:
        self.berths = [Berth(relay) for relay in relays]
        self._crew, self._helo_name, self._deadlines = crew, helo_name, deadlines
        self._stop, self._unusable, self._broke = stop, unusable, broke
        self._selector = selectors.DefaultSelector()
        self._events: dict[Lane, int] = {}
        self._opened: deque[_Opened] = deque()
        self._given_up, self._lock = threading.Event(), threading.Lock()
        self._bell, self._ring = socket.socketpair()
        self._bell.setblocking(False)
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._looked_at = self._breathed_at = 0.0
        self._trouble: Exception | None = None

    @property
    def lanes(self) -> list[Lane]:
        return [lane for berth in self.berths for lane in berth.lanes]

    @property
    def busy(self) -> bool:
        """Say whether anything is under way."""
        return any(not lane.idle for lane in self.lanes)

    @property
    def opening(self) -> int:
        return sum(berth.opening for berth in self.berths)

    def open_one(self, berth: Berth) -> None:
        """Begin to open one more connection."""
        berth.opening += 1
        threading.Thread(target=self._open, args=(berth,), name="open-relay", daemon=True).start()

    def turn(self, seconds: float) -> None:
        """Wait so long at most for something to happen, and deal with all that has."""
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            raise trouble
        self._deal(self._select(seconds))

    def _select(self, seconds: float) -> list[tuple[selectors.SelectorKey, int]]:
        return self._selector.select(seconds)

    def _deal(self, happened: list[tuple[selectors.SelectorKey, int]]) -> None:
        for key, events in happened:
            if key.data is None:
                self._answer_bell()
            elif isinstance(key.data, Lane):
                lane = key.data
                if events & selectors.EVENT_WRITE:
                    lane.writable()
                if events & selectors.EVENT_READ and not lane.closed:
                    lane.readable()
                self._after(lane)
        now = time.monotonic()
        if now - self._looked_at > LOOK_SECONDS:
            self._looked_at = now
            self._keep_deadlines(now)

    def attend(self, file: int, wanted: Wait) -> Ready:
        """Work the lanes until this file is ready, as `patience.meanwhile` wants it.

        What goes wrong on the way is raised by the next `turn`: whoever waits here is in the middle of
        something else.
        """
        self._selector.register(file, int(wanted), file)
        try:
            while True:
                events = self._select(_PATIENCE_SECONDS)
                ready = next((found for key, found in events if key.data == file), 0)
                with meanwhile(None):
                    try:
                        self._deal(events)
                    except Exception as error:
                        self._trouble = self._trouble or error
                if ready:
                    return Ready(ready)
        finally:
            self._selector.unregister(file)

    def breathe(self) -> None:
        """Deal with what has happened to the lanes, without waiting; nothing, if that was just done."""
        now = time.monotonic()
        if now - self._breathed_at < _BREATH_SECONDS:
            return
        self._breathed_at = now
        with meanwhile(None):
            try:
                self._deal(self._select(0))
            except Exception as error:
                self._trouble = self._trouble or error

    def begin(self) -> None:
        """Let idle lanes take what there is; those that are worn leave."""
        for lane in self.lanes:
            if lane.idle:
                if lane.worn:
                    lane.quit()
                else:
                    lane.begin()
                self._after(lane)

    def shorten(self, seconds: float) -> None:
        """Wait for no answer longer than this from now."""
        deadline = time.monotonic() + seconds
        for lane in self.lanes:
            lane.shorten(deadline)

    def drop_unanswered(self) -> None:
        """Hang up on every relay that owes no answer to a final dot."""
        for lane in self.lanes:
            if not lane.idle and not lane.owes():
                lane.hang_up()
                self._after(lane)

    def close(self) -> None:
        """Leave everybody politely; what is still under way is given back or unknown."""
        with self._lock:
            self._given_up.set()
        for lane in self.lanes:
            if lane.idle:
                lane.quit()
            else:
                lane.hang_up()
            self._after(lane)
        for opened in self._opened:
            if opened.session is not None:
                opened.session.quit()
        self._selector.close()
        self._bell.close()
        self._ring.close()

    def _open(self, berth: Berth) -> None:
        try:
            session = SmtpSession.connect(
                berth.relay, helo_name=self._helo_name, on_wait=self._patience, deadlines=self._deadlines
            )
            opened = _Opened(berth, session, None)
        except RelayUnusable as error:
            opened = _Opened(berth, None, error)
        except Exception as error:  # a thread that dies in silence would leave the loop waiting for it
            opened = _Opened(berth, None, RelayUnusable(f"The relay {berth.label} is not usable: {error}"))
        with self._lock:
            if not self._given_up.is_set():
                self._opened.append(opened)
                self._ring.send(b"!")
            elif opened.session is not None:
                opened.session.close()

    def _patience(self) -> float | None:
        return 0.0 if self._given_up.is_set() or self._stop() else None

    def _answer_bell(self) -> None:
        self._bell.recv(64)
        while self._opened:
            opened = self._opened.popleft()
            opened.berth.opening -= 1
            if opened.session is None:
                assert opened.error is not None
                self._unusable(opened.berth, opened.error)
                continue
            self._add(opened.berth, opened.session)

    def _add(self, berth: Berth, session: SmtpSession) -> None:
        lane = Lane(
            session,
            self._crew,
            relay=berth.label,
            deadlines=self._deadlines,
            most_messages=berth.relay.messages,
            ahead=berth.hang_ups < _HANG_UPS,
        )
        berth.lanes.append(lane)
        self._events[lane] = selectors.EVENT_READ
        self._selector.register(lane, selectors.EVENT_READ, lane)
        lane.begin()
        self._after(lane)

    def _after(self, lane: Lane) -> None:
        """Follow what has become of a lane."""
        if lane not in self._events:
            return
        if lane.closed:
            # Closed files leave the kernel's list by themselves; only the selector must forget them.
            self._selector.unregister(lane)
            del self._events[lane]
            berth = next(each for each in self.berths if lane in each.lanes)
            berth.lanes.remove(lane)
            if lane.broken:
                berth.hang_ups += lane.broke_in_talk
                self._broke(berth, lane)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if lane.wire.full else 0)
        if wanted != self._events[lane]:
            self._events[lane] = wanted
            self._selector.modify(lane, wanted, lane)

    def _keep_deadlines(self, now: float) -> None:
        for lane in self.lanes:
            if now > lane.deadline:
                lane.hang_up("The relay took too long to answer.")
                self._after(lane)
