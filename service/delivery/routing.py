"""Which relay a message goes through: shares by weight, failover, the same choice for the same past. Pure."""

from collections.abc import Collection, Mapping


class Router:
    """Smooth weighted round-robin: relays of weight 3 and 1 are chosen as a a b a, never a a a b.

    A relay of weight 0 waits until no other is usable. No clock, no dice.
    """

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = dict(weights)
        self._credit = dict.fromkeys(weights, 0)

    def choose(self, usable: Collection[str]) -> str | None:
        """Return who gets the next message, or None while nobody may be used."""
        there = [label for label in self._weights if label in usable]
        shares = {label: self._weights[label] for label in there if self._weights[label] > 0}
        if not shares:
            shares = dict.fromkeys(there, 1)
        if not shares:
            return None
        for label, weight in shares.items():
            self._credit[label] += weight
        chosen = max(shares, key=self._credit.__getitem__)
        self._credit[chosen] -= sum(shares.values())
        self._forget_absent(shares)
        return chosen

    def share_out(self, count: int, usable: Collection[str]) -> dict[str, int]:
        """Return how many of so many messages each relay gets; empty while nobody may be used."""
        shares: dict[str, int] = {}
        for _ in range(count):
            chosen = self.choose(usable)
            if chosen is None:
                break
            shares[chosen] = shares.get(chosen, 0) + 1
        return shares

    def _forget_absent(self, present: Mapping[str, int]) -> None:
        """A relay that comes back neither makes up for its rest nor pays for what it had before."""
        for label in self._credit:
            if label not in present:
                self._credit[label] = 0
