"""A shift: one sender's run over its fleet of lanes, window after window, until it is done or told to end.

A window holds as many messages as the relays took in the last tenth of a second, so that an unsubscribe is
never later than that; what has waited longer is looked at again before it goes out.
"""

import logging
import random
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from service.delivery import manning
from service.delivery.book import Book
from service.delivery.claims import Key
from service.delivery.crew import LeaseLost, Result
from service.delivery.dkim_keys import KeyUnusable
from service.delivery.fates import fate_of, problem_of
from service.delivery.fleet import Berth, Fleet
from service.delivery.lane import Lane
from service.delivery.manning import LOOK_SECONDS, Pace
from service.delivery.models import MessageState
from service.delivery.parcels import Parcel
from service.delivery.replies import Phase, classify
from service.delivery.smtp import Deadlines, RelayUnusable
from service.delivery.throttle import Throttle
from service.delivery.watch import Watch
from service.delivery.windows import Windows
from service.errors import DeliveryError
from service.patience import meanwhile

log = logging.getLogger(__name__)

#: Outcomes are recorded with the next window, and at least this often.
FLUSH_SECONDS = 0.25
#: Lanes, leases and breakers are seen to this often.
TEND_SECONDS = 0.002
#: After a stop, a relay that owes us an answer has this long.
STOP_SECONDS = 10.0
#: A signing key that cannot be used is looked at again after this long.
KEY_REST = timedelta(minutes=1)
#: A ledger that had nothing more is asked again so often while the last messages are under way.
_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Way:
    """How to talk to relays, and when to stop."""

    helo_name: str
    deadlines: Deadlines
    stop: Callable[[], bool]
    throttle: Throttle | None = None


class Shift:
    """Works a fleet (it is its crew)."""

    def __init__(self, book: Book, windows: Windows, watch: Watch, way: Way, *, window: int) -> None:
        self._book, self._windows, self._watch = book, windows, watch
        self._way, self._window = way, window
        self._ready: defaultdict[str, deque[Parcel]] = defaultdict(deque)
        self._returns: Counter[Key] = Counter()
        self._lost = self._stopping = False
        self._pace = Pace({label: address.weight for label, address in watch.addresses.items()})
        self._asked_at = self._tend_at = 0.0
        self._fleet = Fleet(
            watch.addresses.values(),
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
                self.write_down()
                if self._finished(more=more):
                    break
                if time.monotonic() >= self._tend_at:
                    self._tend()
                    self._fleet.turn(0.1)
                else:
                    self._fleet.turn(TEND_SECONDS)
        except Exception:
            self._hear_out()
            raise
        finally:
            self._fleet.close()
            self._return_ready()
            self.write_down()
        while self._book.unwritten:
            self._book.flush()
            if self._book.unwritten:
                time.sleep(0.1)
        self._book.end()
        self._watch.end()

    def next_for(self, relay: str, *, busy: bool) -> Parcel | None:
        """Hand out the next message; one that has waited is looked at again before."""
        ready = self._ready[relay]
        if not ready or relay not in self._watch.usable or self._stopping or self._over:
            return None
        if busy and self._watch.on_trial(relay):
            return None
        if self._book.is_stale(ready[0].key, seconds=LOOK_SECONDS):
            self._look_again()
            ready = self._ready[relay]
        return ready.popleft() if ready else None

    def before_dot(self, parcel: Parcel) -> None:
        """Guard the final dot."""
        if parcel.key not in self._book.held:
            raise LeaseLost
        stale = self._book.is_stale(parcel.key, seconds=LOOK_SECONDS * 2)
        if stale and not self._book.look_again({parcel.key: parcel.address_hash}):
            raise LeaseLost
        try:
            self._book.before_dot(parcel)
        except LeaseLost:
            self._lost = True
            log.warning("The lease ended before the window was sent; the rest goes to others.")
            raise
        except DeliveryError as error:
            self._give_up(error)
            raise LeaseLost from error

    def holds_lease(self) -> bool:
        """Say whether what waits in our hands may still go out."""
        return self._book.lease.left > 0

    def write_down(self) -> None:
        """Let the journal have what it lacks."""
        try:
            self._book.journal.write_out()
        except DeliveryError as error:
            self._give_up(error)

    def withdrawn(self, parcel: Parcel) -> None:
        """The final dot did not leave."""
        self._book.journal.no_dot(parcel.key)

    def settled(self, relay: str, parcel: Parcel, result: Result) -> None:
        """Turn what the relay said into an outcome."""
        self._keep(relay, parcel, result)
        if self._way.throttle is not None:
            self._way.throttle.heard(
                relay, parcel.domain, phase=result.phase, verdict=result.verdict, reply=result.reply
            )
        if result.verdict.rest is not None:
            self._watch.rest(relay, problem_of(result), rest=result.verdict.rest)

    def returned(self, relay: str, parcel: Parcel, loss: Result | None) -> None:
        """Try a message again whose connection broke, once: some relays hang up after so many messages."""
        if parcel.key not in self._book.held:
            return
        if loss is None:
            self._book.give_back(parcel.key)
            return
        self._returns[parcel.key] += 1
        if self._returns[parcel.key] == 1:
            self._ready[relay].appendleft(parcel)
        else:
            self._keep(relay, parcel, loss)

    def _unusable(self, berth: Berth, error: RelayUnusable) -> None:
        if not self._way.stop():
            rest = classify(Phase.HELO, error.reply).rest if error.reply else None
            self._watch.rest(berth.label, str(error), rest=rest)

    def _broke(self, berth: Berth, lane: Lane) -> None:
        if lane.broke_in_talk:
            self._watch.broke(berth.label, unanswered=lane.untouched)

    @property
    def _over(self) -> bool:
        """Say whether nothing more may be begun."""
        return self._lost or not self._watch.usable or self._way.stop()

    def _finished(self, *, more: bool) -> bool:
        if self._fleet.busy or (any(self._ready.values()) and not self._over):
            return False
        return self._over or not more or (self._windows.dry and not self._book.away)

    def _keep(self, relay: str, parcel: Parcel, result: Result) -> None:
        outcome = fate_of(
            parcel.message,
            result,
            address_hash=parcel.address_hash,
            now=self._book.clock(),
            dice=random.random(),  # noqa: S311  # jitter, not a secret
            relay=relay,
        )
        self._book.keep(outcome, parcel)
        self._watch.answered(relay, outcome, result)
        if outcome.state is MessageState.SENT:
            self._pace.sent(relay)

    def _tend(self) -> None:
        """See to what need not be seen to with every reply: it took a tenth of a sender's time."""
        self._tend_at = time.monotonic() + TEND_SECONDS
        self._man()
        book = self._book
        book.renew()
        if book.unwritten and time.monotonic() - book.flushed_at > FLUSH_SECONDS:
            with meanwhile(self._fleet.attend):
                book.flush()
        self._watch.note()
        self._move_on()

    def _take(self, limit: float) -> None:
        """Take the next window, when the last one is nearly out."""
        book, now = self._book, time.monotonic()
        if book.away:
            return
        if self._windows.dry and now - self._asked_at < _AGAIN_SECONDS and (book.held or self._fleet.busy):
            return
        rooms = self._pace.rooms(self._fleet.berths, self._watch, self._windows, self._ready, now=now)
        room = int(min(self._window - len(book.held), sum(rooms.values()), limit - self._windows.taken))
        if room < 1:
            return
        self._asked_at = now
        self._pace.begin(now)
        with book.trying(), meanwhile(self._fleet.attend, self._fleet.breathe):
            try:
                for relay, parcels in self._windows.take(room, rooms, self._watch).items():
                    self._ready[relay].extend(parcels)
                    self._pace.gave(relay, len(parcels))
            except KeyUnusable as error:
                for relay in set(self._watch.usable):
                    self._watch.rest(relay, str(error), rest=KEY_REST)
            except DeliveryError as error:
                self._give_up(error)

    def _man(self) -> None:
        """Open one more connection while there is more to send than lanes to send it."""
        if not self._over and not self._book.away:
            for berth in manning.wanting(self._fleet.berths, self._watch, self._ready):
                self._fleet.open_one(berth)

    def _give_up(self, error: DeliveryError) -> None:
        """Without a journal no dot may go out: hear what is still answered, and end."""
        if not self._lost:
            log.error("This sender ends: %s", error)
        self._lost = True

    def _hear_out(self) -> None:
        """Something broke: wait for the answers to dots that are out, so that nobody is unknown for it."""
        self._lost = True
        self._end_early()
        ends = time.monotonic() + STOP_SECONDS
        while time.monotonic() < ends and any(lane.owes() for lane in self._fleet.lanes):
            with suppress(Exception):
                self._fleet.turn(0.1)

    def _look_again(self) -> None:
        waiting = [parcel for ready in self._ready.values() for parcel in ready]
        going = self._book.look_again({parcel.key: parcel.address_hash for parcel in waiting})
        if not self._book.away:
            for relay, ready in self._ready.items():
                self._ready[relay] = deque(parcel for parcel in ready if parcel.key in going)

    def _move_on(self) -> None:
        """Give back what waits for a relay that rests now; the next window goes elsewhere."""
        for relay, ready in self._ready.items():
            if ready and relay not in self._watch.usable:
                self._return(relay)

    def _end_early(self) -> None:
        """Begin nothing more; what is under way has a moment."""
        if not self._stopping:
            self._stopping = True
            self._return_ready()
            self._fleet.shorten(STOP_SECONDS)
        if self._lost:
            self._fleet.drop_unanswered()

    def _return_ready(self) -> None:
        for relay in self._ready:
            self._return(relay)

    def _return(self, relay: str) -> None:
        ready = self._ready[relay]
        self._windows.unused(relay, list(ready))
        while ready:
            self._book.give_back(ready.popleft().key)
