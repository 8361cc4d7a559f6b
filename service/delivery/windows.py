"""Windows: a sender takes what is due next, composed and marked, in one transaction."""

import logging
import time
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from service.db import transaction
from service.delivery import claims, suppression
from service.delivery.allotment import Allotment
from service.delivery.book import Book
from service.delivery.claims import Key
from service.delivery.due import Due
from service.delivery.fates import fates_of_broken
from service.delivery.models import MessageState, Stream
from service.delivery.orders import Orders
from service.delivery.outcomes import Outcome, record
from service.delivery.parcels import Packed, Parcel, key_of, pack
from service.delivery.ports import Prepare, Signer
from service.delivery.watch import Watch

log = logging.getLogger(__name__)

#: The mails of one window together; those of a mailing that nobody has seen yet come one at first.
MOST_BYTES = 16 * 1024 * 1024
#: What was given back, or became due behind the place we had reached, is found after this long.
REWIND_SECONDS = 1.0


class Windows:
    """Takes window after window from streams that take turns."""

    def __init__(
        self,
        book: Book,
        prepare: Prepare,
        allotment: Allotment,
        orders: Orders,
        *,
        signer: Signer | None,
        streams: Sequence[Stream],
    ) -> None:
        self._book, self._prepare, self._signer = book, prepare, signer
        self._allotment, self._orders = allotment, orders
        #: Nothing but what must wait was found: nothing is asked before this monotonic time.
        self._quiet_until = 0.0
        self._turns = deque(streams)
        self._places: dict[int, tuple[datetime, int]] = {}
        self._rewound_at = self._looked_at = 0.0
        #: Bytes of the last mail of each mailing.
        self._sizes: dict[int, int] = {}
        #: Whether the last look found nothing.
        self.dry = False
        self.taken = 0

    def any_due(self) -> bool:
        """Say whether a connection is worth opening."""
        with transaction(self._book.sessions) as session:
            return any(
                claims.pick(session, stream, limit=1, now=self._book.clock(), after={})
                for stream in self._turns
            )

    def room(self, relay: str, wanted: int) -> int:
        """Return how many messages are worth taking for a relay."""
        return 0 if time.monotonic() < self._quiet_until else self._allotment.room(relay, wanted)

    def unused(self, relay: str, parcels: Sequence[Parcel]) -> None:
        """Give back what these messages had been granted."""
        self._allotment.unused(relay, parcels)

    def take(self, limit: int, rooms: Mapping[str, int], watch: Watch) -> dict[str, list[Parcel]]:
        """Take up to so many messages and write down what became of those before; commit.

        Return them by relay, none of which gets more than its room.

        :raises KeyUnusable: they cannot be signed, and none should be sent.
        """
        book = self._book
        book.journal.write_out()
        asked = book.lease.begin()
        with transaction(book.sessions) as session:
            book.write(session)
            watch.refresh(session)
            self._orders.refresh(session)
            open_rooms = {label: room for label, room in rooms.items() if label in watch.usable}
            rows = self._not_ours(self._pick(session, limit)) if open_rooms else []
            taken = self._begin(session, rows, open_rooms, watch.usable) if rows else {}
        book.written()
        self._quiet_until = 0.0 if rows else self._orders.rest
        self.dry = not rows and bool(open_rooms) and not self._quiet_until
        keys = [parcel.key for parcels in taken.values() for parcel in parcels]
        book.take(keys, asked_at=asked, looked_at=self._looked_at)
        self.taken += len(rows)
        return taken

    def _not_ours(self, rows: list[Due]) -> list[Due]:
        """Leave what we still hold: somebody has taken it from us, so our lease is over."""
        free = [row for row in rows if key_of(row) not in self._book.held]
        if len(free) < len(rows):
            self._book.lease.end()
        return free

    def _pick(self, session: Session, limit: int) -> list[Due]:
        now = time.monotonic()
        if now - self._rewound_at > REWIND_SECONDS:
            self._rewound_at = now
            self._places.clear()
        rows = self._next(session, limit)
        if not rows and self._places:
            self._places.clear()
            rows = self._next(session, limit)
        return self._orders.within(self._fitting(rows))

    def _next(self, session: Session, limit: int) -> list[Due]:
        """Pick from the first stream that has something; they take turns."""
        for _ in range(len(self._turns)):
            self._turns.rotate(-1)
            rows = claims.pick(
                session,
                self._turns[-1],
                limit=limit,
                now=self._book.clock(),
                after=self._places,
                resting=self._orders.resting(),
            )
            if rows:
                return rows
        return []

    def _fitting(self, rows: list[Due]) -> list[Due]:
        """Leave what would take too much memory; whatever it is, one always fits."""
        total = 0
        for place, row in enumerate(rows):
            size = self._sizes.get(row.mailing_id, MOST_BYTES)
            if place and total + size > MOST_BYTES:
                return rows[:place]
            total += size
        return rows

    def _begin(
        self, session: Session, rows: list[Due], rooms: Mapping[str, int], usable: Collection[str]
    ) -> dict[str, list[Parcel]]:
        book = self._book
        now = book.clock()
        book.journal.composing(key_of(row) for row in rows)
        packed = pack(self._prepare, rows, signer=self._signer, now=now)
        book.journal.composed()
        for row in rows:
            self._places[row.mailing_id] = (row.due_at, row.id)
        for parcel in packed.parcels:
            self._sizes[parcel.message.mailing_id] = len(parcel.raw)
        allotted = self._allotment.allot(packed.parcels, rooms, usable=usable, now=now)
        claims.postpone(session, allotted.later)
        hashes = {
            parcel.key: parcel.address_hash for parcels in allotted.ready.values() for parcel in parcels
        }
        self._looked_at = time.monotonic()
        going = claims.begin(session, hashes, owner=book.owner, seconds=book.lease.seconds, now=now)
        left = {key: hashes[key] for key in hashes.keys() - going}
        self._settle(session, packed, suppression.of_messages(session, left), now=now)
        for relay, parcels in allotted.ready.items():
            if left:
                self._allotment.unused(relay, [each for each in parcels if each.key in left])
            allotted.ready[relay] = [each for each in parcels if each.key in going]
        return allotted.ready

    def _settle(self, session: Session, packed: Packed, refused: set[Key], *, now: datetime) -> None:
        """Record what will not be sent: it is taken for an instant, so that the same rules hold for it."""
        book = self._book
        outcomes = packed.settled + fates_of_broken(session, packed.broken, now=now)
        outcomes += [
            Outcome(*key, state=MessageState.SKIPPED, at=now, reason="suppressed") for key in sorted(refused)
        ]
        if outcomes:
            keys = [(each.mailing_id, each.message_id) for each in outcomes]
            claims.seize(session, keys, owner=book.owner, now=now)
            record(session, outcomes, owner=book.owner)
            book.counts.update(outcome.state for outcome in outcomes)
