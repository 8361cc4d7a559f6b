"""A worker's own part of each limit, for as long as Redis cannot be asked: slower together, never faster."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from service.delivery import pace
from service.delivery.pace import Limit

#: All workers together stay this far below each limit: one may have joined unseen.
MARGIN = 0.8


def part_of(rate: float, workers: int) -> float:
    """Return what one of so many workers may send of a rate."""
    return rate * MARGIN / workers


class OwnPart:
    """Buckets of this process. They begin empty each time, so that an unsteady Redis gives nothing away."""

    def __init__(self) -> None:
        self._buckets: dict[str, Limit] = {}

    def grant(
        self,
        parts: Mapping[str, float],
        relay: int,
        domains: Sequence[tuple[int, int]],
        *,
        returned: Mapping[str, int],
        now: float,
    ) -> list[tuple[int, float]]:
        """Take tokens as `SharedLimits.grant` does; `parts` are rates in the order of places."""
        names = list(parts)
        for name, part in parts.items():
            self._advance(name, part, returned=returned.get(name, 0), now=now)
        granted = []
        for place, want in domains:
            mine = list(dict.fromkeys(names[n - 1] for n in (relay, place) if n))
            n = min([want, *(pace.whole(self._buckets[name].tokens) for name in mine)])
            for name in mine:
                self._buckets[name], _ = pace.take(self._buckets[name], n)
            pauses = [pace.wait(self._buckets[name]) for name in mine] if n < want else []
            granted.append((n, max(pauses, default=0.0)))
        return granted

    def slow(self, name: str, part: float, *, rest: float, now: float) -> None:
        """Go on with a smaller part, after so many seconds of silence."""
        self._buckets[name] = replace(pace.begin(top=part, rate=part, lift=0.0, now=now), tokens=-rest * part)

    def forget(self) -> None:
        """Redis answers again."""
        self._buckets.clear()

    def _advance(self, name: str, part: float, *, returned: int, now: float) -> None:
        bucket = self._buckets.get(name)
        if bucket is None:
            # What is given back now came from Redis, which may have counted it already.
            self._buckets[name] = pace.begin(top=part, rate=part, lift=0.0, now=now)
        else:
            self._buckets[name] = pace.advance(replace(bucket, rate=part), now=now, returned=returned)
