"""How fast mail may go under a limit: a token bucket that slows down at once and creeps up again. Pure.

`throttle.lua` does the same sums in Redis, in Redis' time; a test plays random histories to both.
All times are seconds on one clock, all rates messages per second.
"""

import math
from dataclasses import dataclass, replace

#: A bucket holds what may go in so many seconds: short, so that a limit is kept over every stretch of time.
BURST_SECONDS = 0.5
#: What went through is averaged over about so long.
FLOW_SECONDS = 5.0
#: However often a receiver says "slower", one message in ten seconds still asks.
FLOOR = 0.1
#: Replies to what was under way when the first "slower" came are no second one.
HOLD_SECONDS = 2.0
#: From nothing to the whole limit again, while mail goes through.
RECOVERY_SECONDS = 240.0
#: The least step up, in messages per second per second.
LEAST_STEP = 0.05
#: A limit nobody configured is dropped at twice what once went through, and not below this.
LEAST_LIFT = 5.0
#: A silence longer than this counts no further towards creeping up.
LONGEST_STEP_SECONDS = 15.0
#: Rounding must not keep a whole token from being whole.
_EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit at one moment. `top` is the configured rate, 0 where there is none."""

    rate: float
    tokens: float
    at: float
    top: float = 0.0
    #: Messages that went through lately, fading: divided by FLOW_SECONDS a rate.
    flow: float = 0.0
    #: Where a slowed limit is at its height again; `top` where there is one.
    lift: float = 0.0
    #: When it was first slowed; None while it runs at `top`.
    slowed_at: float | None = None
    #: When it was last slowed, and last crept up.
    cut_at: float = 0.0
    crept_at: float = 0.0

    @property
    def is_needed(self) -> bool:
        """Whether it limits anything: configured, or still slowed."""
        return self.top > 0 or self.slowed_at is not None


def begin(*, top: float, rate: float, lift: float, now: float) -> Limit:
    """Make a limit that starts with an empty bucket: whoever lost the old one must not gain by it."""
    slowed = not top or rate < top
    return Limit(
        rate=rate,
        tokens=0.0,
        at=now,
        top=top,
        lift=top or lift,
        slowed_at=now if slowed else None,
        cut_at=now if slowed else 0.0,
        crept_at=now,
    )


def unlimited(*, flow: float, now: float) -> Limit:
    """Make what is cut where there was no limit before."""
    return Limit(rate=flow, tokens=0.0, at=now, crept_at=now)


def advance(limit: Limit, *, now: float, accepted: int = 0, returned: int = 0) -> Limit:
    """Let time pass, and mail go through: tokens drip in, a slowed limit creeps up."""
    now = max(now, limit.at)
    gone = now - limit.at
    tokens = min(capacity(limit.rate), limit.tokens + gone * limit.rate + returned)
    flow = limit.flow * math.exp(-gone / FLOW_SECONDS) + accepted
    rate, slowed_at, crept_at = limit.rate, limit.slowed_at, limit.crept_at
    if slowed_at is not None and accepted > 0:
        rate += step(limit.lift) * min(max(now - crept_at, 0.0), LONGEST_STEP_SECONDS)
        crept_at = now
        if rate >= limit.lift:
            rate, slowed_at = limit.lift, None
    return Limit(rate, tokens, now, limit.top, flow, limit.lift, slowed_at, limit.cut_at, crept_at)


def take(limit: Limit, want: int) -> tuple[Limit, int]:
    """Take up to so many whole tokens; return how many there were."""
    taken = min(want, whole(limit.tokens))
    return replace(limit, tokens=limit.tokens - taken), taken


def wait(limit: Limit) -> float:
    """Return the seconds until the next message may go."""
    return max(0.0, (1.0 - limit.tokens) / limit.rate)


def cut(limit: Limit, *, now: float, flow: float, rest: float = 0.0) -> Limit:
    """Slow to half of what was really going through, and let nothing go for `rest` seconds.

    `flow` is the caller's own estimate, for a limit that has not counted for long enough.
    """
    now = max(now, limit.at)
    if limit.slowed_at is not None and now - limit.cut_at < HOLD_SECONDS:
        return replace(limit, tokens=min(limit.tokens, -rest * limit.rate)) if rest else limit
    measured = limit.flow * math.exp(-(now - limit.at) / FLOW_SECONDS) / FLOW_SECONDS
    knows = limit.slowed_at is not None and now - limit.slowed_at >= FLOW_SECONDS
    through = measured if knows else max(measured, flow)
    lift = limit.top or max(limit.lift, 2 * through, LEAST_LIFT)
    rate = halved(limit.rate, through, top=limit.top)
    return Limit(
        rate=rate,
        tokens=-rest * rate,
        at=now,
        top=limit.top,
        flow=measured * FLOW_SECONDS,
        lift=lift,
        slowed_at=limit.slowed_at if limit.slowed_at is not None else now,
        cut_at=now,
        crept_at=now,
    )


def capacity(rate: float) -> float:
    return max(1.0, rate * BURST_SECONDS)


def step(lift: float) -> float:
    return max(LEAST_STEP, lift / RECOVERY_SECONDS)


def halved(rate: float, through: float, *, top: float) -> float:
    floor = min(FLOOR, top) if top else FLOOR
    return max(floor, min(rate, through) / 2)


def whole(tokens: float) -> int:
    return max(0, math.floor(tokens + _EPSILON))


class Meters:
    """What one process sees go through, by name, fading over FLOW_SECONDS."""

    def __init__(self, most: int = 5_000) -> None:
        self._most = most
        #: (count, when it was counted)
        self._counts: dict[str, tuple[float, float]] = {}

    def add(self, name: str, now: float) -> None:
        if name not in self._counts and len(self._counts) >= self._most:
            self._drop_still_ones(now)
        self._counts[name] = (self._faded(name, now) + 1.0, now)

    def rate(self, name: str, now: float) -> float:
        return self._faded(name, now) / FLOW_SECONDS

    def __len__(self) -> int:
        return len(self._counts)

    def _faded(self, name: str, now: float) -> float:
        count, at = self._counts.get(name, (0.0, now))
        return count * math.exp(-(now - at) / FLOW_SECONDS)

    def _drop_still_ones(self, now: float) -> None:
        """Readers have any number of domains; memory is for those that mail goes to now."""
        recent = {name: (n, at) for name, (n, at) in self._counts.items() if now - at < 2 * FLOW_SECONDS}
        self._counts = recent if len(recent) < self._most else {}
