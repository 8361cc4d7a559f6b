"""Shares by weight among relays that keep up: who is ahead of his share waits, but for no slow one. Pure."""

from collections import Counter
from collections.abc import Collection, Mapping

#: Messages that a relay may be ahead of its share.
SLACK = 16
#: A relay with work in hand that is slower than this part of the quickest does not keep up.
SLOW = 0.25
#: How quick a relay is, is judged over so many seconds.
JUDGED_SECONDS = 0.25


class Fairness:
    """Counts what each relay was given; begins anew whenever another set of relays keeps up.

    Without it weights meant nothing while there was more to send than relays could take: of relays of weight
    3 and 1 that are equally quick, each took what it could, and 71 mails of 120 went to the first.
    """

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = {label: weight for label, weight in weights.items() if weight > 0}
        self._given: Counter[str] = Counter()
        self._sent: Counter[str] = Counter()
        self._slow: frozenset[str] = frozenset()
        self._sharing: frozenset[str] = frozenset()
        self._judged_at: float | None = None

    def gave(self, relay: str, count: int) -> None:
        """Note messages that a relay was given."""
        self._given[relay] += count

    def sent(self, relay: str) -> None:
        """Note a message that a relay has taken over."""
        self._sent[relay] += 1

    def look(self, there: Collection[str], busy: Collection[str], *, now: float) -> None:
        """See which relays are there with connections, and which of them have work in hand."""
        if self._judged_at is None:
            self._judged_at = now
        elif now - self._judged_at >= JUDGED_SECONDS:
            quickest = max(self._sent.values(), default=0)
            self._slow = frozenset(label for label in busy if self._sent[label] < quickest * SLOW)
            self._sent.clear()
            self._judged_at = now
        sharing = frozenset(label for label in there if label in self._weights) - self._slow
        if sharing != self._sharing:
            self._sharing = sharing
            self._given.clear()

    def room(self, relay: str, wanted: int) -> int:
        """Return how many of these a relay may be given now."""
        if relay not in self._sharing:
            return wanted
        weight = self._weights[relay]
        share = min(self._given[other] * weight / self._weights[other] for other in self._sharing)
        return max(0, min(wanted, int(share + SLACK - self._given[relay])))
