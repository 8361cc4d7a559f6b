"""How much may go where right now: limits per relay and per recipient domain, shared by all workers.

Where no limit is in force nothing is asked, but for a look every few seconds. A worker that cannot reach
Redis goes on with its own part of each limit: slower, never faster. One thread sends with one Throttle;
`snapshot` is for any.
"""

import math
import os
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from service.delivery import pace
from service.delivery.limit_view import LimitView, view_of
from service.delivery.operator_limits import ALL, mailing_name
from service.delivery.own_part import OwnPart, part_of
from service.delivery.pace import Limit, Meters
from service.delivery.replies import Kind, Phase, Reply, Verdict
from service.delivery.shared_limits import PREFIX, Ask, Away, SharedLimits
from service.delivery.slowing import Way, rest_seconds, who_slows

#: How soon a limit that another worker met is known here.
LOOK_SECONDS = 2.0
#: A worker that was counted is believed in for so long, whatever Redis remembers.
BELIEVED_SECONDS = 60.0
_EVERY_OTHER = "*"

_Of = TypeVar("_Of", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Grant(Generic[_Of]):
    """How many messages to each domain, or of each mailing, may go now; the seconds until more may."""

    now: dict[_Of, int]
    #: Of those that were refused some.
    wait: dict[_Of, float] = field(default_factory=dict)


class Throttle:
    """Grants, and listens to what comes of it."""

    def __init__(
        self,
        redis_url: str,
        *,
        relay_rates: Mapping[str, float],
        domain_rates: Mapping[str, float],
        least_workers: int = 1,
        prefix: str = PREFIX,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shared = SharedLimits(redis_url, prefix=prefix, clock=clock)
        self._relay_rates, self._domain_rates = dict(relay_rates), dict(domain_rates)
        self._has_tops = bool(self._relay_rates or self._domain_rates)
        #: What operators have set, by name.
        self._ordered: Mapping[str, float] = {}
        self._clock = clock
        self._id = uuid.uuid4().hex
        self._least_workers = max(1, least_workers)
        self._workers, self._workers_until = self._least_workers, 0.0
        self._epoch = ""
        self._look_at = 0.0
        #: (rate, lift) of limits known to be slowed.
        self._slowed: dict[str, tuple[float, float]] = {}
        self._own = OwnPart()
        self._accepted: defaultdict[str, int] = defaultdict(int)
        self._returned: defaultdict[str, int] = defaultdict(int)
        self._meters = Meters()
        self._cut_at: dict[str, float] = {}
        self._untold: dict[str, tuple[float, float, str]] = {}

    def obey(self, rates: Mapping[str, float]) -> None:
        """Learn what operators have set, by name; it goes no faster than the settings allow either."""
        self._ordered = rates

    def grant(self, relay: str, wants: Mapping[str, int]) -> Grant[str]:
        """Say how many messages to each domain may go through this relay now."""
        return self._grant(_name(Way.RELAY, relay), wants, _domain)

    def grant_mailings(self, wants: Mapping[int, int]) -> Grant[int]:
        """Say how many messages of each mailing may go now, within the limit over all of them."""
        return self._grant(ALL, wants, mailing_name)

    def _grant(self, whole: str, wants: Mapping[_Of, int], name_of: Callable[[_Of], str]) -> Grant[_Of]:
        self._look()
        if not self._slowed and not self._has_tops and not self._ordered:
            return Grant(dict(wants))
        names = [name for name in (whole, *map(name_of, wants)) if self._is_limited(name)]
        if not names:
            return Grant(dict(wants))
        places = {name: place for place, name in enumerate(names, start=1)}
        domains = [(places.get(name_of(each), 0), want) for each, want in wants.items()]
        relay_place = places.get(whole, 0)
        asks = [self._ask(name) for name in names]
        try:
            self._tell()
            answer = self._shared.grant(asks, relay_place, domains)
        except Away:
            granted = self._own.grant(
                {name: part_of(self._rate(name), self._workers) for name in names},
                relay_place,
                domains,
                returned={ask.name: ask.returned for ask in asks},
                now=self._clock(),
            )
        else:
            granted = answer.granted
            self._own.forget()
            for name in names:
                self._accepted.pop(name, None)
                self._remember(name, answer.slowed.get(name))
        for name in names:
            self._returned.pop(name, None)
        pairs = list(zip(wants.items(), granted, strict=True))
        return Grant(
            {each: n for (each, _), (n, _) in pairs},
            {each: pause for (each, want), (n, pause) in pairs if n < want},
        )

    def give_back(self, relay: str, domain: str, n: int = 1) -> None:
        """Return what was granted and not used; it counts with the next grant."""
        for name in (_name(Way.RELAY, relay), _domain(domain)):
            if self._is_limited(name):
                self._returned[name] += n

    def heard(
        self, relay: str, domain: str, *, phase: Phase, verdict: Verdict, reply: Reply | None = None
    ) -> None:
        """Learn from how a message ended; `domain` is "" for what was said before any recipient."""
        relay_name, domain_name = _name(Way.RELAY, relay), _domain(domain)
        if verdict.kind is Kind.ACCEPTED:
            now = self._clock()
            for name in (relay_name, domain_name):
                self._meters.add(name, now)
                if name in self._slowed or self._top(name):
                    self._accepted[name] += 1
            return
        way = who_slows(phase, verdict, reply)
        if way is Way.RELAY:
            self._slow(relay_name, reply)
        elif way is Way.DOMAIN and domain:
            self._slow(domain_name, reply)

    def believe(self, workers: int) -> None:
        """Learn how many workers are alive, from Redis or from rows: limits are divided so without Redis."""
        now = self._clock()
        if workers >= self._workers or now > self._workers_until:
            self._workers = max(workers, self._least_workers)
            self._workers_until = now + BELIEVED_SECONDS

    def snapshot(self) -> list[LimitView]:
        """Return every configured limit and every slowed one, as this process knows them if Redis is away."""
        tops = {_name(Way.RELAY, label): rate for label, rate in self._relay_rates.items()}
        tops |= {_domain(name): rate for name, rate in self._domain_rates.items() if name != _EVERY_OTHER}
        try:
            found = self._shared.describe(list(tops))
        except Away:
            found = {name: {"rate": str(rate)} for name, (rate, _) in self._slowed.copy().items()}
        names = sorted(name for name in {*tops, *found} if name.partition(":")[0] in set(Way))
        return [view_of(name, found.get(name, {}), top=self._top(name)) for name in names]

    def close(self) -> None:
        """Leave the connection to Redis."""
        self._shared.close()

    def _look(self) -> None:
        """Every few seconds: give a sign of life, tell what could not be told, learn what others met."""
        now = self._clock()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        try:
            greeting = self._shared.hello(f"{os.getpid()}:{self._id}")
            if self._epoch not in {"", greeting.epoch}:
                # Redis lost everything: what we remember is put back, starting with empty buckets.
                for name, (rate, lift) in self._slowed.items():
                    self._shared.grant([Ask(name, self._top(name), rate, lift)], 0, [])
            else:
                self._slowed = dict(greeting.slowed)
            self._epoch = greeting.epoch
            self._tell()
        except Away:
            return
        self.believe(greeting.workers)

    def _tell(self) -> None:
        """Slow in Redis what was slowed here while Redis was away, before its answers are believed again."""
        for name, (flow, rest, why) in list(self._untold.items()):
            self._remember(name, self._shared.cut(self._ask(name), flow=flow, rest=rest, why=why))
            del self._untold[name]

    def _slow(self, name: str, reply: Reply | None) -> None:
        now, rest = self._clock(), rest_seconds(reply)
        if not rest and now - self._cut_at.get(name, -math.inf) < pace.HOLD_SECONDS:
            return
        self._cut_at[name] = now
        flow = self._meters.rate(name, now) * self._workers
        why = f"{reply.code} {reply.text}"[:200] if reply is not None else ""
        try:
            self._remember(name, self._shared.cut(self._ask(name), flow=flow, rest=rest, why=why))
        except Away:
            self._untold[name] = (flow, rest, why)
            self._slow_alone(name, flow=flow, rest=rest, now=now)

    def _slow_alone(self, name: str, *, flow: float, rest: float, now: float) -> None:
        rate, lift = self._slowed.get(name, (0.0, 0.0))
        top = self._top(name)
        slower = pace.cut(Limit(rate or top or flow, 0.0, now, top=top, lift=lift), now=now, flow=flow)
        self._slowed[name] = (slower.rate, slower.lift)
        self._own.slow(name, part_of(slower.rate, self._workers), rest=rest, now=now)

    def _ask(self, name: str) -> Ask:
        rate, lift = self._slowed.get(name, (self._top(name), 0.0))
        return Ask(name, self._top(name), rate, lift, self._accepted[name], self._returned[name])

    def _remember(self, name: str, slowed: tuple[float, float] | None) -> None:
        if slowed is None:
            self._slowed.pop(name, None)
        else:
            self._slowed[name] = slowed

    def _is_limited(self, name: str) -> bool:
        return name in self._slowed or self._top(name) > 0

    def _rate(self, name: str) -> float:
        return self._slowed[name][0] if name in self._slowed else self._top(name)

    def _top(self, name: str) -> float:
        """Return the highest rate, by the settings or an operator; 0 where neither says one."""
        tops = [rate for rate in (self._configured(name), self._ordered.get(name, 0.0)) if rate]
        return min(tops, default=0.0)

    def _configured(self, name: str) -> float:
        way, _, subject = name.partition(":")
        if way == Way.RELAY:
            return self._relay_rates.get(subject, 0.0)
        if way != Way.DOMAIN:
            return 0.0
        return self._domain_rates.get(subject) or self._domain_rates.get(_EVERY_OTHER, 0.0)


def _name(way: Way, subject: str) -> str:
    return f"{way.value}:{subject}"


def _domain(domain: str) -> str:
    return f"domain:{domain}"
