"""What one sender counts for the breakers; nothing is written while all is well.

Successes are kept too, so that a share is a share; they are written together with the next error.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from service.delivery.breakers import ErrorLimit, OutcomeCounts, count
from service.delivery.outcomes import Outcome
from service.delivery.replies import Kind, Phase, Reply, Verdict
from service.delivery.slowing import Way, who_slows

#: Senders of one mailing that count errors lock its row: this often each, and not for every window.
WRITE_SECONDS = 1.0
#: As relays.SHARE_WINDOW: successes older than that thin out no error.
CLEAN_SECONDS = 60.0


class MailingCounts:
    """Outcomes by mailing, for `breakers.note`."""

    def __init__(self, limit: ErrorLimit | None = None) -> None:
        self._limit = limit or ErrorLimit()
        self._counts: dict[int, OutcomeCounts] = {}
        self._written_at = float("-inf")

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count a window."""
        for mailing_id, counts in count(outcomes).items():
            total = self._counts.get(mailing_id, OutcomeCounts()) + counts
            if not total.errors and total.outcomes > self._limit.memory:
                total = OutcomeCounts(self._limit.memory)
            self._counts[mailing_id] = total

    def sent(self, mailing_id: int, n: int) -> None:
        """Count so many successes."""
        total = self._counts.get(mailing_id, OutcomeCounts()) + OutcomeCounts(n)
        if not total.errors and total.outcomes > self._limit.memory:
            total = OutcomeCounts(self._limit.memory)
        self._counts[mailing_id] = total

    def take(self, now: float) -> dict[int, OutcomeCounts]:
        """Return what should be noted now, which is then forgotten here; `now` is on a monotonic clock."""
        bad = {key: each for key, each in self._counts.items() if each.errors}
        urgent = any(self._limit.is_passed(each) for each in bad.values())
        if not bad or (now - self._written_at < WRITE_SECONDS and not urgent):
            return {}
        self._written_at = now
        for key in bad:
            del self._counts[key]
        return bad


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a relay was tried, and how often it was to blame for a failure."""

    tries: int = 0
    errors: int = 0


class RelayCounts:
    """Tries by relay, for `relays.note`."""

    def __init__(self) -> None:
        self._counts: dict[str, Tries] = {}
        self._since: dict[str, float] = {}

    def heard(self, relay: str, *, phase: Phase, verdict: Verdict, reply: Reply | None, now: float) -> None:
        """Count one message's end."""
        if now - self._since.setdefault(relay, now) > CLEAN_SECONDS:
            self._since[relay] = now
            self._counts.pop(relay, None)
        known = self._counts.get(relay, Tries())
        error = is_relay_error(phase, verdict, reply)
        self._counts[relay] = Tries(known.tries + 1, known.errors + int(error))

    def passed(self, relay: str, n: int, *, now: float) -> None:
        """Count so many messages that the relay took."""
        if now - self._since.setdefault(relay, now) > CLEAN_SECONDS:
            self._since[relay] = now
            self._counts.pop(relay, None)
        known = self._counts.get(relay, Tries())
        self._counts[relay] = Tries(known.tries + n, known.errors)

    def take(self) -> dict[str, Tries]:
        """Return what should be noted now, which is then forgotten here."""
        bad = {relay: each for relay, each in self._counts.items() if each.errors}
        for relay in bad:
            del self._counts[relay]
        return bad


def is_relay_error(phase: Phase, verdict: Verdict, reply: Reply | None) -> bool:
    """Say whether the relay is to blame: it refuses us, is busy or closing, or was lost."""
    if verdict.kind is Kind.REFUSED or reply is None:
        return True
    return verdict.kind is Kind.UNKNOWN or who_slows(phase, verdict, reply) is Way.RELAY
