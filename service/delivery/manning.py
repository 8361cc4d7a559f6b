"""How many lanes a relay gets, and how many messages: as it has work for, and takes in a moment."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence, Sized

from service.delivery.fairness import Fairness
from service.delivery.fleet import Berth
from service.delivery.watch import Watch
from service.delivery.windows import Windows

#: An unsubscribe holds from its commit on, but for this long.
LOOK_SECONDS = 0.1
_FIRST_WINDOW = 8
#: The next window is taken while so many are left: they go out while the database works.
_LOW_WATER = 8


class Pace:
    """How quick each relay is, told by what it took since the last window."""

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._chunks: dict[str, int] = {}
        self._sent: Counter[str] = Counter()
        self._began_at = time.monotonic()
        self._fairness = Fairness(weights) if len(weights) > 1 else None

    def sent(self, relay: str) -> None:
        self._sent[relay] += 1
        if self._fairness is not None:
            self._fairness.sent(relay)

    def gave(self, relay: str, count: int) -> None:
        """So many messages go to this relay."""
        if self._fairness is not None:
            self._fairness.gave(relay, count)

    def begin(self, now: float) -> None:
        """A window is taken now."""
        self._began_at = now
        self._sent.clear()

    def rooms(
        self,
        berths: Sequence[Berth],
        watch: Watch,
        windows: Windows,
        ready: Mapping[str, Sized],
        *,
        now: float,
    ) -> dict[str, int]:
        """Return how many messages each relay can take up within a look; none while it has enough."""
        rooms = {}
        if self._fairness is not None:
            there = [berth.label for berth in berths if berth.lanes and berth.label in watch.usable]
            self._fairness.look(there, [label for label in there if ready[label]], now=now)
        for berth in berths:
            lanes, label, waiting = len(berth.lanes), berth.label, len(ready[berth.label])
            if not lanes or waiting > max(lanes, _LOW_WATER) or label not in watch.usable:
                continue
            if watch.on_trial(label):
                rooms[label] = 1 - waiting - sum(not lane.idle for lane in berth.lanes)
                continue
            pace = self._sent[label] / max(now - self._began_at, 0.001)
            chunk = max(int(pace * LOOK_SECONDS), self._chunks.get(label, 0) // 2, lanes, _FIRST_WINDOW)
            self._chunks[label] = chunk
            if self._fairness is not None:
                chunk = self._fairness.room(label, chunk)
            rooms[label] = windows.room(label, chunk)
        return {label: room for label, room in rooms.items() if room > 0}


def wanting(berths: Sequence[Berth], watch: Watch, ready: Mapping[str, Sized]) -> list[Berth]:
    """Return the relays that should have one more lane.

    Those of weight 0 only while they stand in, or a message is to try just them.
    """
    usable = [berth for berth in berths if berth.label in watch.usable]
    stand_in = not any(berth.relay.weight > 0 for berth in usable)
    return [
        berth
        for berth in usable
        if (berth.relay.weight > 0 or stand_in or ready[berth.label])
        and not berth.opening
        and len(berth.lanes) < watch.connections(berth.label)
        and not any(lane.idle for lane in berth.lanes)
        and (ready[berth.label] or not berth.lanes)
    ]
