"""A shift: one sender's run over window after window, with its lease, its journal and its connection.

A window goes claim -> pack -> (mark -> send -> record) in chunks. A chunk is as many messages as the relay
took in the last tenth of a second, so that an unsubscribe is never later than that.
"""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service.db import Sessions, transaction
from service.delivery import claims, relays
from service.delivery.claims import Key, Lease
from service.delivery.dkim_keys import KeyUnusable
from service.delivery.due import Due
from service.delivery.fates import fate_of, fates_of_broken, problem_of
from service.delivery.journal import Journal
from service.delivery.lane import Gate, Lane, LeaseLost
from service.delivery.models import MessageState
from service.delivery.outcomes import Outcome, record
from service.delivery.parcels import Packed, Parcel, key_of, pack
from service.delivery.ports import Prepare, Signer
from service.delivery.replies import Phase, classify
from service.delivery.smtp import RelayUnusable

log = logging.getLogger(__name__)

#: An unsubscribe holds from its commit on, but for this long.
LOOK_SECONDS = 0.1
#: Outcomes are written after each chunk, and at least this often within a slow one.
FLUSH_SECONDS = 1.0
#: The final dot needs this much of the lease.
MARGIN_SECONDS = 5.0
#: After a stop, a relay that owes us an answer has this long.
STOP_SECONDS = 10.0
#: A signing key that cannot be used is looked at again after this long.
KEY_REST = timedelta(minutes=1)
#: Waits between tries to record outcomes while the database is away; the journal holds them meanwhile.
_RECORD_WAITS = (0.1, 0.5, 2.0, 5.0, 10.0, 20.0)


@dataclass(frozen=True, slots=True)
class Crew:
    """What a shift works with."""

    sessions: Sessions
    prepare: Prepare
    signer: Signer | None
    relay_name: str
    owner: str
    lease: Lease
    journal: Journal
    clock: Callable[[], datetime]
    stop: Callable[[], bool]


class Shift:
    """Sends windows over one lane; says `problem` when the relay must rest."""

    def __init__(self, crew: Crew, *, open_lane: Callable[[Callable[[], float | None]], Lane]) -> None:
        self._crew = crew
        self._lane = open_lane(self._while_waiting)
        self._unwritten: list[Outcome] = []
        self._chunk = 8
        self._looked_at = 0.0
        self._flushed_at = 0.0
        self._praised = False
        self._lost = False
        self.problem = ""
        self.counts: dict[MessageState, int] = {}

    def send_window(self, messages: list[Due]) -> None:
        """Bring every claimed message to an outcome, or give it back."""
        waiting = self._pack(messages)
        try:
            while waiting and not self.over:
                chunk, waiting = waiting[: self._chunk], waiting[self._chunk :]
                self._send_chunk(chunk)
        except LeaseLost:
            log.warning("The lease ended before the window was sent; the rest goes to others.")
            self._lost = True
        finally:
            self._flush()
        self._give_back({key_of(message) for message in messages})

    def end(self) -> None:
        """Leave the relay politely; everything is recorded by now."""
        self._lane.close()

    @property
    def over(self) -> bool:
        """Say whether nothing more should be claimed."""
        return bool(self.problem) or self._lost or self._crew.stop()

    def _pack(self, messages: list[Due]) -> list[Parcel]:
        """Make what can be sent; a broken signing key closes the way out, since no reader is to blame."""
        crew = self._crew
        try:
            packed = pack(crew.prepare, messages, signer=crew.signer, now=crew.clock())
        except KeyUnusable as error:
            self._close_relay(str(error), rest=KEY_REST)
            return []
        self._settle(packed)
        return packed.parcels

    def _settle(self, packed: Packed) -> None:
        if packed.settled or packed.broken:
            with transaction(self._crew.sessions) as session:
                broken = fates_of_broken(session, packed.broken, now=self._crew.clock())
                self._record(session, packed.settled + broken)
            self._count(packed.settled + broken)

    def _send_chunk(self, chunk: list[Parcel]) -> None:
        began = time.monotonic()
        going = self._look(chunk)
        sent = 0
        for place, parcel in enumerate(chunk):
            if self.over:
                break
            if time.monotonic() - self._looked_at > LOOK_SECONDS:
                going = self._look(chunk[place:])
            if parcel.key in going:
                self._send_one(parcel)
                sent += 1
        self._flush()
        self._lane.rotate()
        pace = sent / max(time.monotonic() - began, 0.001)
        self._chunk = max(1, min(claims.WINDOW, int(pace * LOOK_SECONDS)))

    def _look(self, parcels: list[Parcel]) -> set[Key]:
        if self._crew.lease.left < self._crew.lease.seconds / 2:
            self._renew()
        hashes = {parcel.key: parcel.address_hash for parcel in parcels}
        with transaction(self._crew.sessions) as session:
            going = claims.mark_sending(session, hashes, owner=self._crew.owner, now=self._crew.clock())
        self._looked_at = time.monotonic()
        return going

    def _send_one(self, parcel: Parcel) -> None:
        gate = Gate(
            before=lambda: self._before_dot(parcel.key),
            withdrawn=lambda: self._crew.journal.no_dot(parcel.key),
        )
        try:
            result = self._lane.send(parcel.envelope, parcel.raw, gate=gate)
        except RelayUnusable as error:
            reply = error.reply
            self._close_relay(str(error), rest=classify(Phase.HELO, reply).rest if reply else None)
            return
        outcome = fate_of(
            parcel.message,
            result,
            address_hash=parcel.address_hash,
            now=self._crew.clock(),
            dice=random.random(),  # noqa: S311  # jitter, not a secret
        )
        self._unwritten.append(outcome)
        self._crew.journal.outcome(outcome)
        if result.verdict.rest is not None:
            self._close_relay(problem_of(result), rest=result.verdict.rest)
        if time.monotonic() - self._flushed_at > FLUSH_SECONDS:
            self._flush()

    def _before_dot(self, key: Key) -> None:
        # Written first, checked second: frozen in between, this sender will find its lease ended.
        self._crew.journal.dot(key)
        if self._crew.lease.left < MARGIN_SECONDS:
            self._crew.journal.no_dot(key)
            raise LeaseLost

    def _while_waiting(self) -> float | None:
        if self._crew.lease.left < self._crew.lease.seconds / 2:
            self._renew()
        return STOP_SECONDS if self._crew.stop() else None

    def _renew(self) -> None:
        lease = self._crew.lease
        if lease.left <= 0:
            return
        asked = lease.begin()
        try:
            with transaction(self._crew.sessions) as session:
                if claims.renew(session, owner=self._crew.owner, seconds=lease.seconds):
                    lease.granted(asked)
        except OperationalError as error:
            # The lease simply ends if the database stays away.
            log.warning("The lease could not be renewed (%s).", type(error.orig).__name__)

    def _flush(self) -> None:
        """Write what happened; while the database is away, wait for it with the outcomes in hand."""
        self._flushed_at = time.monotonic()
        if not self._unwritten:
            return
        for wait in (*_RECORD_WAITS, None):
            try:
                with transaction(self._crew.sessions) as session:
                    self._record(session, self._unwritten)
                    self._praise_relay(session)
                break
            except OperationalError:
                if wait is None:
                    raise
                time.sleep(wait)
        self._count(self._unwritten)
        self._unwritten = []
        self._crew.journal.clear()

    def _count(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            self.counts[outcome.state] = self.counts.get(outcome.state, 0) + 1

    def _record(self, session: Session, outcomes: list[Outcome]) -> None:
        record(session, outcomes, owner=self._crew.owner, relay=self._crew.relay_name)

    def _praise_relay(self, session: Session) -> None:
        """Say once per shift that a message got through, which ends what was wrong with the relay."""
        sent = any(each.state is MessageState.SENT for each in self._unwritten)
        if sent and not self._praised and not self.problem:
            relays.worked(session, self._crew.relay_name, now=self._crew.clock())
            self._praised = True

    def _close_relay(self, problem: str, *, rest: timedelta | None) -> None:
        self.problem = problem
        log.warning("The relay rests: %s", problem)
        with transaction(self._crew.sessions) as session:
            relays.close(
                session,
                self._crew.relay_name,
                problem=problem,
                now=self._crew.clock(),
                dice=random.random(),  # noqa: S311  # jitter, not a secret
                rest=rest,
            )

    def _give_back(self, keys: set[Key]) -> None:
        """Return what has no outcome; those that have are not ours any more."""
        with transaction(self._crew.sessions) as session:
            claims.give_back(session, keys, owner=self._crew.owner, now=self._crew.clock())
