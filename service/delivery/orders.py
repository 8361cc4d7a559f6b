"""What a sender knows of operators' limits, and which mailings must wait because of them."""

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from service.delivery import operator_limits
from service.delivery.due import Due
from service.delivery.models import Stream
from service.delivery.throttle import Throttle

#: An operator's word is known here after this long.
LOOK_SECONDS = 0.25
#: However slow a mailing may go, it is asked again after this: its limit may have been lifted.
LONGEST_REST = 1.0
#: Messages to a held domain are looked at again after this: long, because each look moves a row.
HELD_FOR = timedelta(minutes=5)
_DOMAIN, _MAILING = "domain:", "mailing:"


class Orders:
    """One sender's view; limits on relays and domains are handed to its throttle."""

    def __init__(self, throttle: Throttle | None) -> None:
        self._throttle = throttle
        self._looked_at = float("-inf")
        self._limited: set[int] = set()
        self._limits_all = False
        #: Mailings that wait, with the monotonic time until which.
        self._resting: dict[int, float] = {}
        self.held_domains: frozenset[str] = frozenset()

    def refresh(self, session: Session) -> None:
        """See in the caller's transaction what operators have ordered."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        rates = operator_limits.rates(session)
        held = {name for name, rate in rates.items() if not rate}
        self.held_domains = frozenset(name.removeprefix(_DOMAIN) for name in held if name.startswith(_DOMAIN))
        limits = {name: rate for name, rate in rates.items() if rate}
        self._limits_all = operator_limits.ALL in limits
        self._limited = {int(name.removeprefix(_MAILING)) for name in limits if name.startswith(_MAILING)}
        if self._throttle is not None:
            self._throttle.obey(limits)

    def resting(self) -> list[int]:
        """Return the mailings that nothing is taken from just now."""
        now = time.monotonic()
        self._resting = {key: until for key, until in self._resting.items() if until > now}
        return list(self._resting)

    @property
    def rest(self) -> float:
        """The monotonic time when the first of them may go on; 0 while none rests."""
        return min(self._resting.values(), default=0.0)

    def within(self, rows: Sequence[Due]) -> list[Due]:
        """Return those that may be taken now; the mailings of the others rest. Confirmations always may."""
        if self._throttle is None or not (self._limits_all or self._limited):
            return list(rows)
        wants = Counter(row.mailing_id for row in rows if self._is_limited(row))
        if not wants:
            return list(rows)
        grant = self._throttle.grant_mailings(wants)
        now = time.monotonic()
        for mailing_id, seconds in grant.wait.items():
            self._resting[mailing_id] = now + min(seconds, LONGEST_REST)
        free: defaultdict[int, int] = defaultdict(int, grant.now)
        going = []
        for row in rows:
            if self._is_limited(row):
                free[row.mailing_id] -= 1
                if free[row.mailing_id] < 0:
                    continue
            going.append(row)
        return going

    def _is_limited(self, row: Due) -> bool:
        bulk = row.stream is not Stream.TRANSACTIONAL
        return (self._limits_all and bulk) or row.mailing_id in self._limited
