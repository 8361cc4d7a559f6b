"""Which of the messages that were just composed go through which relay now, and which must wait.

Relays get their shares by weight as far as they have room: a slow one fills up and takes no more, and the
others go on. Limits per relay and per recipient domain are asked once per relay and window.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from service.delivery.claims import Key
from service.delivery.orders import HELD_FOR, Orders
from service.delivery.parcels import Parcel
from service.delivery.routing import Router
from service.delivery.throttle import Throttle

#: However long the queue of a slow domain: whoever waits is looked at again after this.
LONGEST_WAIT = timedelta(minutes=10)
#: A message that is to try a relay which rests is looked at again after this.
UNUSABLE_WAIT = timedelta(seconds=5)
#: The key in a message's details that names the one relay it may go through.
ONLY_RELAY = "relay"


@dataclass(slots=True)
class Allotted:
    """One window: what goes where now, and when to look again at the rest."""

    ready: dict[str, list[Parcel]] = field(default_factory=dict)
    later: dict[Key, datetime] = field(default_factory=dict)


class Allotment:
    """Shares messages out; one per sender."""

    def __init__(self, router: Router, throttle: Throttle | None, orders: Orders) -> None:
        self._router, self._throttle, self._orders = router, throttle, orders
        #: Until when the messages to a domain that wait already have places.
        self._queues: dict[str, datetime] = {}
        #: How many a relay was granted when it was granted less than was asked for.
        self._caps: dict[str, int] = {}

    def room(self, relay: str, wanted: int) -> int:
        """Return how many messages are worth taking for a relay: no more than its limit lets through."""
        return min(wanted, self._caps.get(relay, wanted))

    def allot(
        self,
        parcels: Sequence[Parcel],
        rooms: Mapping[str, int],
        *,
        usable: Collection[str] = (),
        now: datetime,
    ) -> Allotted:
        """Share these out among relays with room; a message that finds none is due again at once.

        A message that is to try one relay goes there or waits, even where it would only stand in.
        """
        found = Allotted()
        left = dict(rooms)
        for parcel in parcels:
            if parcel.domain in self._orders.held_domains:
                found.later[parcel.key] = now + HELD_FOR
                continue
            only = parcel.message.details.get(ONLY_RELAY)
            if only is not None:
                if only in usable:
                    found.ready.setdefault(only, []).append(parcel)
                else:
                    found.later[parcel.key] = now + UNUSABLE_WAIT
                continue
            relay = self._router.choose({label for label, room in left.items() if room > 0})
            if relay is None:
                found.later[parcel.key] = now
                continue
            left[relay] -= 1
            found.ready.setdefault(relay, []).append(parcel)
        if self._throttle is not None:
            for relay, mine in found.ready.items():
                found.ready[relay] = self._within_limits(self._throttle, relay, mine, found, now=now)
        return found

    def unused(self, relay: str, parcels: Sequence[Parcel]) -> None:
        """Give back what was granted to messages that do not go out after all."""
        if self._throttle is not None:
            for domain, n in Counter(parcel.domain for parcel in parcels).items():
                self._throttle.give_back(relay, domain, n)

    def _within_limits(
        self, throttle: Throttle, relay: str, parcels: list[Parcel], found: Allotted, *, now: datetime
    ) -> list[Parcel]:
        grant = throttle.grant(relay, Counter(parcel.domain for parcel in parcels))
        if not grant.wait:
            if relay in self._caps:
                self._caps[relay] *= 2
                if self._caps[relay] > len(parcels) * 4:
                    del self._caps[relay]
            return parcels
        going: list[Parcel] = []
        free: defaultdict[str, int] = defaultdict(int, grant.now)
        for parcel in parcels:
            if free[parcel.domain] > 0:
                free[parcel.domain] -= 1
                going.append(parcel)
            else:
                found.later[parcel.key] = self._place(parcel.domain, grant.wait[parcel.domain], now=now)
        self._caps[relay] = max(1, len(going))
        return going

    def _place(self, domain: str, seconds: float, *, now: datetime) -> datetime:
        """Queue one more message of a domain behind those that wait: each is taken up about once."""
        after = max(now, self._queues.get(domain, now))
        place = min(after + timedelta(seconds=seconds), now + LONGEST_WAIT)
        self._queues[domain] = place
        return place
