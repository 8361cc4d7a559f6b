"""The book of one sender: what it holds under which lease, and what became of it until the ledger has it."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime

from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlalchemy.orm import Session

from service.db import Sessions, transaction
from service.delivery import claims
from service.delivery.brake import Brake
from service.delivery.claims import Key
from service.delivery.crew import LeaseLost
from service.delivery.journal import Journal
from service.delivery.lease import Lease
from service.delivery.models import MessageState
from service.delivery.outcomes import Outcome, record
from service.delivery.parcels import Parcel
from service.delivery.traffic import Traffic
from service.errors import DeliveryError

log = logging.getLogger(__name__)

#: The final dot needs this much of the lease.
MARGIN_SECONDS = 5.0
#: While the database is away, outcomes are held (the journal has them too) and tried again at these times.
_WAITS = (0.1, 0.5, 2.0, 5.0)
#: So long without a database, and the sender ends; the sweeper reads its journal.
_PATIENCE_SECONDS = 40.0
#: What a database says that is gone, full, or read-only (which the driver calls an internal error).
AWAY = (OperationalError, InternalError, InterfaceError)


class Book:
    """Everything a sender owes the ledger; `away` says that the database cannot be reached just now."""

    def __init__(
        self,
        sessions: Sessions,
        journal: Journal,
        lease: Lease,
        *,
        owner: str,
        clock: Callable[[], datetime],
        brake: Brake | None = None,
    ) -> None:
        self.sessions, self.journal, self.lease, self.owner = sessions, journal, lease, owner
        self.clock = clock
        self._brake = brake
        #: What was taken and has no outcome yet, with the instant of the last look at it.
        self.held: dict[Key, float] = {}
        self.counts: Counter[MessageState] = Counter()
        self.traffic = Traffic()
        self.flushed_at = time.monotonic()
        self._unwritten: list[Outcome] = []
        self._back: set[Key] = set()
        #: What the transaction under way records: the lanes go on while the database works.
        self._writing: list[Outcome] = []
        self._handing: set[Key] = set()
        self._failures = 0
        self._away_since = self._retry_at = 0.0

    @property
    def away(self) -> bool:
        """Say whether the database failed us, and it is not time yet to try again."""
        return time.monotonic() < self._retry_at

    @property
    def unwritten(self) -> int:
        return len(self._unwritten) + len(self._back) + len(self._writing) + len(self._handing)

    def take(self, keys: Collection[Key], *, asked_at: float, looked_at: float) -> None:
        """Hold messages that a committed transaction has marked as ours; it looked at them at this time."""
        if not self.held:
            self.lease.granted(asked_at)
        self.held.update(dict.fromkeys(keys, looked_at))

    def is_stale(self, key: Key, *, seconds: float) -> bool:
        """Say whether the last look at a message is so long ago, or somebody has pressed a button since."""
        looked_at = self.held.get(key, 0.0)
        pulled_at = self._brake.pulled_at if self._brake is not None else 0.0
        return looked_at <= pulled_at or time.monotonic() - looked_at > seconds

    def keep(self, outcome: Outcome, parcel: Parcel) -> None:
        """Note an outcome; it is in the journal before anybody waits for anything."""
        self.traffic.add(outcome, parcel)
        self.held.pop((outcome.mailing_id, outcome.message_id), None)
        self._unwritten.append(outcome)
        self.journal.outcome(outcome)

    def give_back(self, key: Key) -> None:
        """Note that a message was certainly not sent."""
        self.held.pop(key, None)
        self._back.add(key)

    def before_dot(self, parcel: Parcel) -> None:
        """Write down that the final dot goes out.

        :raises LeaseLost: it must not, for the message may be somebody else's by now.
        """
        # Written first, checked second: frozen in between, this sender will find its lease ended.
        self.journal.dot(parcel.key)
        if self.lease.left < MARGIN_SECONDS:
            self.journal.no_dot(parcel.key)
            raise LeaseLost

    def renew(self) -> None:
        """Prolong the lease when half of it is over."""
        lease = self.lease
        if not self.held or not 0 < lease.left < lease.seconds / 2 or self.away:
            return
        asked = lease.begin()
        with self.trying(), transaction(self.sessions) as session:
            if claims.renew(session, self.held, owner=self.owner, seconds=lease.seconds):
                lease.granted(asked)

    def write(self, session: Session) -> None:
        """Record everything in the caller's transaction; call `written` after its commit.

        What was written by a transaction that failed is written again.
        """
        self._writing += self._unwritten
        self._handing |= self._back
        self._unwritten, self._back = [], set()
        if self._writing:
            record(session, self._writing, owner=self.owner)
        if self._handing:
            claims.give_back(session, self._handing, owner=self.owner, now=self.clock())
        self.traffic.write(session)

    def written(self) -> None:
        """The transaction of `write` is committed."""
        self.counts.update(outcome.state for outcome in self._writing)
        self._writing.clear()
        self._handing.clear()
        self.traffic.written()
        self.journal.clear(self._unwritten)
        self.flushed_at = time.monotonic()
        self._failures = 0

    def flush(self) -> None:
        """Write what there is to write, in a transaction of its own."""
        if self.unwritten and not self.away:
            with suppress(DeliveryError):
                # The database has it in a moment; a full disk must not keep it from that.
                self.journal.write_out()
            with self.trying():
                with transaction(self.sessions) as session:
                    self.write(session)
                self.written()

    def look_again(self, hashes: Mapping[Key, bytes]) -> set[Key]:
        """Return which of these may still go out, and give the others back."""
        if self.away:
            return set()
        going: set[Key] = set()
        # Before the look: a press that is heard while it goes on may be too late for it.
        now = time.monotonic()
        with self.trying():
            with transaction(self.sessions) as session:
                going = claims.look_again(session, hashes, owner=self.owner)
            for key in hashes:
                if key in going:
                    self.held[key] = now
                else:
                    self.give_back(key)
        return going

    def end(self) -> None:
        """Write the counts of the last moments; without a database they are lost, and nobody with them."""
        with suppress(*AWAY), transaction(self.sessions) as session:
            self.traffic.write(session, all_of_it=True)

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Live with a database that is away for a while."""
        try:
            yield
        except AWAY as error:
            self.failed(error)

    def failed(self, error: DBAPIError) -> None:
        """The database did not answer; try again later.

        :raises DBAPIError: it has been away for too long.
        """
        now = time.monotonic()
        if not self._failures:
            self._away_since = now
        elif now - self._away_since > _PATIENCE_SECONDS:
            raise error
        wait = _WAITS[min(self._failures, len(_WAITS) - 1)]
        self._failures += 1
        self._retry_at = now + wait
        log.warning("The database is away (%s); what was sent is in the journal.", type(error.orig).__name__)
