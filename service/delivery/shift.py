"""A shift: one sender's run over its fleet of lanes, window after window, until it is done or told to end.

A window holds as many messages as the relays took in the last tenth of a second, so that an unsubscribe is
never later than that; what has waited longer is looked at again before it goes out.
"""

import logging
import random
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from service.db import transaction
from service.delivery import relays
from service.delivery.book import Book
from service.delivery.claims import Key
from service.delivery.dkim_keys import KeyUnusable
from service.delivery.fates import fate_of, problem_of
from service.delivery.fleet import Berth, Fleet
from service.delivery.lane import Lane, LeaseLost, Result
from service.delivery.models import MessageState
from service.delivery.parcels import Parcel
from service.delivery.replies import Phase, classify
from service.delivery.smtp import Deadlines, RelayUnusable
from service.delivery.windows import Windows
from service.settings import RelayAddress

log = logging.getLogger(__name__)

#: An unsubscribe holds from its commit on, but for this long.
LOOK_SECONDS = 0.1
#: Outcomes are recorded with the next window, and at least this often.
FLUSH_SECONDS = 0.25
#: After a stop, a relay that owes us an answer has this long.
STOP_SECONDS = 10.0
#: A signing key that cannot be used is looked at again after this long.
KEY_REST = timedelta(minutes=1)
#: Connections that break in a row, without an answer in between, before the relay itself is held to be ill.
MOST_LOSSES = 3
#: A ledger that had nothing more is asked again this often while the last messages are under way.
_AGAIN_SECONDS = 1.0
_FIRST_WINDOW = 8


@dataclass(frozen=True, slots=True)
class Way:
    """The way out: relays, and how to talk to them."""

    relays: tuple[RelayAddress, ...]
    helo_name: str
    deadlines: Deadlines
    stop: Callable[[], bool]


class Shift:
    """Works a fleet (it is its crew); `problem` says why no relay could be used any more."""

    def __init__(self, book: Book, windows: Windows, way: Way, *, window: int) -> None:
        self.problem = ""
        self._book, self._windows, self._way, self._window = book, windows, way, window
        self._ready: deque[Parcel] = deque()
        self._returns: Counter[Key] = Counter()
        self._losses: Counter[str] = Counter()
        self._resting: set[str] = set()
        self._praised: set[str] = set()
        self._lost = self._stopping = False
        self._chunk = _FIRST_WINDOW
        self._sent = 0
        self._took_at = time.monotonic()
        self._asked_at = 0.0
        self._fleet = Fleet(
            way.relays,
            self,
            helo_name=way.helo_name,
            deadlines=way.deadlines,
            stop=way.stop,
            unusable=self._unusable,
            broke=self._broke,
        )

    def run(self, *, ends: float, limit: float) -> None:
        """Send until nothing is due, the monotonic clock shows `ends`, or `limit` messages were taken."""
        try:
            while True:
                more = time.monotonic() < ends and self._windows.taken < limit and not self._over
                if self._over:
                    self._end_early()
                elif more:
                    self._take(limit)
                self._fleet.begin()
                self._book.journal.write_out()
                if self._finished(more=more):
                    break
                self._man()
                self._fleet.turn(self._patience())
                self._tend()
        finally:
            self._fleet.close()
            self._return_ready()
            self._book.journal.write_out()
        while self._book.unwritten:
            self._book.flush()
            if self._book.unwritten:
                time.sleep(0.1)

    # What the lanes ask and tell.

    def next_for(self, lane: Lane) -> Parcel | None:
        """Hand out the next message; one that has waited is looked at again before."""
        if lane.relay in self._resting or self._lost or self._stopping or not self._ready:
            return None
        if time.monotonic() - self._book.held.get(self._ready[0].key, 0.0) > LOOK_SECONDS:
            self._look_again()
        return self._ready.popleft() if self._ready else None

    def before_dot(self, parcel: Parcel) -> None:
        """Guard the final dot."""
        looked_at = self._book.held.get(parcel.key)
        if looked_at is None:
            raise LeaseLost
        stale = time.monotonic() - looked_at > LOOK_SECONDS * 2
        if stale and not self._book.look_again({parcel.key: parcel.address_hash}):
            raise LeaseLost
        try:
            self._book.before_dot(parcel)
        except LeaseLost:
            self._lost = True
            log.warning("The lease ended before the window was sent; the rest goes to others.")
            raise

    def holds_lease(self) -> bool:
        """Say whether what waits in our hands may still go out."""
        return self._book.lease.left > 0

    def write_down(self) -> None:
        """Let the journal have what it does not have yet."""
        self._book.journal.write_out()

    def withdrawn(self, parcel: Parcel) -> None:
        """The final dot did not leave."""
        self._book.journal.no_dot(parcel.key)

    def settled(self, lane: Lane, parcel: Parcel, result: Result) -> None:
        """Turn what the relay said into an outcome."""
        outcome = fate_of(
            parcel.message,
            result,
            address_hash=parcel.address_hash,
            now=self._book.clock(),
            dice=random.random(),  # noqa: S311  # jitter, not a secret
            relay=lane.relay,
        )
        self._book.keep(outcome)
        if result.reply is not None:
            self._losses[lane.relay] = 0
        if outcome.state is MessageState.SENT:
            self._sent += 1
            if lane.relay not in self._praised:
                self._praise(lane.relay)
        if result.verdict.rest is not None:
            self._rest(lane.relay, problem_of(result), rest=result.verdict.rest)

    def returned(self, parcel: Parcel, loss: Result | None) -> None:
        """Try a message again whose connection broke, once: some relays hang up after so many messages."""
        if loss is None or parcel.key not in self._book.held:
            if parcel.key in self._book.held:
                self._book.give_back(parcel.key)
            return
        self._returns[parcel.key] += 1
        if self._returns[parcel.key] == 1:
            self._ready.appendleft(parcel)
            return
        outcome = fate_of(
            parcel.message,
            loss,
            address_hash=parcel.address_hash,
            now=self._book.clock(),
            dice=random.random(),  # noqa: S311  # jitter, not a secret
            relay="",
        )
        self._book.keep(outcome)

    # What the fleet tells.

    def _unusable(self, berth: Berth, error: RelayUnusable) -> None:
        if self._way.stop():
            return
        rest = classify(Phase.HELO, error.reply).rest if error.reply else None
        self._rest(berth.label, str(error), rest=rest)

    def _broke(self, berth: Berth, lane: Lane) -> None:
        if not lane.broke_in_talk:
            return
        self._losses[berth.label] += 1
        if lane.untouched or self._losses[berth.label] >= MOST_LOSSES:
            self._losses[berth.label] = 0
            self._rest(berth.label, f"The relay {berth.label} breaks off every connection.", rest=None)

    # The run.

    @property
    def _over(self) -> bool:
        """Say whether nothing more may be begun."""
        return self._lost or bool(self.problem) or self._way.stop()

    def _finished(self, *, more: bool) -> bool:
        if self._fleet.busy or (self._ready and not self._over):
            return False
        return self._over or not more or (self._windows.dry and not self._book.away)

    def _patience(self) -> float:
        """Return for how long there may be nothing to do but wait."""
        return 0.02 if self._ready and not self._fleet.lanes else 0.1

    def _tend(self) -> None:
        book = self._book
        book.renew()
        if book.unwritten and time.monotonic() - book.flushed_at > FLUSH_SECONDS:
            book.flush()

    def _take(self, limit: float) -> None:
        """Take the next window, when the last one is nearly out."""
        book, now = self._book, time.monotonic()
        open_lanes = [lane for lane in self._fleet.lanes if lane.relay not in self._resting]
        if not open_lanes or book.away or len(self._ready) > len(open_lanes):
            return
        if self._windows.dry and now - self._asked_at < _AGAIN_SECONDS and (book.held or self._fleet.busy):
            return
        room = min(
            self._window - len(book.held), self._size(now, len(open_lanes)), limit - self._windows.taken
        )
        if room < 1:
            return
        self._asked_at = now
        with book.trying():
            try:
                self._ready.extend(self._windows.take(int(room)))
            except KeyUnusable as error:
                for berth in self._fleet.berths:
                    self._rest(berth.label, str(error), rest=KEY_REST)

    def _size(self, now: float, lanes: int) -> int:
        """Return how many messages the relays are likely to take within a look."""
        pace = self._sent / max(now - self._took_at, 0.001)
        if self._sent:
            self._chunk = max(int(pace * LOOK_SECONDS), self._chunk // 2)
            self._sent, self._took_at = 0, now
        return max(self._chunk, lanes, _FIRST_WINDOW)

    def _man(self) -> None:
        """Open one more connection while there is more to send than lanes to send it."""
        if self._over or self._book.away:
            return
        lanes = self._fleet.lanes
        if (lanes and not self._ready) or any(lane.idle for lane in lanes):
            return
        usable = [
            berth
            for berth in self._fleet.berths
            if berth.label not in self._resting and not berth.opening and len(berth.lanes) < berth.connections
        ]
        if usable:
            self._fleet.open_one(min(usable, key=lambda berth: len(berth.lanes)))

    def _look_again(self) -> None:
        going = self._book.look_again({parcel.key: parcel.address_hash for parcel in self._ready})
        if not self._book.away:
            self._ready = deque(parcel for parcel in self._ready if parcel.key in going)

    def _end_early(self) -> None:
        """Begin nothing more; what is under way has a moment."""
        if not self._stopping:
            self._stopping = True
            self._return_ready()
            self._fleet.shorten(STOP_SECONDS)
        if self._lost:
            self._fleet.drop_unanswered()

    def _return_ready(self) -> None:
        while self._ready:
            self._book.give_back(self._ready.popleft().key)

    def _rest(self, relay: str, problem: str, *, rest: timedelta | None) -> None:
        """Let nobody use a relay for a while; without any left, the shift is over."""
        if relay in self._resting:
            return
        self._resting.add(relay)
        log.warning("The relay %s rests: %s", relay, problem)
        with self._book.trying(), transaction(self._book.sessions) as session:
            relays.close(
                session,
                relay,
                problem=problem,
                now=self._book.clock(),
                dice=random.random(),  # noqa: S311  # jitter, not a secret
                rest=rest,
            )
        if all(berth.label in self._resting for berth in self._fleet.berths):
            self.problem = problem

    def _praise(self, relay: str) -> None:
        """Say once per shift that a message got through, which ends what was wrong with the relay."""
        self._praised.add(relay)
        with self._book.trying(), transaction(self._book.sessions) as session:
            relays.worked(session, relay, now=self._book.clock())
