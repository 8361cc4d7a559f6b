"""The engine: takes what is due from the ledger and hands it to the relay, in windows, until told to stop."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from service.clock import utc_now
from service.db import Sessions, transaction
from service.delivery import claims, relays
from service.delivery.claims import Lease
from service.delivery.due import Due
from service.delivery.journal import Journal
from service.delivery.lane import Lane
from service.delivery.models import MessageState, Stream
from service.delivery.ports import Prepare, Signer
from service.delivery.shift import Crew, Shift
from service.delivery.smtp import Deadlines
from service.delivery.wire import OnWait
from service.settings import RelayAddress


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

    Each call of `deliver` is an owner of its own, with a lease, a journal and one connection.
    """

    def __init__(
        self,
        sessions: Sessions,
        prepare: Prepare,
        *,
        relay: RelayAddress,
        helo_name: str,
        journals: Path,
        signer: Signer | None = None,
        clock: Callable[[], datetime] = utc_now,
        deadlines: Deadlines | None = None,
        window: int = claims.WINDOW,
        lease_seconds: float = claims.LEASE_SECONDS,
    ) -> None:
        self._sessions = sessions
        self._prepare = prepare
        self._relay = relay
        self._relay_name = f"{relay.host}:{relay.port}"
        self._helo_name = helo_name
        self._journals = journals
        self._signer = signer
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

        On `stop` the message in flight is finished and the rest handed back. The limit counts messages
        taken from the ledger.
        """
        owner, lease = claims.new_owner(), Lease(self._lease_seconds)
        ends = time.monotonic() + seconds if seconds is not None else float("inf")
        left = limit if limit is not None else float("inf")
        turns = deque(streams)
        with Journal(self._journals, owner) as journal:
            shift = Shift(self._crew(owner, lease, journal, stop), open_lane=self._open_lane)
            while not shift.over and time.monotonic() < ends and left > 0:
                messages = self._claim(turns, owner, lease, limit=int(min(left, self._window)))
                if not messages:
                    break
                left -= len(messages)
                shift.send_window(messages)
            shift.end()
        return DeliveryReport(dict(shift.counts), shift.problem)

    def _claim(self, turns: deque[Stream], owner: str, lease: Lease, *, limit: int) -> list[Due]:
        """Take a window from the first stream that has one; the streams take turns."""
        for _ in range(len(turns)):
            turns.rotate(-1)
            asked, now = lease.begin(), self._clock()
            with transaction(self._sessions) as session:
                if not relays.is_open(session, self._relay_name, now=now):
                    return []
                messages = claims.claim(
                    session, turns[-1], owner=owner, limit=limit, seconds=lease.seconds, now=now
                )
            if messages:
                lease.granted(asked)
                return messages
        return []

    def _crew(self, owner: str, lease: Lease, journal: Journal, stop: Callable[[], bool]) -> Crew:
        return Crew(
            sessions=self._sessions,
            prepare=self._prepare,
            signer=self._signer,
            relay_name=self._relay_name,
            owner=owner,
            lease=lease,
            journal=journal,
            clock=self._clock,
            stop=stop,
        )

    def _open_lane(self, on_wait: OnWait) -> Lane:
        return Lane(self._relay, helo_name=self._helo_name, on_wait=on_wait, deadlines=self._deadlines)
