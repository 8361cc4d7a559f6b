"""One lane by itself: what a session does with a message, without a ledger."""

import select
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from service.delivery.crew import LeaseLost, Result
from service.delivery.due import Due
from service.delivery.lane import Lane
from service.delivery.models import Stream
from service.delivery.parcels import Parcel
from service.delivery.smtp import Deadlines, Envelope, SmtpSession

THEN = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def parcel_of(raw: bytes, *, n: int = 0, to: str = "ann@example.org") -> Parcel:
    message = Due(1, n, Stream.BLAST, "blast", n, n, None, 1, 0, "token", f"id{n}", 0, THEN, THEN, {})
    return Parcel((1, n), message, Envelope("b+token@courier.example", to), raw, b"hash", "example.org")


class OneHand:
    """A crew that hands out a few messages and remembers everything it hears."""

    def __init__(self, parcels: Sequence[Parcel], *, lease_ends_before: int | None = None) -> None:
        self.waiting = list(parcels)
        self.settled_ones: dict[int, Result] = {}
        self.returned_ones: dict[int, Result | None] = {}
        self.dots: list[int] = []
        self.withdrawn_ones: list[int] = []
        self._lease_ends_before = lease_ends_before

    def next_for(self, relay: str, *, busy: bool) -> Parcel | None:
        return self.waiting.pop(0) if self.waiting else None

    def before_dot(self, parcel: Parcel) -> None:
        if self._lease_ends_before == parcel.message.id:
            raise LeaseLost
        self.dots.append(parcel.message.id)

    def holds_lease(self) -> bool:
        return True

    def withdrawn(self, parcel: Parcel) -> None:
        self.withdrawn_ones.append(parcel.message.id)

    def settled(self, relay: str, parcel: Parcel, result: Result) -> None:
        assert parcel.message.id not in self.settled_ones
        self.settled_ones[parcel.message.id] = result

    def write_down(self) -> None:
        pass

    def returned(self, relay: str, parcel: Parcel, loss: Result | None) -> None:
        self.returned_ones[parcel.message.id] = loss


def work(
    session: SmtpSession, crew: OneHand, *, deadlines: Deadlines, seconds: float = 10, **values: int
) -> Lane:
    """Send everything over one session; return its lane, closed politely if it was not broken."""
    lane = Lane(session, crew, relay="relay", deadlines=deadlines, **values)  # type: ignore[arg-type]
    lane.begin()
    ends = time.monotonic() + seconds
    while not lane.closed and not lane.idle and time.monotonic() < ends:
        readable, writable, _ = select.select([lane], [lane] if lane.wire.full else [], [], 0.02)
        if writable:
            lane.writable()
        if readable and not lane.closed:
            lane.readable()
        if time.monotonic() > lane.deadline:
            lane.hang_up("The relay took too long to answer.")
    if not lane.closed:
        lane.quit()
    return lane
