"""The engine: takes what is due from the ledger and hands it to the relay, in windows, until told to stop."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from service.clock import utc_now
from service.db import Sessions
from service.delivery import claims
from service.delivery.allotment import Allotment
from service.delivery.book import Book
from service.delivery.brake import Brake
from service.delivery.breakers import ErrorLimit
from service.delivery.journal import Journal
from service.delivery.lease import LEASE_SECONDS, Lease, new_owner
from service.delivery.models import MessageState, Stream
from service.delivery.orders import Orders
from service.delivery.ports import Prepare, Signer
from service.delivery.routing import Router
from service.delivery.shift import Shift, Way
from service.delivery.smtp import Deadlines
from service.delivery.throttle import Throttle
from service.delivery.watch import Watch
from service.delivery.windows import Windows
from service.relay_addresses import RelayAddress


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What one call of `deliver` brought about; `problem` says why the relay rests, if it does."""

    by_state: dict[MessageState, int] = field(default_factory=dict)
    problem: str = ""

    @property
    def sent(self) -> int:
        return self.by_state.get(MessageState.SENT, 0)

    @property
    def settled(self) -> int:
        return sum(self.by_state.values())


class DeliveryEngine:
    """Sends mail. Any number of them may run at once, in threads, processes and on other machines.

    Each call of `deliver` is an owner of its own, with a lease, a journal and a fleet of connections.
    """

    def __init__(
        self,
        sessions: Sessions,
        prepare: Prepare,
        *,
        relays: Sequence[RelayAddress],
        helo_name: str,
        journals: Path,
        signer: Signer | None = None,
        limits: Callable[[], Throttle] | None = None,
        error_limit: ErrorLimit | None = None,
        clock: Callable[[], datetime] = utc_now,
        deadlines: Deadlines | None = None,
        window: int = claims.WINDOW,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._sessions = sessions
        self._prepare = prepare
        self._relays = tuple(relays)
        self._helo_name = helo_name
        self._journals = journals
        self._signer, self._limits, self._error_limit = signer, limits, error_limit
        self._clock = clock
        self._deadlines = deadlines or Deadlines()
        self._window = window
        self._lease_seconds = lease_seconds

    def deliver(
        self,
        streams: Sequence[Stream],
        *,
        stop: Callable[[], bool] = lambda: False,
        limit: int | None = None,
        seconds: float | None = None,
    ) -> DeliveryReport:
        """Send what is due in these streams, in turn, until nothing is or one of the limits is reached.

        On `stop` the messages in flight are finished and the rest handed back. The limit counts messages
        taken from the ledger.
        """
        ends = time.monotonic() + seconds if seconds is not None else float("inf")
        with ExitStack() as stack:
            throttle = stack.enter_context(closing(self._limits())) if self._limits is not None else None
            return self._deliver(streams, throttle, stop=stop, limit=limit, ends=ends)

    def _deliver(
        self,
        streams: Sequence[Stream],
        throttle: Throttle | None,
        *,
        stop: Callable[[], bool],
        limit: int | None,
        ends: float,
    ) -> DeliveryReport:
        owner, lease = new_owner(), Lease(self._lease_seconds)
        with Journal(self._journals, owner) as journal, closing(Brake(self._sessions)) as brake:
            book = Book(self._sessions, journal, lease, owner=owner, clock=self._clock, brake=brake)
            watch = Watch(book, self._relays, limit=self._error_limit)
            router = Router({relay.label: relay.weight for relay in self._relays})
            orders = Orders(throttle)
            allotment = Allotment(router, throttle, orders)
            windows = Windows(book, self._prepare, allotment, orders, signer=self._signer, streams=streams)
            if not windows.any_due() or not watch.look():
                return DeliveryReport()
            brake.listen()
            way = Way(self._helo_name, self._deadlines, stop, throttle)
            shift = Shift(book, windows, watch, way, window=self._window)
            shift.run(ends=ends, limit=limit if limit is not None else float("inf"))
        return DeliveryReport(dict(book.counts), watch.problem)
